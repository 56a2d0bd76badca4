"""The sockets of one party's end of one stream, and whose packets are let in.

The RTP socket is connected to where the party's packets go, so that the kernel lets in nobody else
and tells of packets that are refused there (ICMP). A second socket on the same port, the catcher,
gets what comes from elsewhere: what becomes of that is for `sidecar.rtp.settling` to say.
"""

from __future__ import annotations

import errno
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

from sidecar.rtp.packet import HEADER, HEADER_SIZE
from sidecar.rtp.rtcp import is_rtcp
from sidecar.rtp.settling import UNNUMBERED, Address, Network, Numbers, Settling, Verdict

from .ports import SO_TIMESTAMPNS, PortPair
from .reactor import Reactor

LIMIT = 2048
"""Longer datagrams are cut by this and not relayed: no voice, and too long for most paths."""

MAX_DRAIN = 1024
"""More than a receive buffer holds of small packets."""

LATE_S = 1.0
"""A packet that has waited longer is of no use in a conversation."""

STRANGERS_A_SECOND = 50
"""So many are counted one by one; then the kernel drops them until the next look."""

ANY_AUDIO = bytes([1]) * 256
"""Every packet may be audio: what was agreed is not known."""

_TIMESPEC = struct.Struct("@ll")
_TOLD_SIZE = socket.CMSG_SPACE(_TIMESPEC.size)
_scratch = bytearray(LIMIT)
_scratch_view = memoryview(_scratch)

Deliver = Callable[[int, float], None]
Bytes = bytes | bytearray | memoryview
Heard = tuple[Numbers | None, float]
"""The numbers of the last packet that was let in, and when it came."""


