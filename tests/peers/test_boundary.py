"""What crosses is understood by a real Asterisk: it answers, it never drops a call in silence."""

from __future__ import annotations

import itertools
import re
import socket
from collections.abc import Iterator

import pytest

from sidecar.calls.header_policy import CROSSING

from .asterisk import ONE_FILE, Asterisk
from .processes import LOOPBACK, free_port
from .sidecar import Sidecar, rule

PEERS = ("asterisk",)
SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 4000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
)
SDP_TYPE = "Content-Type: application/sdp\r\n"
ODD = (
    b"x",
    b'"a\\\0b"',
    b"caf\xe9 \xff\xfe",
    b'"\\"<sip:a@b>;x=y',
    b"<sip:a%00b%0a@c>;tag=1;index=1",
    b'90;refresher=odd;x="\\\0"',
    b'SIP;cause=200;text="\\\0"',
    b'Digest realm="\\\0", nonce="\xff"',
    b",,;;==",
    b"\x1b[2J\x07",
)


NUMBERS = itertools.count(1)


class Trunk:
    """A neighbour that sends what it likes, one call at a time."""

    def __init__(self, sidecar: Sidecar) -> None:
        self._sidecar = sidecar
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((LOOPBACK, 0))
        self._socket.settimeout(4)

    def close(self) -> None:
        self._socket.close()

    def call(self, header: bytes) -> tuple[int, str]:
        """Place a call with one more header line; returns the final status and the To of it."""
        self._call_id = f"call-{next(NUMBERS)}"
        self.send("INVITE", 1, header, SDP)
        status, text = self.final("INVITE")
        to = re.search(r"^To: (.*)\r$", text, re.MULTILINE)
        assert to is not None
        if status < 300:
            self.send("ACK", 1, to=to[1])
        return status, to[1]

    def hang_up(self, to: str) -> None:
        self.send("BYE", 9999, to=to)
        assert self.final("BYE")[0] == 200

    def send(
        self, method: str, cseq: int, header: bytes = b"", body: str = "", to: str = ""
    ) -> None:
        host, port = self._socket.getsockname()
        kind = "" if header.lower().startswith(b"content-type") or not body else SDP_TYPE
        text = (
            f"{method} sip:{ONE_FILE}@{LOOPBACK} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{self._call_id}{method}{cseq}\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:+4930123456@{host}>;tag=1\r\n"
            f"To: {to or f'<sip:{ONE_FILE}@{host}>'}\r\nCall-ID: {self._call_id}\r\n"
            f"CSeq: {cseq} {method}\r\nContact: <sip:trunk@{host}:{port}>\r\n{kind}"
        ).encode()
        line = header + b"\r\n" if header else b""
        length = f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
        self._socket.sendto(text + line + length, (LOOPBACK, self._sidecar.port))

    def final(self, method: str) -> tuple[int, str]:
        """The next final response to a method; requests are passed over."""
        while True:
            text = self._socket.recv(65535).decode("utf-8", "replace")
            if not text.startswith("SIP/2.0 ") or f" {method}\r\n" not in text:
                continue
            status = int(text.split(" ", 2)[1])
            if status >= 200 and f"\r\nCall-ID: {self._call_id}\r\n" in text:
                return status, text


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Asterisk]:
    with Asterisk("boundary", free_port()) as running:
        yield running


@pytest.fixture(scope="module")
def sidecar(asterisk: Asterisk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sidecar]:
    with Sidecar(
        tmp_path_factory.mktemp("sidecar"),
        pbx=asterisk.address,
        rules=rule("off"),
        port=asterisk.sidecar_port,
        trusted=True,
    ) as running:
        yield running


@pytest.fixture
def trunk(sidecar: Sidecar) -> Iterator[Trunk]:
    made = Trunk(sidecar)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (b'Subject: "a\\\0b"', 200),
        (b"Session-Expires: x", 400),
        (b"Min-SE:", 400),
        (b"Session-Expires: 1800;refresher=\x7f", 400),
    ],
)
def test_a_header_that_asterisk_would_not_read_is_no_reason_to_wait(
    header: bytes, status: int, sidecar: Sidecar, trunk: Trunk
) -> None:
    answered, to = trunk.call(header)

    assert answered == status
    if status == 200:
        trunk.hang_up(to)
    sidecar.wait_idle()


@pytest.mark.timeout(180)
def test_whatever_is_in_a_header_that_crosses_asterisk_answers(
    sidecar: Sidecar, trunk: Trunk
) -> None:
    _status, to = trunk.call(b"")
    seen = set()
    for number, (crossing, odd) in enumerate(itertools.product(CROSSING, ODD), start=2):
        header = crossing.name.encode() + b": " + odd

        trunk.send("OPTIONS", number, header, to=to)

        status, _text = trunk.final("OPTIONS")
        assert status in (200, 400, 420, 489), header
        seen.add(status)
    assert {200, 400} <= seen
    trunk.hang_up(to)
    sidecar.wait_idle()


@pytest.mark.parametrize("kind", [b"application/\tsdp", b"application/ sdp", b"Application/SDP"])
def test_no_description_reaches_asterisk_that_was_not_read(
    kind: bytes, sidecar: Sidecar, trunk: Trunk, asterisk: Asterisk
) -> None:
    _status, to = trunk.call(b"")
    hidden = SDP.replace("v=0\r\n", "").replace("127.0.0.1", "127.0.0.77")

    trunk.send("UPDATE", 2, b"Content-Type: " + kind, hidden, to)

    assert trunk.final("UPDATE")[0] in (400, 488)
    trunk.hang_up(to)
    sidecar.wait_idle()
