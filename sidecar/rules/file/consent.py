"""What a rule can decide: policies, notices, questions, codes, and how each is written."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainValidator, field_validator

from sidecar.settings.schema import as_list
from sidecar.tables.complaints import AnyTable, Table
from sidecar.tables.durations import duration_between
from sidecar.tables.words import shown

Messages = Literal["deny", "allow"]
_PROMPT = re.compile(r"[a-z0-9][a-z0-9-]*")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_DIGITS = re.compile(r"[0-9*#A-D]{1,16}")


def _digits(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        raise ValueError(f"digits must stand in quotes, like {shown(str(value))}")
    if not isinstance(value, str) or not _DIGITS.fullmatch(value):
        raise ValueError(f'{shown(value)} must be digits of a telephone, like "*9"')
    return value


def _code(value: Any) -> str:
    return "" if value == "" else _digits(value)


def _for_each(value: Any) -> Any:
    """Let one text stand for both parties."""
    if isinstance(value, str):
        return {"caller": value, "callee": value}
    if not isinstance(value, dict):
        wanted = "text in quotes, or { caller = …, callee = … }"
        raise ValueError(f"must be {wanted}, not {shown(value)}")
    if not value:
        raise ValueError('must not be empty: name "caller", "callee" or both')
    return value


Recording = Literal["off", "notice", "consent", "required"]
Parties = Annotated[tuple[Literal["caller", "callee"], ...], BeforeValidator(as_list)]
Duration = Annotated[float, PlainValidator(duration_between("50ms", "1h"))]
Digits = Annotated[str, PlainValidator(_digits)]
Code = Annotated[str, PlainValidator(_code)]
OnUnconfirmed = Literal["hangup", "mute"]
OnUnreachable = Literal["refuse", "unrecorded"]
OnRefusal = Literal["unrecorded", "hangup"]
Voicemail = Literal["allow", "notice", "consent", "deny"]
Renotice = Literal["new-party", "all"]
Hold = Literal["record", "pause"]
ASKING = ("consent", "required")
"""The policies under which parties are asked."""
CODES = ("stop", "pause", "resume")


class Texts(Table):
    """One text for each party."""

    caller: str = ""
    """The caller's."""
    callee: str = ""
    """The callee's."""

    def written(self) -> list[str]:
        """Return the texts that stand in the file."""
        return [getattr(self, party) for party in sorted(self.model_fields_set)]


class NoticeTable(Table):
    """`notice = { … }`: what a rule's leaves out is taken from that of `[defaults]`."""

    prompt: Annotated[Texts, BeforeValidator(_for_each)] = Texts()
    """NAME of LANGUAGE/NAME.wav; left out, what the policy asks for: recording-notice, or for one
    who is asked recording-consent or consent-required."""
    language: Annotated[Texts, BeforeValidator(_for_each)] = Texts()
    """LANGUAGE of LANGUAGE/NAME.wav; left out, "en"."""
    to: Annotated[Parties, Field(min_length=1)] = ("caller", "callee")
    """Who hears it; nobody is heard before each of them has."""
    at: Literal["answer", "before-connect", "person"] = "answer"
    """At the answer; or to the caller before the callee is called, and to the callee after; or
    after the PBX's own greeting or menu: when a person is first there."""

    @field_validator("prompt")
    @classmethod
    def _are_prompts(cls, value: Texts) -> Texts:
        for each in value.written():
            if not _PROMPT.fullmatch(each):
                raise ValueError(f'{shown(each)} must be small letters, digits and "-", no ".wav"')
        return value

    @field_validator("language")
    @classmethod
    def _are_languages(cls, value: Texts) -> Texts:
        for each in value.written():
            if not _LANGUAGE.fullmatch(each):
                raise ValueError(f'{shown(each)} must be a language like "en" or "de-AT"')
        return value


class ConsentTable(Table):
    """`consent = { … }`: what a rule's leaves out is taken from that of `[defaults]`."""

    from_: Annotated[Parties, Field(min_length=1)] = Field(default=("caller",), alias="from")
    """Who is asked; each of them must agree. Before voicemail it is always the caller."""
    accept: Digits = "1"
    """What is pressed to agree."""
    decline: Digits = "2"
    """What is pressed to decline."""
    within: Duration = 8.0
    """The time to answer in, from the end of the notice."""
    repeat: int = Field(default=1, ge=0, le=5, strict=True)
    """How often silence is asked again; after that it is a no."""


def over(base: AnyTable, own: AnyTable | None) -> AnyTable:
    """Return a table with what another one says in place of its own, also in tables within."""
    if own is None:
        return base
    said = {name: getattr(own, name) for name in own.model_fields_set}
    for name, value in said.items():
        if isinstance(value, Table):
            said[name] = over(getattr(base, name), value)
    return base.model_copy(update=said)
