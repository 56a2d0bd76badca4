"""What a user agent repeats by itself, on any transport, until it is acknowledged.

The 2xx to an INVITE until its ACK (RFC 3261 13.3.1.4), and reliable provisionals until their
PRACK (RFC 3262), with the numbers that keep them in order.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from typing import Literal

from sidecar.sip.cseq import CSeq
from sidecar.sip.errors import ParseError
from sidecar.sip.flow import Flow
from sidecar.sip.message import Request, Response
from sidecar.sip.transactions.durations import TransactionTimers
from sidecar.timers import Timer, TimerHeap

Transmit = Callable[[bytes, Flow], None]
"""Takes a message to the wire: `TransactionLayer.retransmit`."""

Failed = Callable[[float], None]
"""Is called with the time when 64*T1 have passed without an acknowledgement."""

MAX_RSEQ = 2**31 - 1
"""The highest RSeq (RFC 3262 section 7.1)."""

_RSEQ = re.compile(r"[0-9]{1,10}")
_RACK = re.compile(r"([0-9]{1,10})[ \t]+([0-9]{1,10}[ \t]+[^ \t]+)")


class Retransmitter:
    """Repeats bytes after T1, then after twice the time, until stopped; fails after 64*T1.

    Begins with its making, when the bytes have just been sent for the first time.
    """

    __slots__ = (
        "_cap",
        "_data",
        "_failed",
        "_fails_at",
        "_flow",
        "_interval",
        "_timer",
        "_timers",
        "_transmit",
    )

    def __init__(
        self,
        timers: TimerHeap,
        settings: TransactionTimers,
        message: tuple[bytes, Flow],
        now: float,
        *,
        transmit: Transmit,
        failed: Failed,
    ) -> None:
        self._timers = timers
        self._data, self._flow = message
        self._transmit = transmit
        self._failed: Failed | None = failed
        self._interval = settings.t1
        self._cap = self._longest(settings)
        self._fails_at = now + settings.silence
        self._timer: Timer | None = timers.schedule(now + self._interval, self._fire)

    @property
    def active(self) -> bool:
        """True until it was stopped or has failed."""
        return self._timer is not None

    def stop(self) -> None:
        """End it: acknowledged, or not wanted any more. Repeating it does no harm."""
        if self._timer is not None:
            self._timer.cancel()
            self._let_go()

    @staticmethod
    def _longest(settings: TransactionTimers) -> float:
        """Give the longest gap between two repetitions (RFC 3262 section 3 sets no limit)."""
        return settings.silence

    def _fire(self, now: float) -> None:
        if now >= self._fails_at:
            failed = self._let_go()
            if failed is not None:
                failed(now)
            return
        self._transmit(self._data, self._flow)
        self._interval = min(2 * self._interval, self._cap)
        at = min(now + self._interval, self._fails_at)
        self._timer = self._timers.schedule(at, self._fire)

    def _let_go(self) -> Failed | None:
        """Keep nothing of whoever waits for the end; returns whom to tell of a failure."""
        failed, self._failed = self._failed, None
        self._timer = None
        self._data = b""
        return failed


class Retransmitter2xx(Retransmitter):
    """Repeats the 2xx to an INVITE until its ACK: T1, doubling up to T2 (RFC 3261 13.3.1.4).

    When it fails, the dialog is confirmed all the same and is to be ended by BYE.
    """

    __slots__ = ()

    @staticmethod
    def _longest(settings: TransactionTimers) -> float:
        return settings.t2


class ReliableProvisionals:
    """The reliable provisionals that we send to one INVITE, as UAS (RFC 3262 section 3).

    `number` a response, send it by `TransactionLayer.respond`, hand its bytes to `sent`, and give
    each PRACK to `acknowledge`. `failed` is called when one of them stays without PRACK for 64*T1:
    the INVITE is then to be refused with a 5xx.
    """

    __slots__ = ("_cseq", "_failed", "_last", "_settings", "_timers", "_transmit", "_waiting")

    def __init__(
        self,
        timers: TimerHeap,
        settings: TransactionTimers,
        invite: Request,
        *,
        transmit: Transmit,
        failed: Failed,
        first: int | None = None,
    ) -> None:
        self._timers = timers
        self._settings = settings
        self._cseq = invite.cseq
        self._transmit = transmit
        self._failed = failed
        # Half of the range, so that counting up never reaches its end.
        self._last = first - 1 if first is not None else secrets.randbelow(MAX_RSEQ // 2)
        self._waiting: dict[int, Retransmitter] = {}

    @property
    def pending(self) -> bool:
        """True while a PRACK is missing: the first must have its PRACK before another is sent."""
        return bool(self._waiting)

    def number(self, response: Response) -> int:
        """Make a provisional reliable: write Require and the next RSeq; returns the RSeq."""
        self._last += 1
        response.headers.add("Require", "100rel")
        response.headers.add("RSeq", str(self._last))
        return self._last

    def sent(self, rseq: int, data: bytes, flow: Flow, now: float) -> None:
        """Repeat the provisional of that number, which has just been sent, until its PRACK."""
        self._waiting[rseq] = Retransmitter(
            self._timers,
            self._settings,
            (data, flow),
            now,
            transmit=self._transmit,
            failed=self._give_up,
        )

    def acknowledge(self, prack: Request) -> bool:
        """Take a PRACK: True is to be answered 2xx, False, it matches nothing, 481.

        Raises ParseError where RAck is missing or malformed (400).
        """
        found = _RACK.fullmatch(prack.headers.get("RAck") or "")
        if found is None:
            raise ParseError("malformed RAck")
        if CSeq.parse(found[2]) != self._cseq:
            return False
        retransmitter = self._waiting.pop(int(found[1]), None)
        if retransmitter is None:
            return False
        retransmitter.stop()
        return True

    def stop(self) -> None:
        """End all repetitions: a final response was sent, or the call has ended."""
        for retransmitter in self._waiting.values():
            retransmitter.stop()
        self._waiting.clear()

    def _give_up(self, now: float) -> None:
        self.stop()
        self._failed(now)


Order = Literal["next", "duplicate", "gap"]


class ReliableOrder:
    """The order of the reliable provisionals that we get in one early dialog (RFC 3262 section 4).

    `next` is to be taken and answered by PRACK, a `duplicate` to be dropped, and so is what comes
    after a `gap`: the missing one will be repeated before it.
    """

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last: int | None = None

    def check(self, rseq: int) -> Order:
        """Say what the reliable provisional with this RSeq is; `next` also moves on."""
        if self._last is None or rseq == self._last + 1:
            self._last = rseq
            return "next"
        return "duplicate" if rseq <= self._last else "gap"


def rseq_of(response: Response) -> int | None:
    """Give the RSeq of a reliable provisional; None where the response is not one."""
    text = response.headers.get("RSeq")
    if text is None or not 100 < response.status < 200 or not _RSEQ.fullmatch(text):
        return None
    required = {option.lower() for option in response.headers.values("Require")}
    return int(text) if "100rel" in required else None


def rack_for(response: Response) -> str:
    """Write the RAck value of the PRACK to a reliable provisional (RFC 3262 section 7.2)."""
    return f"{response.headers.get('RSeq')} {response.cseq}"
