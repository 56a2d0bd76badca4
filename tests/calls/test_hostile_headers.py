"""Headers that we read, with values that nobody should send: never a mistake of ours.

Whatever a side writes, it is answered or passed over; no call but that side's own ends by it.
"""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidecar.consent.decision import Decision
from sidecar.sip.message import respond
from tests.calls.agents import SDP_TYPE, sdp
from tests.calls.world import SIDECAR, TRUNK, TRUNK_MEDIA, World

READ = """Accept Allow Alert-Info Authorization CSeq Call-ID Call-Info Contact Content-Disposition
Content-Encoding Content-Length Content-Type Date Diversion Event Expires From History-Info
Identity Join Max-Forwards Min-SE P-Asserted-Identity P-Called-Party-ID P-Early-Media
P-Preferred-Identity Privacy Proxy-Require RAck RSeq Reason Record Record-Route Refer-To
Referred-By Reject-Contact Remote-Party-ID Replaces Require Retry-After Route Session-Expires
Subject Subscription-State Supported Target-Dialog Timestamp To Via WWW-Authenticate
Warning""".split()
METHODS = """INVITE REGISTER SUBSCRIBE NOTIFY MESSAGE OPTIONS REFER INFO UPDATE PRACK BYE CANCEL
ACK PUBLISH ODD""".split()
STATUSES = [100, 180, 181, 183, 199, 200, 202, 300, 302, 380, 401, 420, 422, 486, 503, 699]

PIECES = st.sampled_from(
    [
        b"", b" ", b"0", b"1", b"9" * 11, b"-1", b"\xd9\xa3", b"\xc2\xb2", b"1.5", b"1e3", b"%",
        b"%00", b"%0a", b"%ff", b"\xff", b"\xed\xa0\x80", b"\t", b"\\", b'"', b'"a', b'\\"', b"<",
        b">", b"<>", b"<<", b"@", b":", b";", b";;", b"=", b"?", b",", b"*", b"sip:", b"sip:a@b",
        b"<sip:a@b>", b"tel:1", b"tel:", b"urn:x", b"sip:[::1]", b"sip:[", b"sip:a@b:99999",
        b"<sip:a@b?Replaces=", b"<sip:a@b?Replaces=x%3Bto-tag%3D1>", b"?Reason=%ff", b";tag=",
        b";tag=\xff", b";expires=x", b";index=1", b";index=1.99999999", b";q=", b"SIP ;cause=",
        b"SIP;cause=\xd9\xa3", b"x;to-tag=1;from-tag=2", b"INVITE", b"1 INVITE", b"1 1 INVITE",
        b"99999999999 1 INVITE", b"application/sdp", b"multipart/mixed;boundary=", b"timer",
        b"100rel", b"replaces", b"90;refresher=uac", b"active;expires=\xff", b"on", b"off",
        b"id;user", b"SIP/2.0/UDP x;branch=z9hG4bK", b";received=\xff", b";rport=\xd9\xa3",
    ]
)  # fmt: skip
ODD = st.one_of(
    PIECES, st.binary(max_size=4).map(lambda b: b.replace(b"\r", b"").replace(b"\n", b""))
)
VALUES = st.lists(ODD, max_size=5).map(b"".join)
NAMES = st.sampled_from(READ)
LINES = st.lists(st.tuples(NAMES, VALUES), min_size=1, max_size=3)

often = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def spoilt(data: bytes, lines: list[tuple[str, bytes]], *, added: bool) -> bytes:
    """A message whose lines of these names are replaced, or come a second time."""
    head, _, body = data.partition(b"\r\n\r\n")
    start, *given = head.split(b"\r\n")
    names = {name.lower().encode() for name, _ in lines}
    if not added:
        given = [line for line in given if line.partition(b":")[0].lower() not in names]
    more = [name.encode() + b": " + value for name, value in lines]
    return b"\r\n".join([start, *given, *more, b"", body])


