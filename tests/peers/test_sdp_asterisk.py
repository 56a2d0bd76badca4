"""What leaves is read by the real Asterisk as what we read, also where it would go other ways."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from sidecar.sip.message import Response
from sidecar.sip.parser import parse_message
from sidecar.sip.sdp import Origin, SessionDescription, anchor

from .asterisk import LATE, Asterisk
from .processes import LOOPBACK, free_port
from .sdp_readers import by_aiosipua, ours

PEERS = ("asterisk",)
LISTENS_S = 1.0
PATIENCE_S = 10.0
ORIGIN = Origin("-", 7, 1, "IN", "IP4", LOOPBACK)
HEAD = f"v=0\r\no=- 1 2 IN IP4 {LOOPBACK}\r\ns=-\r\nc=IN IP4 {LOOPBACK}\r\nt=0 0\r\n"
ICE = "a=ice-ufrag:abcdefgh\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n"
EVENTS = "a=rtpmap:101 telephone-event/8000\r\n"


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Asterisk]:
    with Asterisk("sdp", free_port(), trunk="ice_support=yes\n") as running:
        yield running


def bound() -> socket.socket:
    """A UDP socket of loopback."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((LOOPBACK, 0))
    return made


def arrived(sock: socket.socket, seconds: float) -> list[bytes]:
    """What comes within so many seconds."""
    found, end = [], time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if select.select([sock], [], [], left)[0]:
            found.append(sock.recv(4096))
    return found


@dataclass
class Heard:
    """What came of a call: the answer, and what was sent to us and elsewhere."""

    answer: bytes
    media: list[list[bytes]]
    elsewhere: list[bytes]

    @property
    def types(self) -> list[set[int]]:
        """The payload types of the RTP that came to each of our ports."""
        return [{p[1] & 0x7F for p in each if p[0] & 0xC0 == 0x80} for each in self.media]


class Caller:
    """Calls Asterisk with a description of its own making."""

    def __init__(self, asterisk: Asterisk) -> None:
        self._to = (LOOPBACK, asterisk.port)
        self._sip = bound()
        self.media = [bound(), bound()]
        self.elsewhere = bound()

    @property
    def decoy(self) -> int:
        """The port that no description which leaves may name."""
        return self.elsewhere.getsockname()[1]

    @property
    def ports(self) -> list[int]:
        return [sock.getsockname()[1] for sock in self.media]

    def close(self) -> None:
        for sock in (self._sip, *self.media, self.elsewhere):
            sock.close()

    def call(self, body: bytes) -> Heard:
        """Call with this description, listen for a second after the answer, hang up."""
        self._send("INVITE", 1, "", body)
        response = self._final()
        assert response.status == 200, response
        to = f";tag={response.to_tag}"
        self._send("ACK", 1, to)
        elsewhere: list[bytes] = []
        media = [arrived(sock, LISTENS_S) for sock in self.media]
        elsewhere = arrived(self.elsewhere, 0.01)
        self._send("BYE", 2, to)
        self._final()
        return Heard(response.body, media, elsewhere)

    def _send(self, method: str, cseq: int, to: str, body: bytes = b"") -> None:
        port = self._sip.getsockname()[1]
        head = (
            f"{method} sip:{LATE}@{LOOPBACK}:{self._to[1]} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {LOOPBACK}:{port};branch=z9hG4bK{method}{cseq}{port}\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:a@{LOOPBACK}:{port}>;tag=a\r\n"
            f"To: <sip:{LATE}@{LOOPBACK}>{to}\r\nCall-ID: sdp-{port}\r\nCSeq: {cseq} {method}\r\n"
            f"Contact: <sip:a@{LOOPBACK}:{port}>\r\n"
        )
        if body:
            head += "Content-Type: application/sdp\r\n"
        self._sip.sendto(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body, self._to)

    def _final(self) -> Response:
        end = time.monotonic() + PATIENCE_S
        while (left := end - time.monotonic()) > 0:
            if select.select([self._sip], [], [], left)[0]:
                message = parse_message(self._sip.recv(65535))
                if isinstance(message, Response) and message.status >= 200:
                    return message
        raise TimeoutError("Asterisk gave no final response")


@pytest.fixture
def caller(asterisk: Asterisk) -> Iterator[Caller]:
    made = Caller(asterisk)
    yield made
    made.close()


