"""A load generator of our own: caller and callee in one loop, a tenth of SIPp's cost a call.

It speaks just enough SIP for one call flow over UDP: INVITE, 18x, 200, ACK, a pause, BYE, 200;
with the retransmissions of RFC 3261, section 17, so that a lost datagram is no failed call.
The called number holds the call's own number, which ties both legs together through any
B2BUA or proxy in between.
"""

from __future__ import annotations

import heapq
import re
import select
import socket
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

LOOPBACK = "127.0.0.1"
T1 = 0.5
T2 = 4.0
GIVE_UP = 32.0
SETTLE = 3.0
BUFFER = 8 << 20
PREFIX = "+44"

_COPIED = re.compile(
    rb"^(?:via|v|from|f|to|t|call-id|i|cseq|record-route)[ \t]*:[^\r]*\r$", re.I | re.M
)
_TO = re.compile(rb"^(?:to|t)[ \t]*:[^\r]*", re.I | re.M)
_CALL_ID = re.compile(rb"^(?:call-id|i)[ \t]*:[ \t]*([^\r]+?)[ \t]*\r", re.I | re.M)
_CSEQ = re.compile(rb"^cseq[ \t]*:[ \t]*(\d+)[ \t]+(\w+)", re.I | re.M)
_CONTACT = re.compile(rb"^(?:contact|m)[ \t]*:[ \t]*(?:[^\r<]*<([^>\r]+)>|([^\r;]+))", re.I | re.M)
_ROUTE = re.compile(rb"^record-route[ \t]*:[ \t]*([^\r]+?)[ \t]*\r", re.I | re.M)
_NUMBER = re.compile(rb"^INVITE sip:\+?(\d+)@")

PortOf = Callable[[int, str], int]


@dataclass
class Result:
    """What became of the calls of one run; times in seconds."""

    offered: int = 0
    completed: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    retransmissions: int = 0
    forward: list[float] = field(default_factory=list)  # INVITE sent to INVITE seen by the callee
    setup: list[float] = field(default_factory=list)  # INVITE sent to 200 received
    late: float = 0.0  # how far the generator itself fell behind its own schedule, at worst

    @property
    def failed(self) -> int:
        """Calls that did not end as they should."""
        return self.offered - self.completed

    @property
    def failed_share(self) -> float:
        """Failed calls of all offered, 0 to 1."""
        return self.failed / self.offered if self.offered else 0.0


@dataclass
class Call:
    """One call as its caller sees it."""

    number: int
    started: float
    state: str = "calling"
    waiting: bytes = b""  # the request that is retransmitted until something answers it
    interval: float = T1
    give_up: float = 0.0
    to: bytes = b""
    target: bytes = b""
    routes: tuple[bytes, ...] = ()
    ack: bytes = b""


def audio_address(message: bytes) -> tuple[str, int] | None:
    """Where a message's session description wants its audio, if it holds one."""
    body = message.partition(b"\r\n\r\n")[2]
    port = re.search(rb"^m=audio (\d+)", body, re.M)
    host = re.search(rb"^c=IN IP4 ([\d.]+)", body, re.M)
    return (host[1].decode(), int(port[1])) if port and host else None


