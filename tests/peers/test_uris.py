"""The real Asterisk behind URIs that an outsider writes: it runs what was judged, or nothing."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from .asterisk import ONE_FILE, PLAIN, TWICE, Asterisk
from .processes import LOOPBACK, free_port
from .sidecar import Sidecar, rule

PEERS = ("asterisk",)
SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 4000 RTP/AVP 0\r\n"
)


class Trunk:
    """A carrier of a few lines: it says what it likes, and takes registrations."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((LOOPBACK, 0))
        self.socket.settimeout(25)  # a REGISTER is repeated at growing intervals
        self.port = self.socket.getsockname()[1]
        self._count = 0

    def invite(self, uri: str, caller: str = "+4930123456") -> str:
        """The request; returns its Call-ID."""
        self._count += 1
        call_id = f"call-{self._count}"
        self.send(
            "INVITE", uri, call_id, f"<sip:{caller}@{LOOPBACK}>;tag=1", f"<sip:x@{LOOPBACK}>", SDP
        )
        return call_id

    def send(
        self,
        method: str,
        uri: str,
        call_id: str,
        from_: str,
        to: str,
        body: str = "",
        cseq: int = 1,
    ) -> None:
        more = "Content-Type: application/sdp\r\n" if body else ""
        text = (
            f"{method} {uri} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {LOOPBACK}:{self.port};branch=z9hG4bK{call_id}{method}\r\n"
            f"Max-Forwards: 70\r\nFrom: {from_}\r\nTo: {to}\r\nCall-ID: {call_id}\r\n"
            f"CSeq: {cseq} {method}\r\nContact: <sip:t@{LOOPBACK}:{self.port}>\r\n{more}"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        )
        self.socket.sendto(text.encode(), self.sidecar)

    sidecar: tuple[str, int]

    def final(self, call_id: str) -> tuple[int, str]:
        """The next final response to a request of that Call-ID; answers OPTIONS meanwhile."""
        while True:
            text = self._receive()
            if text.startswith("SIP/2.0 ") and f"Call-ID: {call_id}\r\n" in text:
                status = int(text.split(" ", 2)[1])
                if status >= 200:
                    return status, text

    def registration(self) -> str:
        """The Contact of the next REGISTER, which is granted."""
        while True:
            text = self._receive()
            if text.startswith("REGISTER "):
                contact = line(text, "Contact")
                self._respond(text, f"Contact: {contact};expires=60\r\n")
                return contact

    def hang_up(self, call_id: str, answer: str) -> None:
        """ACK and BYE for a call that was answered."""
        target = line(answer, "Contact").strip("<>")
        for method, cseq in (("ACK", 1), ("BYE", 2)):
            self.send(method, target, call_id, line(answer, "From"), line(answer, "To"), cseq=cseq)
        self.final(call_id)

    def _receive(self) -> str:
        text = self.socket.recv(65535).decode()
        if text.startswith("OPTIONS "):
            self._respond(text)
        return text

    def _respond(self, request: str, more: str = "") -> None:
        kept = [
            each
            for each in request.split("\r\n\r\n", maxsplit=1)[0].split("\r\n")[1:]
            if each.split(":")[0] in ("Via", "From", "To", "Call-ID", "CSeq")
        ]
        text = "\r\n".join(["SIP/2.0 200 OK", *kept]) + f"\r\n{more}Content-Length: 0\r\n\r\n"
        self.socket.sendto(text.encode(), self.sidecar)


def line(text: str, name: str) -> str:
    found = re.search(rf"^{name}: (.*?)\r$", text, re.MULTILINE)
    assert found is not None, text
    return found[1]


@pytest.fixture
def trunk() -> Iterator[Trunk]:
    made = Trunk()
    yield made
    made.socket.close()


@pytest.fixture
def asterisk() -> Iterator[Asterisk]:
    with Asterisk("uris", free_port(), registers=ONE_FILE) as running:
        yield running


@pytest.fixture
def sidecar(trunk: Trunk, asterisk: Asterisk, tmp_path: Path) -> Iterator[Sidecar]:
    with Sidecar(
        tmp_path / "sidecar",
        pbx=asterisk.address,
        trunk=f"{LOOPBACK}:{trunk.port}",
        rules=rule("off", name="registered", to=ONE_FILE) + rule("off", name="others"),
        port=asterisk.sidecar_port,
    ) as running:
        trunk.sidecar = (LOOPBACK, running.port)
        yield running


@pytest.mark.timeout(60)
def test_what_means_a_control_character_is_refused_and_asterisk_sees_nothing_of_it(
    trunk: Trunk, asterisk: Asterisk, sidecar: Sidecar
) -> None:
    asterisk.cli("pjsip set history on")
    trunk.registration()
    forged = "1%0aUniqueid%3a1.1%0a%0aEvent%3aNewexten%0aApplication%3aVoiceMail"

    called = trunk.invite(sidecar.uri(f"{PLAIN}%00x"))
    statuses = [trunk.final(called)[0]]
    calling = trunk.invite(sidecar.uri(PLAIN), forged)
    statuses.append(trunk.final(calling)[0])

    assert statuses == [400, 400]
    seen = asterisk.cli("pjsip show history")
    assert "REGISTER" in seen
    assert "INVITE" not in seen
    assert "0 calls processed" in asterisk.cli("core show channels count")
    assert sidecar.records() == []


@pytest.mark.timeout(60)
def test_a_registration_is_called_back_by_a_token_that_only_the_sidecar_can_make(
    trunk: Trunk, asterisk: Asterisk, sidecar: Sidecar
) -> None:
    contact = trunk.registration()
    uri = contact.strip("<>")
    assert asterisk.address not in contact
    assert uri.startswith(f"sip:{ONE_FILE}@{sidecar.address};csc=")

    called = trunk.invite(uri.replace(ONE_FILE, PLAIN))  # what stands outside changes nothing
    status, answer = trunk.final(called)
    trunk.hang_up(called, answer)
    (record,) = sidecar.wait_records(1)

    assert status == 200
    assert record["callee"] == ONE_FILE
    assert record["rule"] == "registered"
    sidecar.wait_idle()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("written", [TWICE.replace("+", "%2B"), f"{TWICE[:4]}-{TWICE[4:]};npdi"])
def test_asterisk_runs_the_number_that_was_judged(
    trunk: Trunk, asterisk: Asterisk, sidecar: Sidecar, written: str
) -> None:
    called = trunk.invite(sidecar.uri(written))
    status, answer = trunk.final(called)
    trunk.hang_up(called, answer)
    (record,) = sidecar.wait_records(1)

    assert status == 200
    assert record["callee"] == TWICE
    sidecar.wait_idle()
