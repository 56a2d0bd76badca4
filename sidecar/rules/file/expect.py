"""What may stand in a `[[test]]` of the rules file: a call, and what is to be decided about it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, PlainValidator

from sidecar.rules.file.decided import Decided
from sidecar.rules.file.match import Direction
from sidecar.tables.complaints import Table
from sidecar.tables.moments import parse_moment


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
    at: Annotated[datetime, PlainValidator(parse_moment)] | None = None
    """When it begins, like "2026-11-25T10:00", in the time zone of the settings."""
    header: dict[str, str] = Field(default_factory=dict)
    """Headers of its INVITE: { "X-Queue" = "sales" }."""


class _Holding(Table):
    rule: str | None = None
    """The rule's name; "" where none is to hold."""


class Expect(Decided, _Holding):  # the last base's keys come first
    """`expect = { … }` of a test: what is to be decided; only what is named is compared."""


class Test(Table):
    """`[[test]]`: run by `check`, and before the sidecar starts."""

    call: Call = Field(examples=['call = { to = "+442079460101" }'])
    """The call that is made up."""
    expect: Expect = Field(examples=['expect = { recording = "off" }'])
    """What the rules are to decide about it."""
