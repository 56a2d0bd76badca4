"""Messages and MSRP on their way to the real Asterisk: refused, unless a rule allows them."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from .asterisk import ONE_FILE, PLAIN, Asterisk
from .processes import LOOPBACK, free_port, wait_until
from .sidecar import Sidecar

PEERS = ("asterisk",)
TEXT = "dinner at eight"
MSRP = """m=message 7654 TCP/MSRP *
a=path:msrp://192.0.2.77:7654/sec;tcp
a=accept-types:text/plain
"""


class Trunk:
    """A trunk that says by hand what it wants to."""

    def __init__(self, sidecar: Sidecar) -> None:
        self._there = (LOOPBACK, sidecar.port)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((LOOPBACK, 0))
        self._socket.settimeout(10)
        self._here = "{}:{}".format(*self._socket.getsockname())
        self._sent = 0

    def close(self) -> None:
        self._socket.close()

    def send(self, method: str, number: str, kind: str, body: str, *, cseq: int = 1) -> None:
        """A request outside of dialogs; the tag and the Call-ID stay."""
        self._sent += 1
        content = body.replace("\n", "\r\n").encode()
        head = (
            f"{method} sip:{number}@{LOOPBACK} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {self._here};branch=z9hG4bK-{self._sent}\r\n"
            f"From: <sip:+4930123@{LOOPBACK}>;tag=one\r\nTo: <sip:{number}@{LOOPBACK}>\r\n"
            f"Call-ID: by-hand@{LOOPBACK}\r\nCSeq: {cseq} {method}\r\nMax-Forwards: 70\r\n"
            f"Contact: <sip:trunk@{self._here}>\r\nContent-Type: {kind}\r\n"
            f"Content-Length: {len(content)}\r\n\r\n"
        )
        self._socket.sendto(head.encode() + content, self._there)

    def final(self) -> tuple[int, str]:
        """The final response that comes next: its status and itself."""
        while True:
            text = self._socket.recv(65536).decode()
            status = int(text.split()[1]) if text.startswith("SIP/2.0") else 0
            if status >= 200:
                return status, text


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Asterisk]:
    with Asterisk("messages", free_port()) as running:
        yield running


def sidecar(folder: Path, asterisk: Asterisk, messages: str) -> Sidecar:
    rules = f'[defaults]\nmessages = "{messages}"\n'
    return Sidecar(folder, pbx=asterisk.address, rules=rules, port=asterisk.sidecar_port)


def offer() -> str:
    return (
        f"v=0\no=- 1 1 IN IP4 {LOOPBACK}\ns=-\nc=IN IP4 {LOOPBACK}\nt=0 0\n"
        f"m=audio {free_port()} RTP/AVP 0\na=sendrecv\n{MSRP}"
    )


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("messages", "status"), [("deny", 403), ("allow", 202)])
def test_a_message_reaches_the_pbx_only_where_a_rule_allows_it(
    asterisk: Asterisk, tmp_path: Path, messages: str, status: int
):
    arrived = asterisk.folder / "message"
    arrived.unlink(missing_ok=True)
    with sidecar(tmp_path, asterisk, messages) as running, closing(Trunk(running)) as trunk:
        trunk.send("MESSAGE", PLAIN, "text/plain", TEXT)
        assert trunk.final()[0] == status
        if messages == "allow":
            wait_until("the message is there", arrived.exists)
        counted = {
            each: running.metric("messages_total", result=each) for each in ("denied", "allowed")
        }
        log = running.process.log.read_text()

    assert arrived.exists() is (messages == "allow")
    assert counted == {"denied": float(messages == "deny"), "allowed": float(messages == "allow")}
    assert TEXT not in log
    assert TEXT.encode() not in running.database.read_bytes()


@pytest.mark.timeout(60)
def test_a_call_that_offers_messages_too_is_a_call_without_them(asterisk: Asterisk, tmp_path: Path):
    with sidecar(tmp_path, asterisk, "deny") as running, closing(Trunk(running)) as trunk:
        trunk.send("INVITE", ONE_FILE, "application/sdp", offer())
        status, answer = trunk.final()
        denied = running.metric("messages_total", result="denied")

    assert status == 200
    assert re.findall(r"m=message (\d+)", answer) == ["0"]
    assert "192.0.2.77" not in answer
    assert denied == 1