def written(caller: Caller, media: str) -> bytes:
    """What leaves of a description whose media would also lead elsewhere."""
    body = (HEAD + media).encode()
    sdp = SessionDescription.parse(body)
    return anchor(sdp, address=LOOPBACK, ports=caller.ports, origin=ORIGIN).encode()


def candidates(spelling: str, ours: int, decoy: int) -> str:
    """Both components at our ports, which ICE asks for (RFC 8839 section 3.4.2), and elsewhere."""
    ways = [(1, 1, ours), (1, 2, ours + 1), (2, 1, decoy), (2, 2, decoy)]
    return ICE + "".join(
        f"a={spelling}{foundation} {part} UDP {2130706431 - part} {LOOPBACK} {port} typ host\r\n"
        for foundation, part, port in ways
    )


def test_a_description_that_was_passed_on_would_be_asked_for_other_ways(caller: Caller) -> None:
    """Without this the tests below would show nothing."""
    port = caller.ports[0]
    raw = f"{HEAD}m=audio {port} RTP/AVP 0\r\n{candidates('candidate H', port, caller.decoy)}"

    assert b"a=ice-ufrag:" in caller.call(raw.encode()).answer


@pytest.mark.parametrize(
    "spelling",
    ["candidate:H", "candidate H", "Candidate:H", " candidate:H", "candidate\tH"],
)
def test_no_spelling_of_a_candidate_leads_media_past_us(caller: Caller, spelling: str) -> None:
    media = f"m=audio 4000 RTP/AVP 0\r\n{candidates(spelling, caller.ports[0], caller.decoy)}"

    heard = caller.call(written(caller, media))

    assert heard.elsewhere == []
    assert heard.types[0] == {0}
    assert b"a=ice" not in heard.answer


@pytest.mark.parametrize(
    ("media", "answered", "types"),
    [
        # what came; what Asterisk makes of what left; payload types at our two ports
        ("m=audio 4000 RTP/AVP 8 101\r\n" + EVENTS, ["audio sendrecv 8 101"], [{8}, set()]),
        ("m=audio 4000 rtp/avp 0\r\na= SendOnly\r\n", ["audio recvonly 0"], [set(), set()]),
        ("a=inactive\r\nm=audio 4000 RTP/AVP 0\r\n", ["audio inactive 0"], [set(), set()]),
        ("m=audio 4000 RTP/AVP 0\r\na=recvonly\r\n", ["audio sendonly 0"], [{0}, set()]),
        (
            "m=audio 4000 RTP/AVP 18 97\r\na=rtpmap:97 PCMA/8000\r\n",
            ["audio sendrecv 97"],
            [{97}, set()],
        ),
        (
            "m=audio 4000 RTP/AVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n",
            ["audio sendrecv 0"],
            [{0}, set()],
        ),
        (
            "m=audio 4000 RTP/SAVP 0\r\nm=audio 4002 RTP/AVP 0\r\n",
            ["audio -", "audio sendrecv 0"],
            [set(), {0}],
        ),
        (
            "m=audio 4000 RTP/AVP 0\r\nm=text 4002 RTP/AVP 98\r\n",
            ["audio sendrecv 0", "text -"],
            [{0}, set()],
        ),
        (
            "m=audio 4000 RTP/AVP 0\r\nm=image 4002 udptl t38\r\n",
            ["audio sendrecv 0", "image -"],
            [{0}, set()],
        ),
        (
            "m=audio 4000 RTP/AVP 0\r\na=rtcp-mux\r\na=group:BUNDLE 0\r\na=mid:0\r\n",
            ["audio sendrecv 0"],
            [{0}, set()],
        ),
    ],
)
def test_asterisk_reads_what_we_read(
    caller: Caller, media: str, answered: list[str], types: list[set[int]]
) -> None:
    body = written(caller, media)

    heard = caller.call(body)

    assert by_aiosipua(body) == ours(body)
    assert [_told(medium) for medium in ours(heard.answer)] == answered
    assert heard.types == types
    assert heard.elsewhere == []


def _told(medium: tuple) -> str:  # type: ignore[type-arg]
    kind, port, _protocol, _address, direction, codecs = medium
    return (
        f"{kind} {direction} {' '.join(str(each[0]) for each in codecs)}" if port else f"{kind} -"
    )
