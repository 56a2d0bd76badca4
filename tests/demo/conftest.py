from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from sidecar.demo.incoming import IncomingCall
from sidecar.demo.outgoing import OutgoingCall
from sidecar.demo.phone import Phone
from sidecar.sip.transactions import TransactionTimers


@pytest.fixture
def timers() -> TransactionTimers:
    """Those of the wire: quick ones repeat an INVITE when the machine pauses for 20 ms."""
    return TransactionTimers()


@pytest.fixture
async def caller(timers: TransactionTimers) -> AsyncIterator[Phone]:
    async with Phone(user="caller", tone_hz=1000, timers=timers) as phone:
        yield phone


@pytest.fixture
async def callee(timers: TransactionTimers) -> AsyncIterator[Phone]:
    async with Phone(user="callee", tone_hz=440, timers=timers) as phone:
        yield phone


@pytest.fixture
def talking() -> Callable[[Phone, Phone], Awaitable[tuple[OutgoingCall, IncomingCall]]]:
    """Have one telephone call the other; both ends of the call that is then up."""

    async def talk(caller: Phone, callee: Phone) -> tuple[OutgoingCall, IncomingCall]:
        there = await caller.invite(callee.uri)
        here = await callee.incoming()
        await here.answer()
        await there.answered()
        return there, here

    return talk
