"""Every message of RFC 5118 (IPv6 torture tests), with the RFC's verdict and ours.

The texts in `rfc5118/` are those of the RFC's section 4. Three of them carry a Content-Length
that was counted wrongly in the RFC: as printed, one is refused and two lose the end of their
body, which a test of its own says; the others give these three their right length.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from sidecar.sip.message import Message
from sidecar.sip.parser import MessageError, parse_message
from sidecar.sip.sdp import SessionDescription
from sidecar.sip.via import Via

Torture = Callable[[str, str], bytes]

FIELDS: dict[str, dict[str, object]] = {
    # section 4.1
    "ipv6-good": {
        "target.host": "2001:db8::10",
        "target.port": None,
        "via.host": "2001:db8::9:1",
        "contact.uri.host": "2001:db8::1",
    },
    # section 4.3: what is inside the brackets is one address
    "port-ambiguous": {"target.host": "2001:db8::10:5070", "target.port": None},
    # section 4.4
    "port-unambiguous": {"target.host": "2001:db8::10", "target.port": 5070},
    # section 4.5: both ways of writing the parameter are read
    "via-received-param-with-delim": {
        "via.received": "2001:db8::9:255",
        "via.branch": "z9hG4bKas3-111",
    },
    "via-received-param-no-delim": {
        "via.received": "2001:db8::9:255",
        "via.branch": "z9hG4bKas3",
    },
    # section 4.6
    "ipv6-in-sdp": {"target.host": "2001:db8::10", "to.uri.user": "user"},
    # section 4.7
    "mult-ip-in-header": {"via.host": "2001:db8::9:1", "via.port": 6050},
    # section 4.8
    "mult-ip-in-sdp": {"contact.uri.host": "2001:db8::9:1"},
    # section 4.9
    "ipv4-mapped-ipv6": {
        "via.host": "::ffff:192.0.2.10",
        "via.port": 19823,
        "contact.uri.host": "::ffff:192.0.2.2",
    },
    # section 4.10: three colons, which RFC 3261's grammar allows, are tolerated
    "ipv6-bug-abnf-3-colons": {"target.host": "2001:db8:::192.0.2.1"},
    "ipv6-correct-abnf-2-colons": {"target.host": "2001:db8::192.0.2.1"},
}


def read(message: Message, path: str) -> object:
    value: object = message
    for part in path.split("."):
        value = getattr(value, part)
    return value


def with_right_length(data: bytes) -> bytes:
    body = data.partition(b"\r\n\r\n")[2]
    return re.sub(rb"Content-Length: \d+", b"Content-Length: %d" % len(body), data)


def test_the_table_names_all_12_messages_of_the_rfc(
    torture_names: Callable[[str], set[str]],
) -> None:
    assert torture_names("rfc5118") == {*FIELDS, "ipv6-bad"}
    assert len(FIELDS) + 1 == 12


@pytest.mark.parametrize("name", FIELDS)
def test_a_valid_message_is_read_as_the_rfc_says(name: str, torture: Torture) -> None:
    message = parse_message(with_right_length(torture("rfc5118", name)))

    assert {path: read(message, path) for path in FIELDS[name]} == FIELDS[name]


@pytest.mark.parametrize("name", FIELDS)
def test_addresses_are_written_as_they_came(name: str, torture: Torture) -> None:
    data = with_right_length(torture("rfc5118", name))

    written = parse_message(data).encode()

    assert sorted(written.split(b"\r\n")) == sorted(data.split(b"\r\n"))


def test_an_address_without_brackets_is_refused_with_400(torture: Torture) -> None:
    with pytest.raises(MessageError) as refusal:
        parse_message(torture("rfc5118", "ipv6-bad"))  # section 4.2

    assert (refusal.value.status, refusal.value.reason) == (400, "Malformed URI")
    assert refusal.value.request is not None


def test_every_hop_of_a_mixed_route_is_read(torture: Torture) -> None:
    message = parse_message(torture("rfc5118", "mult-ip-in-header"))

    hops = [Via.parse(value) for value in message.headers.values("Via")]

    assert [(hop.transport, hop.host, hop.received) for hop in hops] == [
        ("UDP", "2001:db8::9:1", None),
        ("UDP", "192.0.2.1", None),
        ("TCP", "2001:db8::9:255", "192.0.2.200"),
    ]


def test_three_colons_mean_the_same_address_as_two(torture: Torture) -> None:
    odd = parse_message(torture("rfc5118", "ipv6-bug-abnf-3-colons"))
    right = parse_message(torture("rfc5118", "ipv6-correct-abnf-2-colons"))

    assert odd.to.uri.equivalent(right.to.uri)


@pytest.mark.parametrize(
    ("name", "addresses"),
    [
        ("ipv6-in-sdp", {"2001:db8::20"}),
        ("mult-ip-in-sdp", {"192.0.2.1", "2001:db8::1"}),
        ("ipv4-mapped-ipv6", {"::ffff:192.0.2.2"}),
    ],
)
def test_the_bodies_are_session_descriptions_with_ipv6_addresses(
    name: str, addresses: set[str], torture: Torture
) -> None:
    message = parse_message(with_right_length(torture("rfc5118", name)))

    description = SessionDescription.parse(message.body)

    assert len(description.media) == 2
    assert {a for a in addresses if f" {a}\r\n".encode() in description.encode()} == addresses


def test_the_lengths_the_rfc_miscounted_are_taken_at_their_word(torture: Torture) -> None:
    with pytest.raises(MessageError, match="Body Shorter"):
        parse_message(torture("rfc5118", "ipv6-in-sdp"))  # says 268 where there are 251

    assert len(parse_message(torture("rfc5118", "mult-ip-in-sdp")).body) == 181  # of 189
    assert len(parse_message(torture("rfc5118", "ipv4-mapped-ipv6")).body) == 236  # of 245
