"""Call records: what is kept of a call, and where (docs/records.md)."""

from __future__ import annotations

from sidecar.records.record import CallRecord, Consent, Direction, Disposition, EndedBy
from sidecar.records.sqlite import SqliteStore
from sidecar.records.store import RecordStore, RoomBoard, StoreUnavailable, room_name
from sidecar.records.writer import WriterLimits

__all__ = [
    "CallRecord",
    "Consent",
    "Direction",
    "Disposition",
    "EndedBy",
    "RecordStore",
    "RoomBoard",
    "SqliteStore",
    "StoreUnavailable",
    "WriterLimits",
    "room_name",
]