class Load:
    """Caller and callee. `target` is where INVITEs go; the callee listens on `callee_port`."""

    def __init__(
        self,
        target: tuple[str, int],
        *,
        caller_port: int = 0,
        callee_port: int = 0,
        prefix: str = PREFIX,
        port_of: PortOf | None = None,
        on_audio: Callable[[int, str, tuple[str, int]], None] | None = None,
    ) -> None:
        """`port_of(call, "caller" | "callee")` gives audio ports, one sink for all by default;
        `on_audio(call, who, address)` is told where each end has to send its audio.
        """
        self.target = target
        self.prefix = prefix
        self.caller = _socket(caller_port)
        self.callee = _socket(callee_port)
        self.caller_port: int = self.caller.getsockname()[1]
        self.callee_port: int = self.callee.getsockname()[1]
        self._sink = _sink()
        self.sink_port: int = self._sink.getsockname()[1]
        """Takes audio that nobody listens to: where it was refused, no notice would be heard."""
        self._port_of = port_of or (lambda _call, _who: self.sink_port)
        self._on_audio = on_audio
        self._timers: list[tuple[float, int, Callable[[float], None]]] = []
        self._timer_count = 0
        self.calls: dict[int, Call] = {}
        self._answered: dict[bytes, bytes] = {}  # the callee's 200s that wait for an ACK
        self._started: dict[int, float] = {}
        self.result = Result()
        self._next = 1
        self.tick: Callable[[float], float] | None = None  # media: does its work, gives next time

    def close(self) -> None:
        """Close all sockets."""
        for each in (self.caller, self.callee, self._sink):
            each.close()

    def run(self, rate: float, seconds: float, hold: float) -> Result:
        """Offer calls at a steady rate, each hung up `hold` seconds after its answer."""
        self.result = Result()
        self.place(round(rate * seconds), rate, hold)
        self.drain(hold + GIVE_UP + SETTLE)
        return self.result

    def place(self, count: int, rate: float, hold: float | None) -> None:
        """Place so many calls at a steady rate; without `hold` they stay up."""
        begin = time.monotonic()
        self._hold = hold
        for index in range(count):
            due = begin + index / rate
            self._until(due)
            self.result.late = max(self.result.late, time.monotonic() - due)
            self._invite()

    def drain(self, seconds: float) -> None:
        """Go on until no call is left, for so long at the most; what is left has failed."""
        deadline = time.monotonic() + seconds
        while self.calls and time.monotonic() < deadline:
            self._turn(min(deadline, time.monotonic() + 0.05))
        for call in list(self.calls.values()):
            self._fail(call, f"stuck while {call.state}")

    def settle(self, seconds: float) -> None:
        """Go on for a while without new calls."""
        self._until(time.monotonic() + seconds)

    def hang_up(self, rate: float) -> None:
        """Hang up every call that is up, at a steady rate, and wait until all are gone."""
        begin = time.monotonic()
        for index, call in enumerate([c for c in self.calls.values() if c.state == "up"]):
            self._until(begin + index / rate)
            self._bye(call, time.monotonic())
        self.drain(GIVE_UP + SETTLE)

    # The loop: sockets, then timers; nothing blocks longer than to the next thing due.

    def _until(self, due: float) -> None:
        while (now := time.monotonic()) < due:
            self._turn(due, now)
        self._turn(due)

    def _turn(self, until: float, now: float | None = None) -> None:
        now = now or time.monotonic()
        if self.tick:
            until = min(until, self.tick(now))
        if self._timers:
            until = min(until, self._timers[0][0])
        ready, _, _ = select.select([self.caller, self.callee], [], [], max(until - now, 0))
        for each in ready:
            handle = self._at_caller if each is self.caller else self._at_callee
            for _ in range(64):
                try:
                    data, address = each.recvfrom(65535)
                except BlockingIOError:
                    break
                handle(data, address, time.monotonic())
        now = time.monotonic()
        while self._timers and self._timers[0][0] <= now:
            heapq.heappop(self._timers)[2](now)

    def _after(self, at: float, action: Callable[[float], None]) -> None:
        self._timer_count += 1
        heapq.heappush(self._timers, (at, self._timer_count, action))

    # The caller.

    def _invite(self) -> None:
        number, self._next = self._next, self._next + 1
        now = time.monotonic()
        call = Call(number, now)
        self.calls[number] = call
        self._started[number] = now
        self.result.offered += 1
        body = _sdp(self._port_of(number, "caller"))
        uri = b"sip:%s%07d@%s:%d" % (self.prefix.encode(), number, *_address(self.target))
        call.to = b"To: <%s>" % uri
        call.target = uri
        self._send(call, b"INVITE", 1, body, now)

    def _request(self, call: Call, method: bytes, cseq: int, body: bytes) -> bytes:
        host = b"%s:%d" % (LOOPBACK.encode(), self.caller_port)
        extra = b"Contact: <sip:load@%s>\r\n" % host if method == b"INVITE" else b""
        extra += b"Content-Type: application/sdp\r\n" if body else b""
        routes = b"".join(b"Route: %s\r\n" % route for route in call.routes)
        return (
            b"%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bKload%d.%d%s;rport\r\n"
            b"Max-Forwards: 70\r\n%sFrom: <sip:+4930123456@%s>;tag=load%d\r\n%s\r\n"
            b"Call-ID: load-%d@%s\r\nCSeq: %d %s\r\n%sContent-Length: %d\r\n\r\n%s"
        ) % (
            method, call.target, host, call.number, cseq, method[:1], routes, host, call.number,
            call.to, call.number, host, cseq, method, extra, len(body), body,
        )  # fmt: skip

    def _send(self, call: Call, method: bytes, cseq: int, body: bytes, now: float) -> None:
        call.waiting = self._request(call, method, cseq, body)
        call.interval = T1
        call.give_up = now + GIVE_UP
        self.caller.sendto(call.waiting, self.target)
        self._after(now + T1, lambda at: self._again(call, call.waiting, at))

    def _again(self, call: Call, request: bytes, now: float) -> None:
        if call.waiting is not request or not request or call.number not in self.calls:
            return
        if now >= call.give_up:
            self._fail(call, f"no answer while {call.state}")
            return
        self.result.retransmissions += 1
        self.caller.sendto(request, self.target)
        call.interval = min(call.interval * 2, T2)
        self._after(now + call.interval, lambda at: self._again(call, request, at))

    def _at_caller(self, data: bytes, address: tuple[str, int], now: float) -> None:
        if not data.startswith(b"SIP/2.0 "):
            self._asked(data, address)
            return
        call_id, cseq = _CALL_ID.search(data), _CSEQ.search(data)
        if not call_id or not cseq:
            return
        call = self.calls.get(int(call_id[1].partition(b"@")[0].removeprefix(b"load-")))
        if call is None:
            return
        status = int(data[8:11])
        if cseq[2] == b"INVITE":
            self._invite_answered(call, status, data, now)
        elif cseq[2] == b"BYE" and status >= 200:
            call.waiting = b""
            del self.calls[call.number]
            if status == 200:
                self.result.completed += 1
            else:
                self.result.failures[f"BYE {status}"] += 1

    def _invite_answered(self, call: Call, status: int, data: bytes, now: float) -> None:
        if status >= 200 and call.ack:
            self.caller.sendto(call.ack, self.target)
        elif call.state == "calling" and status < 200:
            call.waiting = b""
        elif call.state == "calling":
            call.waiting = b""
            call.to = _required(_TO, data)
            if status >= 300:
                call.ack = self._request(call, b"ACK", 1, b"").replace(b"1A;rport", b"1I;rport", 1)
                self.caller.sendto(call.ack, self.target)
                self._fail(call, str(status))
            else:
                self._up(call, data, now)

    def _up(self, call: Call, data: bytes, now: float) -> None:
        contact = _CONTACT.search(data)
        if contact:
            call.target = contact[1] or contact[2]
        call.routes = tuple(reversed(_ROUTE.findall(data)))
        call.ack = self._request(call, b"ACK", 1, b"")
        self.caller.sendto(call.ack, self.target)
        call.state = "up"
        self.result.setup.append(now - call.started)
        self._tell_audio(call.number, "caller", data)
        if self._hold is not None:
            self._after(now + self._hold, lambda at: self._bye(call, at))

    def _bye(self, call: Call, now: float) -> None:
        if call.state == "up" and call.number in self.calls:
            call.state = "hanging up"
            self._send(call, b"BYE", 2, b"", now)

    def _asked(self, data: bytes, address: tuple[str, int]) -> None:
        """A request towards the caller: the other side hung up, or asks whether it is there."""
        method = data.split(b" ", 1)[0]
        if method == b"ACK":
            return
        self.caller.sendto(_response(data, b"200 OK", b""), address)
        call_id = _CALL_ID.search(data)
        if method == b"BYE" and call_id and call_id[1].startswith(b"load-"):
            call = self.calls.get(int(call_id[1].partition(b"@")[0].removeprefix(b"load-")))
            if call:
                self._fail(call, f"hung up by the other side while {call.state}")

    def _fail(self, call: Call, why: str) -> None:
        call.waiting = b""
        self.calls.pop(call.number, None)
        self.result.failures[why] += 1

    # The callee: answers at once, keeps nothing but the 200s without an ACK.

    def _at_callee(self, data: bytes, address: tuple[str, int], now: float) -> None:
        method = data.split(b" ", 1)[0]
        if method == b"INVITE":
            self._ring_and_answer(data, address, now)
        elif method == b"ACK":
            self._answered.pop(_required(_CALL_ID, data), None)
        elif not data.startswith(b"SIP/2.0 "):
            self.callee.sendto(_response(data, b"200 OK", b""), address)

    def _ring_and_answer(self, data: bytes, address: tuple[str, int], now: float) -> None:
        call_id = _required(_CALL_ID, data)
        if call_id in self._answered:  # a retransmitted INVITE
            self.callee.sendto(self._answered[call_id], address)
            return
        number = _NUMBER.search(data)
        call = int(number[1][-7:]) if number else 0
        if call in self._started:
            self.result.forward.append(now - self._started.pop(call))
        contact = b"Contact: <sip:load@%s:%d>\r\n" % (LOOPBACK.encode(), self.callee_port)
        self.callee.sendto(_response(data, b"180 Ringing", contact), address)
        answer = _response(data, b"200 OK", contact, _sdp(self._port_of(call, "callee")))
        self._answered[call_id] = answer
        self.callee.sendto(answer, address)
        self._tell_audio(call, "callee", data)
        self._after(now + T1, lambda at: self._answer_again(call_id, address, T1, at))

    def _answer_again(
        self, call_id: bytes, address: tuple[str, int], interval: float, now: float
    ) -> None:
        answer = self._answered.get(call_id)
        if answer is None:
            return
        if interval > GIVE_UP / 2:
            del self._answered[call_id]
            return
        self.result.retransmissions += 1
        self.callee.sendto(answer, address)
        again = interval * 2
        self._after(now + again, lambda at: self._answer_again(call_id, address, again, at))

    def _tell_audio(self, call: int, who: str, message: bytes) -> None:
        if self._on_audio and (address := audio_address(message)):
            self._on_audio(call, who, address)