def request(method: str, uri: str = f"sip:100@{SIDECAR[0]}") -> bytes:
    body = sdp(TRUNK_MEDIA) if method == "INVITE" else b""
    lines = [
        f"{method} {uri} SIP/2.0",
        f"Via: SIP/2.0/UDP {TRUNK};branch=z9hG4bKhostile",
        f"From: <sip:1@{TRUNK}>;tag=a",
        f"To: <{uri}>",
        "Call-ID: hostile",
        f"CSeq: 1 {method}",
        f"Contact: <sip:1@{TRUNK}>",
        "Max-Forwards: 70",
        *(["Refer-To: <sip:2@x>"] if method == "REFER" else []),
        *(["Content-Type: application/sdp"] if body else []),
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def check(w: World) -> None:
    w.settle()
    assert w.counted("sip_rejected_total", reason="internal_error") == 0
    w.pass_time(1.0)
    assert w.counted("sip_rejected_total", reason="internal_error") == 0


@often
@given(st.sampled_from(METHODS), LINES, st.booleans(), st.booleans())
def test_hostile_headers_of_a_request_outside_of_calls_lead_to_no_fault(
    method, lines, added, trusted
):
    w = World(Decision(messages="allow"), trusted=trusted)

    w.trunk.throw(spoilt(request(method), lines, added=added))

    check(w)


@often
@given(st.sampled_from(METHODS), LINES, st.booleans(), st.booleans(), st.booleans())
def test_hostile_headers_of_a_request_within_a_call_lead_to_no_fault(
    method, lines, added, trusted, of_the_pbx
):
    w = World(Decision(messages="allow"), trusted=trusted)
    there, here = w.talk()
    dialog, agent = (here.dialog, w.pbx) if of_the_pbx else (there.dialog, w.trunk)
    made = dialog.request(method, [SDP_TYPE] if method == "INVITE" else [])
    made.body = sdp(agent.media, version=2) if method == "INVITE" else b""
    made.headers.prepend("Via", f"SIP/2.0/UDP {agent.host};branch=z9hG4bKhostile")

    agent.throw(spoilt(made.encode(), lines, added=added))

    check(w)


@often
@given(st.sampled_from(STATUSES), LINES, st.booleans(), st.booleans())
def test_hostile_headers_of_a_response_to_a_call_lead_to_no_fault(
    status, lines, added, of_the_trunk
):
    w = World(Decision(), trusted=True)
    if of_the_trunk:
        w.pbx.call("+49301", caller="100")
    else:
        w.trunk.call(headers=[("Supported", "100rel")])
    w.settle()
    agent = w.trunk if of_the_trunk else w.pbx
    called = agent.calls[0]
    made = respond(called.request, status, None, "there")
    made.headers.add("Contact", agent.contact)
    if status < 300:
        made.headers.add("Content-Type", "application/sdp")
        made.body = sdp(agent.media)

    agent.throw(spoilt(made.encode(), lines, added=added))

    check(w)


@often
@given(
    st.sampled_from(["REGISTER", "SUBSCRIBE", "MESSAGE", "REFER"]),
    st.sampled_from(STATUSES),
    LINES,
    st.booleans(),
)
def test_hostile_headers_of_a_response_to_what_is_relayed_lead_to_no_fault(
    method, status, lines, added
):
    w = World(Decision(messages="allow"))
    w.trunk.answers[method] = None
    w.pbx.request(
        method, "sip:100@carrier.example", [("Contact", w.pbx.contact), ("Refer-To", "<sip:1@x>")]
    )
    w.settle()
    made = respond(w.trunk.served[-1].request, status, None, "there")
    made.headers.add("Contact", w.trunk.contact)

    w.trunk.throw(spoilt(made.encode(), lines, added=added))

    check(w)


@often
@given(
    st.sampled_from(["INFO", "UPDATE", "REFER", "NOTIFY", "INVITE"]),
    st.sampled_from(STATUSES),
    LINES,
)
def test_hostile_headers_of_a_response_within_a_call_lead_to_no_fault(method, status, lines):
    w = World(Decision())
    there, _here = w.talk()
    w.pbx.answers[method] = None
    headers = [("Refer-To", "<sip:1@x>")] if method == "REFER" else []
    there.send(method, headers, sdp(TRUNK_MEDIA, version=2) if method == "INVITE" else b"")
    w.settle()
    made = respond(w.pbx.served[-1].request, status)
    made.headers.add("Contact", w.pbx.contact)

    w.pbx.throw(spoilt(made.encode(), lines, added=False))

    check(w)
