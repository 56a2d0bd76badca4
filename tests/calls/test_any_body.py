"""A hostile trunk that puts any body under any name into any message, at any moment of a call."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidecar.calls.crossing_table import BODIES, METHODS, Senders
from sidecar.sip.message import Request, respond
from tests.calls.agents import Outgoing, sdp
from tests.calls.world import BEFORE, NOTICE, OFF, SIDECAR, TRUNK_MEDIA, World

ELSEWHERE = "203.0.113.99"
SECRET = b"read me"
HIDDEN = sdp(ELSEWHERE).replace(b"v=0\r\n", b"")
NAMES = [body.name for body in BODIES]
PARTS = (
    b"--b\r\nContent-Type: text/plain\r\n\r\nread me\r\n"
    b"--b\r\nContent-Type:\tapplication/sdp\r\n\r\n" + sdp(ELSEWHERE) + b"\r\n--b--\r\n"
)
TYPES = st.one_of(
    st.sampled_from(NAMES),
    st.sampled_from(NAMES).map(lambda name: name.replace("/", "/\t")),
    st.sampled_from(NAMES).map(lambda name: f" {name.upper()} ;x=y"),
    st.sampled_from(
        ["", "application", "x/y", "multipart/mixed;boundary=b", "Multipart/\tmixed; boundary=b"]
    ),
)
PARSED = (sdp(TRUNK_MEDIA), sdp(TRUNK_MEDIA, version=2), sdp(ELSEWHERE))
OTHERS = (
    HIDDEN,
    PARTS,
    SECRET,
    b"SIP/2.0 200 read me\r\nread me",
    b"Signal=5\r\nread me",
    b"Messages-Waiting: yes\r\nread me: x\r\n\r\nread me",
    b"<picture_fast_update/>read me",
    b"\x00\xff",
)
BODY = st.sampled_from([*PARSED, *OTHERS])
EXTRA = st.lists(
    st.sampled_from(
        [
            ("Content-Type", "application/sdp"),
            ("Content-Encoding", "gzip"),
            ("Content-Encoding", "identity"),
            ("Content-Disposition", "session"),
            ("Content-Disposition", "render;handling=optional"),
            ("Content-Disposition", "early-session"),
            ("Event", "refer"),
            ("Require", "timer"),
        ]
    ),
    max_size=2,
)
METHOD = st.sampled_from(
    [*(each.name for each in METHODS if each.name not in ("ACK", "CANCEL")), "X"]
)
FITTING = st.sampled_from(
    [
        ("INFO", "application/dtmf-relay", OTHERS[4], []),
        ("INFO", "application/media_control+xml", OTHERS[6], []),
        ("NOTIFY", "message/sipfrag", OTHERS[3], [("Event", "refer")]),
        ("NOTIFY", "application/simple-message-summary", OTHERS[5], []),
        ("UPDATE", "application/\tsdp", HIDDEN, []),
        ("UPDATE", "multipart/mixed;boundary=b", PARTS, []),
        ("INVITE", "application/sdp", PARSED[1], [("Content-Disposition", "session")]),
    ]
)
STEP = st.one_of(FITTING, st.tuples(METHOD, TYPES, BODY, EXTRA))
SENT = frozenset(body.name for body in BODIES if body.senders is Senders.ANYONE)


def headers_of(kind: str, extra: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [*([("Content-Type", kind)] if kind else []), *extra]


def check(w: World) -> None:
    """Nothing has reached the PBX but what the table says, in our spelling."""
    for message in w.pbx.received:
        assert ELSEWHERE.encode() not in message.body
        assert SECRET not in message.encode()
        kinds = message.headers.get_all("Content-Type")
        assert len(kinds) == (1 if message.body else 0)
        assert set(kinds) <= SENT
        assert "Content-Encoding" not in message.headers
        assert "Content-Disposition" not in message.headers


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from([OFF, NOTICE, BEFORE]), st.lists(STEP, min_size=1, max_size=4), st.data())
def test_a_trunk_that_calls_gets_no_body_past_the_table(decision, steps, data):
    w = World(decision)
    there = w.trunk.call()
    w.settle()
    moment = data.draw(st.sampled_from(["ringing", "answered", "told"]))
    if moment != "ringing":
        w.hear_notices()
        for here in w.pbx.calls:
            here.answer()
        w.settle()
    if moment == "told":
        w.hear_notices()

    for method, kind, body, extra in steps:
        _send(w, there, method, headers_of(kind, extra), body)
        w.settle()

    check(w)
    w.b2bua.run(w.b2bua.close)
    w.check_nothing_is_left()
    assert w.counted("sip_rejected_total", reason="internal_error") == 0


def _send(
    w: World, there: Outgoing, method: str, headers: list[tuple[str, str]], body: bytes
) -> None:
    if there.dialog is None and not there.early:
        w.trunk.request(method, f"sip:100@{SIDECAR[0]}", headers, body)
        return
    dialog = there.dialog or next(iter(there.early.values()))
    request = dialog.request(method, headers, body)
    w.trunk.send(request, lambda _response: None)


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(100, 699).filter(lambda n: n != 100), TYPES, BODY, EXTRA)
def test_a_trunk_that_is_called_gets_no_body_past_the_table(status, kind, body, extra):
    w = World(NOTICE)
    w.pbx.call("+49301", caller="100")
    w.settle()
    here = w.trunk.calls[-1]
    response = respond(here.request, status, None, here.tag)
    for name, value in [("Contact", w.trunk.contact), *headers_of(kind, extra)]:
        response.headers.add(name, value)
    response.body = body
    w.trunk.layer.respond(here.transaction, response, w.now)
    w.trunk.flush()
    w.settle()

    for message in w.pbx.received:
        if not isinstance(message, Request) and message.body:
            assert message.headers.get_all("Content-Type") == ["application/sdp"]
    check(w)
    w.b2bua.run(w.b2bua.close)
    w.check_nothing_is_left()
    assert w.counted("sip_rejected_total", reason="internal_error") == 0
