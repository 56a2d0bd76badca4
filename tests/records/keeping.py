"""Awaiting what a store tells by a callback."""

from __future__ import annotations

import asyncio

from sidecar.records.record import CallRecord
from sidecar.records.store import RecordStore


class NotKept(Exception):  # noqa: N818 (what the store has said, not a mistake)
    """The store can't promise that the record is on disk."""


def begin(store: RecordStore, record: CallRecord, dialog: str) -> asyncio.Future[None]:
    """Have the store begin a call; the future is done, or fails with NotKept, when it says so."""
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def settle(kept: bool) -> None:
        if kept:
            done.set_result(None)
        else:
            done.set_exception(NotKept())
            done.exception()  # asyncio need not complain where nobody looks

    store.begin(record, dialog, settle)
    return done
