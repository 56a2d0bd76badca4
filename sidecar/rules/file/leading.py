"""Where a rule can lead its calls: to a mailbox, or into a conference."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainValidator, field_validator

from sidecar.settings.schema import as_list
from sidecar.tables.addresses import parse_mailbox
from sidecar.tables.complaints import Table
from sidecar.tables.durations import duration_between
from sidecar.tables.words import shown

MAILBOX_EXAMPLE = 'to = "sip:vm102@192.0.2.10"'
Unanswered = Literal["busy", "no-answer", "unavailable"]


class DivertTable(Table):
    """`voicemail_divert = { … }`: when the sidecar itself connects a call to a mailbox."""

    after: Annotated[float, PlainValidator(duration_between("1s", "10m"))] = 20.0
    """How long the callee may ring: "no-answer" after that."""
    on: Annotated[tuple[Unanswered, ...], BeforeValidator(as_list), Field(min_length=1)] = (
        "busy",
        "no-answer",
        "unavailable",
    )
    """Why the call was not answered."""
    to: Annotated[str, PlainValidator(parse_mailbox)] | None = None
    """The mailbox, a URI with a user at one of the PBXs, like "sip:vm102@192.0.2.10"; a rule must
    name it."""


class RoomTable(Table):
    """`room = { … }`: the calls lead into a conference. `true` stands for `{}`."""

    name: str | None = Field(default=None, min_length=1, max_length=80)
    """What all calls into it have in common; left out, the number called."""
    announce: bool = Field(default=True, strict=True)
    """Whether those inside are told that someone new was informed."""

    @field_validator("name")
    @classmethod
    def _is_one_line(cls, value: str | None) -> str | None:
        return one_line(value) if value is not None else None


def as_room(value: Any) -> Any:
    """Let `true` stand for a table with nothing in it. Raises ValueError where it is neither."""
    if value is True:
        return {}
    if not isinstance(value, dict):
        raise ValueError(f'must be true, or a table like {{ name = "board" }}, not {shown(value)}')
    return value


def one_line(value: str) -> str:
    """Return a name as it is. Raises ValueError where it has blanks around it or no one line."""
    if not value.isprintable() or value != value.strip():
        raise ValueError("must be one line of text without blanks around it")
    return value
