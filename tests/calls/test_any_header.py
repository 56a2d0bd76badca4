"""Whatever header fields arrive, what leaves is in one spelling that others read as we do."""

from __future__ import annotations

import re

import sipmessage
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidecar.calls.crossing.header_policy import CROSSING, passed
from sidecar.sip.grammar import split_values
from sidecar.sip.header_names import COMPACT_FORMS
from sidecar.sip.headers import Headers
from sidecar.sip.message import Request
from sidecar.sip.parser import parse_message
from tests.calls.agents import sdp
from tests.calls.world import OFF, TRUNK_MEDIA, World

NAMES = [each.name for each in CROSSING]
DIALOG_S = ("v", "f", "t", "i", "l", "m", "r")
"""Names that dialogs and references are made of: they have tests of their own."""
SHORT = [name for name in COMPACT_FORMS if name not in DIALOG_S]
ODD_NAMES = [*NAMES, *SHORT, "X-Consent", "Record", "P-Auto", "Via2", "Geolocation"]
OURS = frozenset(
    (
        "Via",
        "Max-Forwards",
        "From",
        "To",
        "Call-ID",
        "CSeq",
        "Contact",
        "User-Agent",
        "X-Consent",
        "X-Record",
        "Content-Type",
        "Content-Length",
        "Supported",
    )
)
PIECES = st.sampled_from(
    [
        *';,=:/<>"()*?@ \t\\',
        "\\\0",
        "\x1b",
        "\x7f",
        "\x85",
        "\u2028",
        "\udcff",
        "\u00e9",
        "90",
        "refer",
        "id",
        "Digest ",
        "realm=",
        '"a"',
        '"\\"b"',
        "sip:a@b",
        "<sip:a%0a@b;x=y?z=1>",
        "application",
        "sdp",
        "SIP;cause=200",
        "refresher=uac",
        "expires",
        "%00",
        "Sat, 13 Nov 2010 23:29:00 GMT",
        "304 a ",
        "INVITE",
        "timer",
    ]
)
VALUES = st.one_of(
    st.lists(PIECES, max_size=9).map("".join),
    st.text(alphabet=st.characters(exclude_characters="\r\n\0", codec="utf-8"), max_size=40),
).map(lambda text: re.sub("(?<!\\\\)\0", "", text))
FIELDS = st.lists(st.tuples(st.sampled_from(ODD_NAMES), VALUES), max_size=6)
CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@settings(max_examples=400, deadline=None)
@given(FIELDS, st.booleans())
def test_what_crosses_is_canonical_and_means_the_same_when_it_is_read_again(fields, trusted):
    once = passed(Headers(fields), trusted=trusted)

    assert passed(Headers(once), trusted=trusted) == once
    for name, value in once:
        assert name == "Supported" or name in NAMES
        assert value == value.strip()
        assert value
        assert not CONTROLS.search(value)


@settings(max_examples=200, deadline=None)
@given(FIELDS)
def test_what_crosses_is_read_by_another_parser_as_it_is_by_ours(fields):
    crossing = passed(Headers(fields), trusted=True)
    needed = [
        ("Via", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1"),
        ("From", "<sip:a@b>;tag=1"),
        ("To", "<sip:b@b>"),
        ("Call-ID", "1"),
        ("CSeq", "1 OPTIONS"),
    ]
    written = Request("OPTIONS", "sip:a@b", Headers([*needed, *crossing])).encode()

    ours = parse_message(written)
    theirs = sipmessage.Message.parse(written)

    for name in {name for name, _ in crossing}:
        assert ours.headers.get_all(name) == theirs.headers.getlist(name)
    _same_meaning(ours.headers, theirs)


def _same_meaning(ours: Headers, theirs: sipmessage.Message) -> None:
    """Compare what sipmessage understands of a header with what we have written."""
    if "Expires" in ours:
        assert theirs.expires == int(ours.get("Expires"))
    if "Date" in ours:
        day, month, year = ours.get("Date").split()[1:4]
        assert theirs.date.strftime("%d %b %Y") == f"{day} {month} {year}"
    if "Accept" in ours:
        assert [str(each) for each in theirs.accept] == ours.values("Accept")
    if "Allow" in ours:
        assert theirs.allow == ours.values("Allow")


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(FIELDS, st.booleans())
def test_no_header_outside_the_table_leaves_and_no_call_hangs(fields, trusted):
    w = World(OFF, trusted=trusted)
    there = w.trunk.call(headers=fields, body=sdp(TRUNK_MEDIA))
    w.settle()

    assert bool(w.pbx.calls) is (there.status is None)
    for call in w.pbx.calls:
        for name, value in call.request.headers.items():
            assert name in OURS or name in NAMES
            assert name in ("Via", "From", "To") or not CONTROLS.search(value)
        assert call.request.headers.get_all("X-Consent") == ["off"]
        here = split_values(call.request.headers.get("Require") or "")
        assert set(here) <= {"100rel", "timer"}
    there.cancel()
    w.check_nothing_is_left()
    assert w.counted("sip_rejected_total", reason="internal_error") == 0
