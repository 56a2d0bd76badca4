"""The load generator: what it counts as a call, a failure, a retransmission."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from bench.load import LOOPBACK, Load, audio_address

pytestmark = pytest.mark.alone
Answer = Callable[[bytes], bytes | None]


@pytest.fixture
def load() -> Iterator[Load]:
    made = Load((LOOPBACK, 0))
    made.target = (LOOPBACK, made.callee_port)
    yield made
    made.close()


class Between:
    """A hop between caller and callee that answers, or keeps back, what it likes."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((LOOPBACK, 0))
        self.socket.settimeout(0.1)
        self.address: tuple[str, int] = self.socket.getsockname()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Between:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self.socket.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                data, source = self.socket.recvfrom(65535)
            except TimeoutError:
                continue
            answer = self.answer(data)
            if answer is not None:
                self.socket.sendto(answer, source)


def reply(request: bytes, status: str) -> bytes:
    head = request.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]
    kept = [line for line in head if line.split(b":")[0] in (b"Via", b"From", b"Call-ID", b"CSeq")]
    to = next(line for line in head if line.startswith(b"To:"))
    lines = [b"SIP/2.0 " + status.encode(), *kept, to + b";tag=x", b"Content-Length: 0", b"", b""]
    return b"\r\n".join(lines)


def test_every_call_is_placed_answered_and_hung_up(load: Load) -> None:
    result = load.run(rate=200, seconds=0.5, hold=0.05)

    assert (result.offered, result.completed, result.failed) == (100, 100, 0)
    assert len(result.setup) == len(result.forward) == 100
    assert all(0 < one < other for one, other in zip(result.forward, result.setup, strict=True))


def test_calls_stay_up_until_they_are_hung_up(load: Load) -> None:
    load.place(20, rate=500, hold=None)
    load.settle(0.1)
    assert len(load.calls) == 20

    load.hang_up(rate=500)

    assert not load.calls
    assert load.result.completed == 20


def test_a_refusal_is_a_failure_with_its_status(load: Load) -> None:
    with Between(lambda data: None if data[:3] == b"ACK" else reply(data, "503 No")) as hop:
        load.target = hop.address
        result = load.run(rate=100, seconds=0.05, hold=0.05)

    assert result.completed == 0
    assert result.failures == {"503": 5}


def test_what_gets_lost_is_sent_again_and_is_no_failure(load: Load) -> None:
    seen: set[bytes] = set()

    def lose_first(data: bytes) -> bytes | None:
        if data in seen:
            return reply(data, "486 Busy Here")
        seen.add(data)
        return None

    with Between(lose_first) as hop:
        load.target = hop.address
        result = load.run(rate=100, seconds=0.02, hold=0.05)

    assert result.retransmissions == 2
    assert result.failures == {"486": 2}


def test_the_audio_address_is_read_from_the_body_only() -> None:
    head = b"INVITE sip:x SIP/2.0\r\nSubject: m=audio 1\r\n\r\n"
    body = b"v=0\r\nc=IN IP4 127.0.0.5\r\nm=audio 4000 RTP/AVP 0\r\n"

    assert audio_address(head + body) == ("127.0.0.5", 4000)
    assert audio_address(head) is None
