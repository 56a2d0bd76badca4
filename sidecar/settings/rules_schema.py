"""What may stand in the rules file (`rules.toml`)."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from sidecar.settings.schema import NOT_YET, Table

PartyName = Literal["caller", "callee"]


def _list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _recording(value: Any) -> Any:
    if value in ("consent", "required"):
        raise ValueError(f'"{value}" {NOT_YET}; use "off" or "notice"')
    return value


Names = Annotated[tuple[str, ...], BeforeValidator(_list)]
Recording = Annotated[Literal["off", "notice"], BeforeValidator(_recording)]
VOICEMAIL_LATER = f"a notice before voicemail {NOT_YET}"
MATCH_LATER = f"matching by this key {NOT_YET}"
CONSENT_LATER = f"taking consent {NOT_YET}"


class MatchTable(Table):
    """`match = { … }`: all of its keys must hold; of a list, one."""

    LATER: ClassVar[dict[str, str]] = {
        **dict.fromkeys(("from_country", "to_country", "from_region", "to_region"), MATCH_LATER),
        **dict.fromkeys(("jurisdiction", "hours", "days", "anonymous", "header"), MATCH_LATER),
    }
    direction: Literal["inbound", "outbound"] | None = None
    trunk: Names | None = None
    pbx: Names | None = None
    from_: Names | None = Field(default=None, alias="from")
    to: Names | None = None

    @field_validator("from_", "to")
    @classmethod
    def _are_numbers(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for number in value or ():
            if not number.rstrip("*") or "*" in number[:-1]:
                raise ValueError(f'"{number}" must be a number, or the beginning of one and "*"')
        return value


class NoticeTable(Table):
    """`notice = { … }`"""

    prompt: str = "recording-notice"
    language: str = "en"
    to: Annotated[tuple[PartyName, ...], BeforeValidator(_list)] = ("caller", "callee")
    at: Literal["answer", "before-connect"] = "answer"

    @field_validator("to")
    @classmethod
    def _is_somebody(cls, value: tuple[PartyName, ...]) -> tuple[PartyName, ...]:
        if not value:
            raise ValueError('must name "caller", "callee" or both')
        return value

    @field_validator("prompt", "language")
    @classmethod
    def _is_a_file_name(cls, value: str) -> str:
        if not value.replace("-", "").replace("_", "").isalnum():
            raise ValueError(f'"{value}" must be letters, digits, "-" and "_"')
        return value


class Defaults(Table):
    """`[defaults]`: what holds where no rule does."""

    LATER: ClassVar[dict[str, str]] = {"voicemail": VOICEMAIL_LATER}
    recording: Recording = "off"
    messages: Literal["deny", "allow"] = "deny"
    notice: NoticeTable = NoticeTable()


class Rule(Table):
    """`[[rule]]`"""

    LATER: ClassVar[dict[str, str]] = {
        "voicemail": VOICEMAIL_LATER,
        "voicemail_divert": VOICEMAIL_LATER,
        **dict.fromkeys(("consent", "on_refusal"), CONSENT_LATER),
        **dict.fromkeys(
            ("stop", "pause", "resume", "on_unconfirmed", "confirm_within"),
            f"stopping the recorder {NOT_YET}",
        ),
    }
    name: str = Field(min_length=1, max_length=100)
    match: MatchTable = MatchTable()
    recording: Recording | None = None
    messages: Literal["deny", "allow"] | None = None
    notice: NoticeTable | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> Rule:
        if self.notice is not None and self.recording == "off":
            raise ValueError('has a notice although recording is "off"; nothing would be said')
        return self


class Call(Table):
    """`call = { … }` of a test."""

    direction: Literal["inbound", "outbound"] = "inbound"
    trunk: str = ""
    pbx: str = ""
    from_: str = Field(default="", alias="from")
    to: str = ""


class Expect(Table):
    """`expect = { … }` of a test: only what is named is compared."""

    rule: str | None = None
    recording: Literal["off", "notice"] | None = None
    messages: Literal["deny", "allow"] | None = None


class Test(Table):
    """`[[test]]`"""

    call: Call
    expect: Expect


class RulesFile(Table):
    """The whole file. The first rule that matches holds; `[defaults]` where none does."""

    defaults: Defaults = Defaults()
    rule: tuple[Rule, ...] = ()
    test: tuple[Test, ...] = ()

    @field_validator("rule")
    @classmethod
    def _have_names_of_their_own(cls, value: tuple[Rule, ...]) -> tuple[Rule, ...]:
        seen: set[str] = set()
        for rule in value:
            if rule.name in seen:
                raise ValueError(f'two rules are called "{rule.name}"')
            seen.add(rule.name)
        return value
