"""Keys that come by INFO, in every form that is about."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sidecar.consent.order import Order
from sidecar.media.engine import Side
from tests.calls.world import CODES, NOTICE

RELAY, PLAIN, EVENT = "application/dtmf-relay", "application/dtmf", "audio/telephone-event"
LISTENING = replace(NOTICE, codes=CODES)

STAR_NINE = [
    (RELAY, b"Signal=*\r\nDuration=160\r\n", b"Signal=9\r\nDuration=160\r\n"),
    (RELAY, b"Signal: *\r\nDuration: 160\r\n", b"Signal: 9\r\n"),
    (RELAY + ";charset=utf-8", b"signal = 10\n", b"signal = 9\n"),
    (PLAIN, b"*", b"9"),
    (PLAIN, b"d=*\r\n", b"d=9\r\n"),
    (PLAIN, b"Signal=10", b"Signal=9"),
    (EVENT, bytes((10, 0x8A, 5, 0)), bytes((9, 0x8A, 5, 0))),
]


@pytest.fixture
def up(world):
    w = world(LISTENING, recorder=True)
    there, here = w.talk()
    return w, there, here


def inform(w, neighbour, kind, body):
    asked = neighbour.send("INFO", [("Content-Type", kind)], body)
    w.settle()
    return asked


@pytest.mark.parametrize(("kind", "star", "nine"), STAR_NINE)
def test_a_code_is_obeyed_and_stays_here(up, kind, star, nine):
    w, there, _here = up
    asked = [inform(w, there, kind, body) for body in (star, nine)]
    w.settle()

    assert [each.status for each in asked] == [200, 200]
    assert w.pbx.heard("INFO") == []
    assert w.recording.orders[-1] is Order.STOP
    there.hang_up()


def test_an_event_that_begins_and_ends_is_one_key(up):
    w, there, _here = up
    inform(w, there, EVENT, bytes((5, 0x0A, 0, 160)))
    assert w.pbx.heard("INFO") == [], "it is only going down"
    inform(w, there, EVENT, bytes((5, 0x8A, 3, 32)))
    w.pass_time(2)

    (info,) = w.pbx.heard("INFO")
    assert info.headers.get("Content-Type") == EVENT
    assert info.body == bytes((5, 0x8A, 3, 32))
    there.hang_up()


@pytest.mark.parametrize(
    ("kind", "body", "written"),
    [
        ("Application/DTMF-Relay ; x=y", b"signal : 5", b"Signal=5\r\nDuration=100\r\n"),
        (PLAIN, b"d=5", b"5"),
    ],
)
def test_a_key_that_is_no_code_is_written_anew(up, kind, body, written):
    w, there, _here = up
    inform(w, there, kind, body)
    w.pass_time(2)

    (info,) = w.pbx.heard("INFO")
    assert info.headers.get("Content-Type") == kind.partition(";")[0].strip().lower()
    assert info.body == written
    there.hang_up()


@pytest.mark.parametrize("info_first", [True, False])
def test_a_key_by_info_and_as_an_event_is_one_key(up, info_first):
    w, there, _here = up
    if info_first:
        inform(w, there, RELAY, b"Signal=5\r\n")
        w.press(Side.A, "5")
    else:
        w.press(Side.A, "5")
        inform(w, there, RELAY, b"Signal=5\r\n")
    w.pass_time(2)

    assert len(w.pbx.heard("INFO")) + len(w.media.pressed) == 1
    there.hang_up()


@pytest.mark.parametrize(
    "lines",
    [
        [("Content-Type", "nonsense")],
        [("Content-Encoding", "gzip")],
    ],
)
def test_an_info_without_a_body_crosses_whatever_it_says_of_its_body(up, lines):
    w, there, _here = up

    there.send("INFO", lines)
    w.settle()

    (crossed,) = w.pbx.heard("INFO")
    assert "Content-Type" not in crossed.headers
    assert "Content-Encoding" not in crossed.headers
    assert w.counted("sip_rejected_total", reason="internal_error") == 0
    there.hang_up()
