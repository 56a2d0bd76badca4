"""What may stand in the rules file (`rules.toml`)."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    PrivateAttr,
    field_validator,
)

from sidecar.errors import OperatorError
from sidecar.settings.complaints import Table
from sidecar.settings.numbers import NumberSet
from sidecar.settings.positions import Key
from sidecar.settings.schema import as_list
from sidecar.settings.toml_file import TomlFile
from sidecar.settings.words import NOT_YET, dotted, shown

Direction = Literal["inbound", "outbound"]
Messages = Literal["deny", "allow"]
_PROMPT = re.compile(r"[a-z0-9][a-z0-9-]*")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")

_MATCH_LATER = f"matching by this key {NOT_YET}"
_CONSENT_LATER = f"asking for consent {NOT_YET}"
_STOP_LATER = f"stopping the recorder {NOT_YET}"
_LATER = {
    **dict.fromkeys(("voicemail", "voicemail_divert"), f"a notice before voicemail {NOT_YET}"),
    **dict.fromkeys(("consent", "on_refusal"), _CONSENT_LATER),
    **dict.fromkeys(("stop", "pause", "resume", "on_unconfirmed", "confirm_within"), _STOP_LATER),
}


def _recording(value: Any) -> Any:
    if value in ("consent", "required"):
        raise ValueError(f'{shown(value)} {NOT_YET}; use "off" or "notice"')
    return value


def _numbers(value: Any) -> NumberSet:
    """Read one number, or a list of numbers and beginnings of numbers."""
    written = as_list(value)
    if not written:
        raise ValueError("must not be empty: no call could match")
    for each in written:
        if not isinstance(each, str):
            raise ValueError(f"a number must stand in quotes, like {shown(str(each))}")
    return NumberSet(written)


Names = Annotated[tuple[str, ...], BeforeValidator(as_list), Field(min_length=1)]
Numbers = Annotated[NumberSet, PlainValidator(_numbers)]
Recording = Annotated[Literal["off", "notice"], BeforeValidator(_recording)]


class MatchTable(Table):
    """`match = { … }`: all of its keys must hold; of a list, one."""

    LATER: ClassVar[dict[str, str]] = {
        **dict.fromkeys(("from_country", "to_country", "from_region", "to_region"), _MATCH_LATER),
        **dict.fromkeys(("jurisdiction", "hours", "days", "anonymous", "header"), _MATCH_LATER),
    }
    model_config = ConfigDict(arbitrary_types_allowed=True)

    direction: Direction | None = None
    """As the PBX sees it: inbound from a trunk, outbound to one."""
    trunk: Names | None = None
    """Names of trunks of the settings."""
    pbx: Names | None = None
    """Names of PBXs of the settings."""
    from_: Numbers | None = Field(default=None, alias="from")
    """Who calls: numbers, or beginnings of numbers and "*"."""
    to: Numbers | None = None
    """Who is called: numbers, or beginnings of numbers and "*"."""


class NoticeTable(Table):
    """`notice = { … }`: what a rule's leaves out is taken from that of `[defaults]`."""

    prompt: str = "recording-notice"
    """NAME of LANGUAGE/NAME.wav."""
    language: str = "en"
    """LANGUAGE of LANGUAGE/NAME.wav."""
    to: Annotated[tuple[Literal["caller", "callee"], ...], BeforeValidator(as_list)] = Field(
        default=("caller", "callee"), min_length=1
    )
    """Who hears it; nobody is heard before each of them has."""
    at: Literal["answer", "before-connect"] = "answer"
    """At the answer; or to the caller before the callee is called, and to the callee after."""

    @field_validator("prompt")
    @classmethod
    def _is_prompt(cls, value: str) -> str:
        if not _PROMPT.fullmatch(value):
            raise ValueError(f'{shown(value)} must be small letters, digits and "-", no ".wav"')
        return value

    @field_validator("language")
    @classmethod
    def _is_language(cls, value: str) -> str:
        if not _LANGUAGE.fullmatch(value):
            raise ValueError(f'{shown(value)} must be a language like "en" or "de-AT"')
        return value


