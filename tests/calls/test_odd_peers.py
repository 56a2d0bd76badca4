"""One message of an otherwise usual call is odd: never a mistake of ours, and nothing is left."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.calls.agents import sdp
from tests.calls.world import BEFORE, NOTICE, OFF, PBX_MEDIA, SIDECAR, TRUNK_MEDIA, World

ODD = st.one_of(
    st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=30),
    st.sampled_from(
        [
            "",
            "*",
            ",a",
            "<>",
            "<sip:>",
            "<sip:a@[::1]:0>",
            "<sip:a@b:99999>",
            "<tel:+1>;tag=x",
            "sips:a@b",
            "<sip:a@b?Replaces=x>",
            "a;to-tag=;from-tag",
            "0",
            "4294967296",
            "99999999999",
            "1 1",
            "-1",
            "application/sdp;x=",
            "multipart/mixed",
            "multipart/mixed;boundary=x",
            "100rel,100rel",
            '"',
            "SIP/2.0/UDP x;branch=z9hG4bK",
            "IN IP4 224.0.0.1",
            "audio 0 RTP/AVP 0",
            "audio 70000 RTP/AVP 0",
            "audio 4000 RTP/SAVP 0",
        ]
    ),
).filter(lambda odd: not odd or odd.strip(" ,\t"))


def usual_call(w: World) -> None:
    """A call with a bit of everything in it."""
    refer = [("Refer-To", "<sip:1@198.51.100.20?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc>")]
    there = w.trunk.call(headers=[("Supported", "100rel"), ("Session-Expires", "1800")])
    w.settle()
    w.hear_notices()
    for here in w.pbx.calls[:1]:
        here.ring(183, sdp(PBX_MEDIA), reliable=True)
        w.settle()
        here.answer()
        w.settle()
        w.hear_notices()
        here.send("INVITE", body=sdp(PBX_MEDIA, version=2))
        w.settle()
        here.send("REFER", refer)
        w.settle()
        here.send("INFO", body=b"x")
        w.settle()
    if there.dialog is not None:
        there.send("UPDATE", body=sdp(TRUNK_MEDIA, version=2))
        w.settle()
        there.send("NOTIFY", [("Event", "refer")])
        w.settle()
        there.hang_up()
        w.settle()
    w.pbx.request("REGISTER", "sip:carrier.example", [("Contact", "<sip:a@198.51.100.20>")])
    w.settle()


def mutated(data: bytes, line: int, odd: bytes) -> bytes:
    """The message with the value of one line, of its head or its body, replaced."""
    lines = data.split(b"\r\n")
    place = 1 + line % (len(lines) - 1)
    for mark in (b": ", b"="):
        name, found, _ = lines[place].partition(mark)
        if found:
            lines[place] = name + mark + odd
            break
    return b"\r\n".join(lines)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    decision=st.sampled_from([OFF, NOTICE, BEFORE]),
    number=st.integers(0, 24),
    line=st.integers(0, 40),
    odd=ODD,
)
def test_an_odd_message_is_never_our_mistake(decision, number, line, odd):
    w = World(decision, trusted=True)
    sent = [0]
    carry = w.carry

    def carry_oddly(data, sender, to):
        if to == SIDECAR[0]:
            if sent[0] == number:
                data = mutated(data, line, odd.encode())
            sent[0] += 1
        carry(data, sender, to)

    w.carry = carry_oddly  # type: ignore[method-assign]
    usual_call(w)

    w.run(w.b2bua.close)
    w.check_nothing_is_left()
    assert w.counted("sip_rejected_total", reason="internal_error") == 0