class Line:
    """One port pair. Packets of the party are put into `buffer` and told by `deliver(size, now)`.

    `buffer` keeps the last RTP packet: RTCP that shares the port (`mux`) does not touch it.
    """

    __slots__ = (
        "_catcher",
        "_heard",
        "_moved",
        "_muted",
        "_pair",
        "_reactor",
        "_receive",
        "_refused",
        "_rtcp_signalled",
        "_rtcp_source",
        "_rtp",
        "audio",
        "buffer",
        "deliver",
        "deliver_rtcp",
        "lock",
        "mux",
        "nat",
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
        refused: Callable[[float], None],
        heard: Callable[[], Heard],
    ) -> None:
        """moved: called when packets for the party go elsewhere than before. refused: when one
        that was sent was refused there. heard: asked for the last packet that was let in.
        """
        self._reactor = reactor
        self._pair = pair
        self._rtp = pair.rtp
        self._catcher: socket.socket | None = None
        self._muted = 0
        self.lock: Settling | None = None
        self.nat: tuple[Network, ...] = ()
        """Where packets of the party may come from besides; for the next `point`."""
        self.audio: bytes | None = ANY_AUDIO
        """For each second byte of an RTP packet whether it is agreed audio; None: it is no RTP."""
        self._rtcp_signalled: Address | None = None
        self._rtcp_source: Address | None = None
        self.mux = False
        self.buffer = bytearray(LIMIT)
        self.view = memoryview(self.buffer)
        self.deliver = deliver
        self.deliver_rtcp = deliver_rtcp
        self._moved = moved
        self._refused = refused
        self._heard = heard
        self.strangers = 0
        self._receive = self._rtp.recv_into
        self.send: Callable[[Bytes], int] = _no_route
        """Send one RTP packet to the party. Raises OSError. Only while there is a lock."""
        reactor.watch(pair.rtp, self._on_rtp)
        reactor.watch(pair.rtcp, self._on_rtcp)

    @property
    def port(self) -> int:
        """The RTP port; RTCP's is the next one."""
        return self._pair.port

    @property
    def settled(self) -> bool:
        """Whether what is sent goes to an address that is the party's own."""
        return self.lock is not None and self.lock.settled

    def point(self, signalled: Address | None, rtcp_port: int, now: float) -> None:
        """Start afresh with a newly signalled address; None lets nobody in."""
        former = self.lock.target if self.lock is not None else None
        self._rtcp_source = None
        self.lock = None
        if signalled is None:
            self._disconnect()
            return
        self.lock = Settling(signalled, nat=self.nat, former=former, now=now)
        self._rtcp_signalled = (signalled[0], rtcp_port)
        self.mux = rtcp_port == signalled[1]
        self._connect(now)

    def send_rtcp(self, packet: bytes | memoryview) -> None:
        """Send RTCP to the party. Raises OSError. Only while there is a lock."""
        if self.mux:
            self.send(packet)
        elif (target := self._rtcp_source or self._rtcp_signalled) is not None:
            self._pair.rtcp.sendto(packet, target)

    def drain(self, now: float) -> None:
        """Deliver at once what has come in already: it belongs to the time before a change."""
        lock = self.lock
        strangers_only = lock is not None and lock.source == lock.target
        for sock in (self._rtp, None if strangers_only else self._catcher, self._pair.rtcp):
            for _ in range(MAX_DRAIN):
                if sock is None or sock.fileno() < 0 or not _waits(sock):
                    break
                self._reactor.serve(sock, now)  # which may exchange the socket

    def serve_late(self, deliver: Deliver, now: float) -> bool:
        """Have `deliver` take one packet that has waited for too long; False where there is none.

        What is done with later ones is left to the caller to set again.
        """
        for sock in (self._rtp, self._catcher):
            if sock is not None and _waited(sock) > LATE_S:
                self.deliver = deliver
                self._reactor.serve(sock, now)
                return True
        return False

    def look_again(self, now: float) -> None:
        """To be called every second: count strangers again after a flood, look for a route."""
        if self._catcher is not None and self._muted >= STRANGERS_A_SECOND:
            self._reactor.watch(self._catcher, self._on_elsewhere)
        self._muted = 0
        if self.lock is not None and self.send == _no_route:
            self._connect(now)

    def close(self) -> PortPair:
        """Stop listening. Returns the pair, which is the port pool's to close."""
        for sock in (self._rtp, self._catcher, self._pair.rtcp):
            if sock is not None:
                self._reactor.ignore(sock)
        if self._catcher is not None:
            self._catcher.close()
        self._catcher = None
        self.lock = None
        self.deliver, self.deliver_rtcp, self.send = _drop, _drop, _drop
        self._moved, self._refused, self._heard = _drop, _drop, _drop
        return self._pair

    # --- packets -----------------------------------------------------------------------------

    def _on_settled(self, now: float) -> None:
        """The way of nearly every packet."""
        try:
            size = self._receive(self.buffer)
        except OSError as error:
            self._on_error(error, now)
            return
        self.deliver(size, now)

    def _on_settled_mux(self, now: float) -> None:
        try:
            size = self._receive(_scratch)
        except OSError as error:
            self._on_error(error, now)
            return
        self._let_in(size, now)

    def _on_rtp(self, now: float) -> None:
        """A packet at the RTP socket while its sender is not the settled source."""
        self._take(self._rtp, now)

    def _on_elsewhere(self, now: float) -> None:
        """A packet that did not come from where the party's packets go."""
        if self._catcher is not None:
            self._take(self._catcher, now)

    def _take(self, sock: socket.socket, now: float) -> None:
        try:
            size, source = sock.recvfrom_into(_scratch)
        except OSError as error:
            self._on_error(error, now)
            return
        lock = self.lock
        if lock is None:
            return
        before = lock.source
        stream, heard_at = self._heard()
        verdict = lock.judge(source[:2], self._numbers(size), now, stream=stream, heard_at=heard_at)
        if verdict is Verdict.STRANGER:
            self._count_stranger(lock)
            return
        self._let_in(size, now)
        if verdict is Verdict.MOVED:
            self._connect(now)
            self._moved(now)
        elif lock.source != before:
            self._watch()

    def _numbers(self, size: int) -> Numbers | None:
        """Of the packet in the scratch buffer, if it is agreed audio."""
        if self.audio is None:
            return UNNUMBERED
        if not HEADER_SIZE <= size < LIMIT or _scratch[0] & 0xC0 != 0x80:
            return None
        if not self.audio[_scratch[1]] or (self.mux and is_rtcp(_scratch[1])):
            return None
        _, _, sequence, timestamp, ssrc = HEADER.unpack_from(_scratch)
        return Numbers(ssrc, sequence, timestamp)

    def _count_stranger(self, lock: Settling) -> None:
        """A flood is not counted to its end, unless the party might be in it."""
        self.strangers += 1
        self._muted += 1
        catcher = self._catcher
        if catcher is None or lock.source is None or lock.source != lock.target:
            return
        if self._muted >= STRANGERS_A_SECOND:
            self._reactor.ignore(catcher)

    def _let_in(self, size: int, now: float) -> None:
        """Deliver the packet in the scratch buffer."""
        if self.mux and is_rtcp(_scratch[1]):
            self.deliver_rtcp(_scratch_view[:size], now)
            return
        self.buffer[:size] = _scratch_view[:size]
        self.deliver(size, now)

    def _on_error(self, error: OSError, now: float) -> None:
        """Nothing was there, or something sent earlier was refused."""
        if error.errno not in (errno.EAGAIN, errno.EINTR):
            self._refused(now)

    # --- sockets -----------------------------------------------------------------------------

    def _connect(self, now: float) -> None:
        """Connect the socket. What came in before from others is still in its queue: sort it."""
        lock = self.lock
        assert lock is not None, "there is a party to connect to"
        try:
            self._rtp.connect(lock.target)
        except OSError:  # no route
            if self.send != _no_route:
                self._disconnect()
            return
        self.send = self._rtp.send
        if self._catcher is None:
            self._catcher = self._new_catcher()
        for _ in range(MAX_DRAIN):
            try:
                size, source = self._rtp.recvfrom_into(_scratch)
            except BlockingIOError:
                break
            except OSError:
                continue  # a refusal of what went to another address
            if source[:2] == lock.target:
                lock.judge(lock.target, None, now)
                self._let_in(size, now)
            else:
                self.strangers += 1
        self._watch()

    def _watch(self) -> None:
        """Let the kernel judge where the party sends from where it hears."""
        lock, handler = self.lock, self._on_rtp
        if lock is not None and lock.source == lock.target and self.send != _no_route:
            handler = self._on_settled_mux if self.mux else self._on_settled
        self._reactor.watch(self._rtp, handler)

    def _new_catcher(self) -> socket.socket | None:
        """None where there can't be one: others are neither counted nor followed then."""
        try:
            catcher = self._pair.twin()
        except OSError:
            return None
        self._reactor.watch(catcher, self._on_elsewhere)
        return catcher

    def _disconnect(self) -> None:
        """Let an unconnected socket take over again."""
        self.send = _no_route
        if self._catcher is None:
            self._catcher = self._new_catcher()
        if self._catcher is not None:
            self._reactor.ignore(self._rtp)
            self._rtp.close()
            self._rtp = self._pair.rtp = self._catcher
            self._catcher = None
            self._receive = self._rtp.recv_into
        self._watch()

    def _on_rtcp(self, now: float) -> None:
        """RTCP has its own port on the party's host; behind NAT any port of that host."""
        try:
            size, source = self._pair.rtcp.recvfrom_into(_scratch)
        except OSError:
            return
        lock = self.lock
        if lock is None:
            return
        if source[:2] != self._rtcp_signalled and source[0] != (lock.source or lock.signalled)[0]:
            self.strangers += 1
            return
        if self.nat:
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


def _waited(sock: socket.socket) -> float:
    """Seconds for which the oldest datagram has waited in the socket; 0.0 where there is none."""
    try:
        told = sock.recvmsg(0, _TOLD_SIZE, socket.MSG_PEEK)[1]
    except OSError:
        return 0.0
    for level, kind, stamp in told:
        if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
            seconds, nanoseconds = _TIMESPEC.unpack(stamp)
            return float(time.time() - seconds - nanoseconds / 1e9)
    return 0.0


def _no_route(*_: object) -> int:
    """In place of sending while the party can't be sent to."""
    raise OSError(errno.ENETUNREACH, "there is no route to the party")


def _drop(*_: object) -> Any:
    """In place of callbacks once the line is closed."""
    return 0