def _socket(port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
    made.bind((LOOPBACK, port))
    made.setblocking(False)
    return made


def _sink() -> socket.socket:
    """A port that exists, so that nobody gets ICMP refusals, and whose packets nobody reads."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    made.bind((LOOPBACK, 0))
    return made


def _address(address: tuple[str, int]) -> tuple[bytes, int]:
    return address[0].encode(), address[1]


def _required(pattern: re.Pattern[bytes], data: bytes) -> bytes:
    """The pattern's first group, or all of it. Raises ValueError where a peer left it out."""
    found = pattern.search(data)
    if found is None:
        raise ValueError(f"{pattern.pattern!r} is not in {data[:200]!r}")
    return found[found.lastindex or 0]


def _sdp(port: int) -> bytes:
    return (
        b"v=0\r\no=load 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
        b"m=audio %d RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\n"
        b"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n"
    ) % port


def _response(request: bytes, status: bytes, headers: bytes, body: bytes = b"") -> bytes:
    head = request.partition(b"\r\n\r\n")[0] + b"\r\n"
    copied = b"".join(line + b"\n" for line in _COPIED.findall(head))
    to = _required(_TO, copied)
    if b";tag=" not in to:
        copied = copied.replace(to, to + b";tag=callee", 1)
    if body:
        headers += b"Content-Type: application/sdp\r\n"
    return b"SIP/2.0 %s\r\n%s%sContent-Length: %d\r\n\r\n%s" % (
        status, copied, headers, len(body), body,
    )  # fmt: skip
