"""Session descriptions: read, written from the model with our address, and read again."""

from __future__ import annotations

from sidecar.sip.sdp import (
    Origin,
    SdpError,
    SessionDescription,
    address_of,
    anchor,
    check_usable,
    fitted,
    narrow,
)
from sidecar.sip.sdp.allowed import TABLE
from tests.fuzz import oracle

OURS = "203.0.113.7"
ORIGIN = Origin("-", 7, 1, "IN", "IP4", OURS)
PORTS = range(30000, 30064, 2)
NAMES = {"rtpmap", "fmtp", "sendrecv", "sendonly", "recvonly", "inactive"} | {
    each.name for each in TABLE
}


def attempt(data: bytes) -> None:
    """Read a body; where there is a second one behind a NUL, as the answer to the first."""
    body, _, answer = data.partition(b"\0")
    sdp = _read(body)
    if sdp is None:
        return
    written = _check(sdp, data)
    narrowed = narrow(sdp, frozenset({"PCMA", "PCMU"}))
    if narrowed is not None:
        _check(narrowed, data)
    answered = _read(answer)
    if answered is not None:
        told = fitted(answered, SessionDescription.parse(written))
        again = _check(told, data)
        kinds = written.count(b"m="), answer.count(b"m=")
        oracle.demand(again.count(b"m=") <= max(kinds), "an answer that asks", again)


def _read(body: bytes) -> SessionDescription | None:
    try:
        return SessionDescription.parse(body)
    except SdpError as error:
        oracle.demand(400 <= error.status <= 499, "no refusal", error.status)
        return None


def _check(sdp: SessionDescription, data: bytes) -> bytes:
    """Demand of what leaves all that can be demanded; return it."""
    _use(sdp)
    anchored = anchor(sdp, address=OURS, ports=PORTS, origin=ORIGIN)
    written = anchored.encode()
    oracle.description(written, OURS)
    oracle.bounded(written, data, 4096)
    lines = written.decode().split("\r\n")
    said = [line[2:].partition(":")[0] for line in lines if line.startswith("a=")]
    oracle.all_of(said, NAMES)
    again = SessionDescription.parse(written)
    twice = anchor(again, address=OURS, ports=PORTS, origin=ORIGIN).encode()
    oracle.demand(twice == written, "another spelling the second time", written, twice)
    return written


def _use(sdp: SessionDescription) -> None:
    """Ask for all that media is set up by."""
    try:
        check_usable(sdp, OURS)
        for index in range(len(sdp.media)):
            address_of(sdp, index)
    except SdpError as error:
        oracle.demand(400 <= error.status <= 499, "no refusal", error.status)
    for media in sdp.media:
        _ = media.ptime, media.maxptime, media.rtcp
