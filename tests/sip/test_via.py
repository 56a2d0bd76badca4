"""The Via header field."""

from __future__ import annotations

import pytest

from sidecar.sip.errors import ParseError
from sidecar.sip.via import Via


@pytest.mark.parametrize(
    ("text", "via"),
    [
        ("SIP/2.0/UDP pbx1", Via("UDP", "pbx1")),
        ("SIP/2.0/TCP h:5070", Via("TCP", "h", 5070)),
        ("SIP/2.0/UDP [2001:db8::9:1]:6050", Via("UDP", "2001:db8::9:1", 6050)),
        (
            "SIP/2.0/TLS h;branch=z9hG4bKa;rport",
            Via("TLS", "h", None, (("branch", "z9hG4bKa"), ("rport", None))),
        ),
        ("SIP/3.0/X.y h", Via("X.Y", "h", protocol="SIP/3.0")),
    ],
)
def test_a_via_is_read_and_written(text: str, via: Via) -> None:
    assert Via.parse(text) == via
    assert Via.parse(str(via)) == via


@pytest.mark.parametrize(
    "text",
    [
        "SIP / 2.0 / UDP h : 5070 ; branch = z9hG4bKa",
        "SIP\t/2.0/\tUDP\th:\t5070;\tbranch=z9hG4bKa ",
        "SIP/2.0/udp h:5070;branch=z9hG4bKa",
    ],
)
def test_spaces_and_case_make_no_difference(text: str) -> None:
    assert Via.parse(text) == Via("UDP", "h", 5070, (("branch", "z9hG4bKa"),))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SIP/2.0 h",
        "SIP/2.0/UDP",
        "SIP/2.0/UDPh",
        "SIP/2.0/UDP h h",
        "SIP/2.0/UDP h:",
        "SIP/2.0/UDP h:0",
        "SIP/2.0/UDP h:65536",
        "SIP/2.0/UDP 2001:db8::1",
        "SIP/2.0/UDP [2001:db8::1",
        "SIP/2.0/UDP [x]",
        "SIP/2.0/UDP h;",
        "SIP/2.0/UDP h;;branch=a",
        "SIP/2.0/UDP h;branch=",
        "SIP/2.0/UDP h, SIP/2.0/UDP i",
        "SIP/2.0/UDP <h>",
        "SIP//UDP h",
    ],
)
def test_a_malformed_via_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        Via.parse(text)


def test_parameters_are_found_whatever_their_case() -> None:
    via = Via.parse("SIP/2.0/UDP h;Branch=z9hG4bKa;RECEIVED=192.0.2.1;RPort=5062;ttl=1")

    assert via.branch == "z9hG4bKa"
    assert via.received == "192.0.2.1"
    assert via.rport == 5062
    assert via.param("TTL") == "1"
    assert via.param("maddr") is None


@pytest.mark.parametrize(
    ("parameter", "asked", "port"),
    [
        ("", False, None),
        (";rport", True, None),
        (";rport=5062", True, 5062),
        (";rport=x", True, None),
        (";rport=99999999999999999999", True, None),
        (";rport=²", True, None),
    ],
)
def test_rport_is_absent_asked_for_or_told(parameter: str, asked: bool, port: int | None) -> None:
    via = Via.parse(f"SIP/2.0/UDP h;branch=z9hG4bKa{parameter}")

    assert (via.has_rport, via.rport) == (asked, port)


@pytest.mark.parametrize("written", ["2001:db8::9:255", "[2001:db8::9:255]"])
def test_received_is_read_with_and_without_brackets(written: str) -> None:
    assert Via.parse(f"SIP/2.0/UDP h;received={written}").received == "2001:db8::9:255"


def test_a_server_fills_in_where_a_request_came_from() -> None:
    via = Via.parse("SIP/2.0/UDP h;rport;branch=z9hG4bKa")

    via = via.with_param("rport", "5062").with_param("received", "192.0.2.1")

    assert str(via) == "SIP/2.0/UDP h;rport=5062;branch=z9hG4bKa;received=192.0.2.1"
