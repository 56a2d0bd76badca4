"""What a rule may decide, and a test may expect."""

from __future__ import annotations

from typing import Any

from pydantic import field_validator

from sidecar.rules.file.consent import (
    Code,
    ConsentTable,
    Duration,
    Hold,
    Messages,
    NoticeTable,
    OnRefusal,
    OnUnconfirmed,
    OnUnreachable,
    Recording,
    Renotice,
    Voicemail,
)
from sidecar.rules.file.leading import DivertTable, RoomTable, as_room
from sidecar.tables.complaints import Table


class Decided(Table):
    """Every key of a decision; None where it is left out."""

    recording: Recording | None = None
    """As in `[defaults]`."""
    voicemail: Voicemail | None = None
    """As in `[defaults]`."""
    messages: Messages | None = None
    """As in `[defaults]`."""
    notice: NoticeTable | None = None
    """What is said, to whom and when."""
    consent: ConsentTable | None = None
    """Who is asked, and how."""
    on_refusal: OnRefusal | None = None
    """As in `[defaults]`; under "required" it is "hangup"."""
    on_unconfirmed: OnUnconfirmed | None = None
    """As in `[defaults]`."""
    on_unreachable: OnUnreachable | None = None
    """As in `[defaults]`."""
    confirm_within: Duration | None = None
    """As in `[defaults]`."""
    stop: Code | None = None
    """As in `[defaults]`."""
    pause: Code | None = None
    """As in `[defaults]`."""
    resume: Code | None = None
    """As in `[defaults]`."""
    renotice: Renotice | None = None
    """As in `[defaults]`."""
    hold: Hold | None = None
    """As in `[defaults]`."""
    voicemail_divert: DivertTable | None = None
    """When the sidecar itself connects a call to a mailbox."""
    room: RoomTable | None = None
    """The conference that the calls lead into."""

    @field_validator("room", mode="before")
    @classmethod
    def _may_be_true(cls, value: Any) -> Any:
        return as_room(value)
