"""The sockets of one party's end of one stream, and whose packets are let in.

At first the RTP socket takes packets from anyone and the source lock judges them. Once nobody but
the signalled address could still move the lock, the socket is connected, so that the kernel does
the judging; a second socket on the same port, the catcher, then counts the strangers and notices a
signalled address that speaks up late.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from sidecar.rtp.rtcp import is_rtcp
from sidecar.rtp.source_lock import Address, SourceLock, Verdict

from .ports import PortPair
from .reactor import Reactor

LIMIT = 2048
"""Longer datagrams are cut by this and not relayed: no voice, and too long for most paths."""

MAX_DRAIN = 1024
"""More than a receive buffer holds of small packets."""

STRANGERS_A_SECOND = 50
"""So many are counted one by one; then the kernel drops them until the next look."""

_scratch = bytearray(LIMIT)
_scratch_view = memoryview(_scratch)

Deliver = Callable[[int, float], None]
Bytes = bytes | bytearray | memoryview


class Line:
    """One port pair. Packets of the party are put into `buffer` and told by `deliver(size, now)`.

    `buffer` keeps the last RTP packet: RTCP that shares the port (`mux`) does not touch it.
    """

    __slots__ = (
        "_catcher",
        "_muted",
        "_pair",
        "_reactor",
        "_receive",
        "_rtcp_signalled",
        "_rtcp_source",
        "_rtp",
        "buffer",
        "deliver",
        "deliver_rtcp",
        "lock",
        "moved",
        "mux",
        "send",
        "strangers",
        "view",
    )

    def __init__(
        self,
        reactor: Reactor,
        pair: PortPair,
        *,
        deliver: Deliver,
        deliver_rtcp: Callable[[memoryview, float], None],
        moved: Callable[[float], None],
    ) -> None:
        """moved: called when packets for the party go elsewhere than before."""
        self._reactor = reactor
        self._pair = pair
        self._rtp = pair.rtp
        self._catcher: socket.socket | None = None
        self._muted = 0
        self.lock: SourceLock | None = None
        self._rtcp_signalled: Address | None = None
        self._rtcp_source: Address | None = None
        self.mux = False
        self.buffer = bytearray(LIMIT)
        self.view = memoryview(self.buffer)
        self.deliver = deliver
        self.deliver_rtcp = deliver_rtcp
        self.moved = moved
        self.strangers = 0
        self._receive = self._rtp.recv_into
        self.send: Callable[[Bytes], int] = self._send_to_target
        """Send one RTP packet to the party. Raises OSError. Only while there is a lock."""
        reactor.watch(pair.rtp, self._on_unsettled)
        reactor.watch(pair.rtcp, self._on_rtcp)

    @property
    def port(self) -> int:
        """The RTP port; RTCP's is the next one."""
        return self._pair.port

    def point(self, signalled: Address | None, rtcp_port: int, now: float) -> None:
        """Start afresh with a newly signalled address; None lets nobody in."""
        former = self.lock.target if self.lock is not None else None
        self._unsettle()
        self._rtcp_source = None
        self.lock = None
        if signalled is not None:
            self.lock = SourceLock(signalled, former=former, now=now)
            self._rtcp_signalled = (signalled[0], rtcp_port)
            self.mux = rtcp_port == signalled[1]

    def send_rtcp(self, packet: bytes | memoryview) -> None:
        """Send RTCP to the party. Raises OSError. Only while there is a lock."""
        if self.mux:
            self.send(packet)
        elif (target := self._rtcp_source or self._rtcp_signalled) is not None:
            self._pair.rtcp.sendto(packet, target)

    def drain(self, now: float) -> None:
        """Deliver at once what has come in already: it belongs to the time before a change."""
        for _ in range(MAX_DRAIN):
            if not _waits(self._rtp):
                break
            self._reactor.serve(self._rtp, now)  # which may exchange the socket
        for _ in range(MAX_DRAIN):
            if not _waits(self._pair.rtcp):
                break
            self._reactor.serve(self._pair.rtcp, now)

    def look_again(self) -> None:
        """To be called every second: take up counting of strangers after a flood of them."""
        if self._catcher is not None and self._muted >= STRANGERS_A_SECOND:
            self._reactor.watch(self._catcher, self._on_stranger)
        self._muted = 0

    def close(self) -> PortPair:
        """Stop listening. Returns the pair, which is the port pool's to close."""
        for sock in (self._rtp, self._catcher, self._pair.rtcp):
            if sock is not None:
                self._reactor.ignore(sock)
        if self._catcher is not None:
            self._catcher.close()
        self._catcher = None
        self.lock = None
        self.deliver, self.deliver_rtcp, self.moved, self.send = _drop, _drop, _drop, _drop
        return self._pair

    def _on_settled(self, now: float) -> None:
        """The way of nearly every packet."""
        try:
            size = self._receive(self.buffer)
        except OSError:
            return  # nothing there, or a refusal (ICMP) of something sent earlier
        self.deliver(size, now)

    def _on_settled_mux(self, now: float) -> None:
        try:
            size = self._receive(_scratch)
        except OSError:
            return
        self._let_in(size, now)

    def _on_unsettled(self, now: float) -> None:
        try:
            size, source = self._rtp.recvfrom_into(_scratch)
        except OSError:
            return
        if self._judge(source[:2], now):
            self._let_in(size, now)
            if self.lock is not None and self.lock.settled(now):
                self._settle(now)

    def _on_stranger(self, now: float) -> None:
        catcher = self._catcher
        if catcher is None:
            return
        try:
            size, source = catcher.recvfrom_into(_scratch)
        except OSError:
            return
        if self._judge(source[:2], now):
            self._unsettle()
            self._let_in(size, now)
            self._settle(now)
            return
        self._muted += 1
        if self._muted >= STRANGERS_A_SECOND:
            self._reactor.ignore(catcher)

    def _judge(self, source: Address, now: float) -> bool:
        if self.lock is None:
            return False
        verdict = self.lock.judge(source, now)
        if verdict is Verdict.STRANGER:
            self.strangers += 1
            return False
        if verdict is Verdict.MOVED:
            self.moved(now)
        return True

    def _let_in(self, size: int, now: float) -> None:
        """Deliver the packet in the scratch buffer."""
        if self.mux and is_rtcp(_scratch[1]):
            self.deliver_rtcp(_scratch_view[:size], now)
            return
        self.buffer[:size] = _scratch_view[:size]
        self.deliver(size, now)

    def _settle(self, now: float) -> None:
        """Connect the socket. What came in before from others is still in its queue: sort it."""
        lock = self.lock
        if lock is None:
            return
        try:
            self._rtp.connect(lock.target)
        except OSError:
            return  # no route: go on as before
        for _ in range(MAX_DRAIN):
            try:
                size, source = self._rtp.recvfrom_into(_scratch)
            except BlockingIOError:
                break
            except OSError:
                continue  # a refusal (ICMP), told once
            if source[:2] == lock.target:
                self._let_in(size, now)
            else:
                self.strangers += 1
        self.send = self._rtp.send
        self._reactor.watch(self._rtp, self._on_settled_mux if self.mux else self._on_settled)
        try:
            self._catcher = self._pair.twin()
        except OSError:
            return  # strangers go uncounted
        self._reactor.watch(self._catcher, self._on_stranger)

    def _unsettle(self) -> None:
        """Let the unconnected socket take over again."""
        if self.send == self._send_to_target:
            return
        catcher = self._catcher or self._pair.twin()
        self._catcher = None
        self._reactor.ignore(self._rtp)
        self._rtp.close()
        self._rtp = self._pair.rtp = catcher
        self._receive = catcher.recv_into
        self.send = self._send_to_target
        self._reactor.watch(catcher, self._on_unsettled)

    def _send_to_target(self, packet: Bytes) -> int:
        if self.lock is None:
            return 0
        return self._rtp.sendto(packet, self.lock.target)

    def _on_rtcp(self, now: float) -> None:
        """RTCP has its own port on the party's host; behind NAT any port of that host."""
        try:
            size, source = self._pair.rtcp.recvfrom_into(_scratch)
        except OSError:
            return
        if self.lock is None:
            return
        if source[0] != self.lock.target[0]:
            self.strangers += 1
            return
        self._rtcp_source = source[:2]
        self.deliver_rtcp(_scratch_view[:size], now)


def _waits(sock: socket.socket) -> bool:
    """Whether there is something to read."""
    try:
        sock.recv_into(_scratch, 1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a refusal (ICMP), told once; there may be more behind it
    return True


def _drop(*_: object) -> Any:
    """In place of callbacks once the line is closed."""
    return 0