class Defaults(Table):
    """`[defaults]`: what holds where no rule does, and what a rule leaves out."""

    LATER: ClassVar[dict[str, str]] = _LATER
    recording: Recording = "off"
    """Whether a call may be recorded: not at all, or once the notice was heard."""
    messages: Messages = "deny"
    """What becomes of instant messages (SIP MESSAGE)."""
    notice: NoticeTable = NoticeTable()
    """What is said where a rule with recording = "notice" does not say otherwise."""


class Rule(Table):
    """`[[rule]]`: the first one that matches holds."""

    LATER: ClassVar[dict[str, str]] = _LATER
    name: str = Field(min_length=1, max_length=100, examples=['name = "support"'])
    """It stands in call records and in what `explain` tells."""
    match: MatchTable = MatchTable()
    """Which calls; all of them where it is left out."""
    recording: Recording | None = None
    """As in `[defaults]`."""
    messages: Messages | None = None
    """As in `[defaults]`."""
    notice: NoticeTable | None = None
    """What is said, to whom and when."""

    @field_validator("name")
    @classmethod
    def _is_one_line(cls, value: str) -> str:
        if not value.isprintable() or value != value.strip():
            raise ValueError("must be one line of text without blanks around it")
        return value


class Call(Table):
    """`call = { … }` of a test."""

    direction: Direction = "inbound"
    """As the PBX sees it."""
    trunk: str | None = None
    """Name of a trunk; the first of the settings where left out."""
    pbx: str | None = None
    """Name of a PBX; the first of the settings where left out."""
    from_: str = Field(default="", alias="from")
    """The number of who calls."""
    to: str = ""
    """The number of who is called."""


class Expect(Table):
    """`expect = { … }` of a test: only what is named is compared."""

    LATER: ClassVar[dict[str, str]] = _LATER
    rule: str | None = None
    """The rule's name; "" where none is to hold."""
    recording: Recording | None = None
    """What is to be decided."""
    messages: Messages | None = None
    """What is to be decided."""


class Test(Table):
    """`[[test]]`: run by `check`, and before the sidecar starts."""

    call: Call = Field(examples=['call = { to = "+442079460101" }'])
    """The call that is made up."""
    expect: Expect = Field(examples=['expect = { recording = "off" }'])
    """What the rules are to decide about it."""


class RulesFile(Table):
    """The whole file. The first rule that matches holds; `[defaults]` where none does."""

    defaults: Defaults = Defaults()
    """What holds where no rule does."""
    rule: tuple[Rule, ...] = ()
    """The rules, in their order."""
    test: tuple[Test, ...] = ()
    """The rules' own tests."""
    _file: TomlFile | None = PrivateAttr(default=None)

    def come_from(self, file: TomlFile) -> None:
        """Remember the file, so that later errors name its lines."""
        self._file = file

    def error(self, key: Key, message: str) -> OperatorError:
        """Return an error about a key of this file."""
        if self._file is None:
            return OperatorError(message, key=dotted(key))
        return self._file.error(key, message)

    def with_tests_between(self, trunk: str, pbx: str) -> RulesFile:
        """Return these rules with a trunk and a PBX for the tests whose calls name none."""
        tests = []
        for test in self.test:
            between = {"trunk": test.call.trunk or trunk, "pbx": test.call.pbx or pbx}
            call = test.call.model_copy(update=between)
            tests.append(test.model_copy(update={"call": call}))
        return self.model_copy(update={"test": tuple(tests)})

    def recording_of(self, rule: Rule) -> Literal["off", "notice"]:
        """Return a rule's policy, its own or that of the defaults."""
        return rule.recording or self.defaults.recording

    def notice_of(self, rule: Rule) -> NoticeTable:
        """Return what a rule has said, its own words before those of the defaults."""
        if rule.notice is None:
            return self.defaults.notice
        own = {name: getattr(rule.notice, name) for name in rule.notice.model_fields_set}
        return self.defaults.notice.model_copy(update=own)
