"""The INVITE client transaction: every cell of its table, its schedules, its races."""

from __future__ import annotations

import pytest

from sidecar.sip.message import Request, respond
from sidecar.sip.transactions import vocabulary as word
from sidecar.sip.transactions.invite_client import TABLE

# (state, input) -> (next state, sent, told); what is not here changes nothing.
EXPECTED = {
    ("calling", "1xx"): ("proceeding", [], ["ResponseArrived"]),
    ("calling", "2xx"): ("accepted", [], ["ResponseArrived"]),
    ("calling", "3xx-6xx"): ("completed", ["ACK"], ["ResponseArrived"]),
    ("calling", "CANCEL"): ("cancel waiting", [], []),
    ("calling", "timer A"): ("calling", ["INVITE"], []),
    ("calling", "timer B"): ("terminated", [], ["TimedOut"]),
    ("calling", "transport error"): ("terminated", [], ["TransportFailed"]),
    ("cancel waiting", "1xx"): ("cancelling", ["CANCEL"], ["ResponseArrived"]),
    ("cancel waiting", "2xx"): ("accepted", [], ["ResponseArrived"]),
    ("cancel waiting", "3xx-6xx"): ("completed", ["ACK"], ["ResponseArrived"]),
    ("cancel waiting", "timer A"): ("cancel waiting", ["INVITE"], []),
    ("cancel waiting", "timer B"): ("terminated", [], ["TimedOut"]),
    ("cancel waiting", "transport error"): ("terminated", [], ["TransportFailed"]),
    ("proceeding", "1xx"): ("proceeding", [], ["ResponseArrived"]),
    ("proceeding", "2xx"): ("accepted", [], ["ResponseArrived"]),
    ("proceeding", "3xx-6xx"): ("completed", ["ACK"], ["ResponseArrived"]),
    ("proceeding", "CANCEL"): ("cancelling", ["CANCEL"], []),
    ("proceeding", "timer C"): ("cancelling", ["CANCEL"], []),
    ("cancelling", "1xx"): ("cancelling", [], ["ResponseArrived"]),
    ("cancelling", "2xx"): ("accepted", [], ["ResponseArrived"]),
    ("cancelling", "3xx-6xx"): ("completed", ["ACK"], ["ResponseArrived"]),
    ("cancelling", "64*T1 after CANCEL"): ("terminated", [], ["TimedOut"]),
    ("accepted", "2xx"): ("accepted", [], ["ResponseArrived"]),
    ("accepted", "timer M"): ("terminated", [], []),
    ("completed", "3xx-6xx"): ("completed", ["ACK"], []),
    ("completed", "timer D"): ("terminated", [], []),
    ("completed", "transport error"): ("terminated", [], []),
}

PATHS = {
    "calling": [],
    "cancel waiting": ["CANCEL"],
    "proceeding": ["1xx"],
    "cancelling": ["1xx", "CANCEL"],
    "accepted": ["2xx"],
    "completed": ["3xx-6xx"],
    "terminated": ["transport error"],
}

INPUTS = sorted({name for row in TABLE.values() for name in row})


def put_in(bench, transaction, name):
    """Let an input happen as it does in life; timers are fired by hand."""
    if name == word.PROVISIONAL:
        bench.answer(180)
    elif name == word.SUCCESS:
        bench.answer(200)
    elif name == word.FAILURE:
        bench.answer(486)
    elif name == word.CANCEL:
        bench.layer.cancel(transaction, bench.now)
    else:
        transaction.handle(name, bench.now)
    bench.drain()


@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize("state", PATHS)
def test_each_input_in_each_state_does_what_the_rfc_says(bench, state, name):
    here = bench()
    transaction = here.send("INVITE")
    for step in PATHS[state]:
        put_in(here, transaction, step)
    assert transaction.state == state
    here.forget()

    put_in(here, transaction, name)

    outcome = (transaction.state, here.said(), here.told())
    assert outcome == EXPECTED.get((state, name), (state, [], []))


def test_the_expectations_and_the_table_name_the_same_cells():
    assert {(state, name) for state, row in TABLE.items() for name in row} == set(EXPECTED)


def test_an_invite_is_repeated_at_doubling_gaps_until_timer_b(bench):
    here = bench()

    transaction = here.send("INVITE")
    here.run_until(100)

    assert here.times("INVITE") == [0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert here.told() == ["TimedOut"]
    assert here.now == 100
    assert transaction.state == "terminated"
    assert len(here.layer) == len(here.timers) == 0


def test_timer_b_fires_at_64_times_t1(bench):
    here = bench()
    here.send("INVITE")

    here.run_until(31.999)
    assert here.told() == []
    here.run_until(32)

    assert here.told() == ["TimedOut"]


def test_a_reliable_transport_repeats_nothing_but_still_times_out(bench):
    here = bench("TCP")

    here.send("INVITE")
    here.run_until(32)

    assert here.times("INVITE") == [0]
    assert here.told() == ["TimedOut"]


def test_a_provisional_ends_the_repetitions(bench):
    here = bench()
    here.send("INVITE")
    here.run_until(2)

    here.answer(100)
    here.run_until(200)

    assert here.times("INVITE") == [0, 0.5, 1.5]
    assert here.told() == ["ResponseArrived"]


def test_the_ack_to_a_failure_takes_the_way_of_its_invite(bench):
    here = bench()
    here.send(
        "INVITE",
        [
            ("Route", "<sip:first.example.net;lr>"),
            ("Route", "<sip:second.example.net;lr>"),
            ("Proxy-Authorization", 'Digest username="a", response="b"'),
            ("Supported", "timer"),
        ],
    )
    invite = here.sent[0][1]

    here.answer(404, to_tag="final")

    ack, flow = here.sent[-1][1:]
    assert isinstance(ack, Request)
    assert ack.method == "ACK"
    assert ack.uri == invite.uri
    assert ack.headers.get_all("Via") == invite.headers.get_all("Via")
    assert ack.headers.get_all("Route") == invite.headers.get_all("Route")
    assert ack.headers.get("From") == invite.headers.get("From")
    assert ack.headers.get("To") == "<sip:callee@example.com>;tag=final"
    assert ack.headers.get("Call-ID") == invite.headers.get("Call-ID")
    assert ack.headers.get("CSeq") == "1 ACK"
    assert ack.headers.get("Proxy-Authorization") == 'Digest username="a", response="b"'
    assert "Supported" not in ack.headers
    assert flow == here.flow


def test_a_lost_ack_is_repeated_for_each_repeated_failure_until_timer_d(bench):
    here = bench()
    here.send("INVITE")
    here.answer(486)

    for at in (0.5, 1.5, 31.9):
        here.run_until(at)
        here.answer(486)
    here.run_until(32)
    here.answer(486)

    assert here.times("ACK") == [0, 0.5, 1.5, 31.9]
    assert here.told() == ["ResponseArrived"]
    assert len(here.layer) == 0


def test_over_a_reliable_transport_a_failure_ends_the_transaction_at_once(bench):
    here = bench("TCP")
    here.send("INVITE")

    here.answer(486)

    assert here.said() == ["INVITE", "ACK"]
    assert here.told() == ["ResponseArrived"]
    assert len(here.layer) == len(here.timers) == 0


@pytest.mark.parametrize("transport", ["UDP", "TCP"])
def test_a_second_2xx_of_another_fork_is_told_until_timer_m(bench, transport):
    here = bench(transport)
    transaction = here.send("INVITE")
    here.answer(200, to_tag="one")

    here.run_until(10)
    here.answer(200, to_tag="two")
    here.run_until(31.9)
    here.answer(200, to_tag="one")
    here.run_until(32)
    here.answer(200, to_tag="two")

    assert [event.response.to_tag for event in here.events] == ["one", "two", "one"]
    assert here.said() == ["INVITE"]
    assert transaction.state == "terminated"
    assert len(here.layer) == 0


def test_a_2xx_keeps_the_request_for_the_forks_to_come(bench):
    here = bench()
    transaction = here.send("INVITE")
    here.answer(200, to_tag="one")
    here.drain()

    here.answer(200, to_tag="two")

    assert transaction.request.method == "INVITE"


def test_a_cancel_waits_for_a_provisional(bench):
    here = bench()
    transaction = here.send("INVITE")

    here.layer.cancel(transaction, here.now)
    here.run_until(1)
    assert "CANCEL" not in here.said()
    here.answer(100)

    assert here.said() == ["INVITE", "INVITE", "CANCEL"]


def test_a_cancel_is_built_from_its_invite(bench):
    here = bench()
    transaction = here.send("INVITE", [("Route", "<sip:first.example.net;lr>")])
    invite = here.sent[0][1]
    here.answer(180, to_tag="early")

    here.layer.cancel(transaction, here.now, [("Reason", "SIP;cause=200")])
    here.drain()

    cancel = here.sent[-1][1]
    assert isinstance(cancel, Request)
    assert cancel.method == "CANCEL"
    assert cancel.uri == invite.uri
    for name in ("Via", "Route", "From", "To", "Call-ID"):
        assert cancel.headers.get_all(name) == invite.headers.get_all(name)
    assert cancel.headers.get("CSeq") == "1 CANCEL"
    assert cancel.headers.get("Reason") == "SIP;cause=200"


def test_a_cancel_is_repeated_like_any_request_and_its_answer_is_told_to_nobody(bench):
    here = bench()
    transaction = here.send("INVITE")
    here.answer(180)
    here.layer.cancel(transaction, 0)
    here.drain()
    cancel = next(message for _, message, _ in here.sent if message.cseq.method == "CANCEL")

    here.run_until(2)
    here.hear(respond(cancel, 200))
    here.run_until(20)

    assert here.times("CANCEL") == [0, 0.5, 1.5]
    assert here.told() == ["ResponseArrived"]


def test_a_second_cancel_is_not_sent(bench):
    here = bench()
    transaction = here.send("INVITE")
    here.answer(180)

    here.layer.cancel(transaction, here.now)
    here.layer.cancel(transaction, here.now)
    here.drain()

    assert here.said().count("CANCEL") == 1


@pytest.mark.parametrize("status", [200, 486])
def test_nothing_is_cancelled_after_a_final_response(bench, status):
    here = bench()
    transaction = here.send("INVITE")
    here.answer(180)
    here.answer(status)

    here.layer.cancel(transaction, here.now)
    here.run_until(100)

    assert "CANCEL" not in here.said()
    assert len(here.layer) == 0


def test_a_200_that_crosses_the_cancel_wins(bench):
    here = bench()
    transaction = here.send("INVITE")
    here.answer(180)
    here.layer.cancel(transaction, here.now)

    here.answer(200)

    assert transaction.state == "accepted"
    assert here.told() == ["ResponseArrived", "ResponseArrived"]
    here.run_until(100)
    assert len(here.layer) == len(here.timers) == 0


def test_a_200_that_comes_before_any_provisional_is_not_cancelled(bench):
    here = bench()
    transaction = here.send("INVITE")
    here.layer.cancel(transaction, here.now)

    here.answer(200)

    assert transaction.state == "accepted"
    assert "CANCEL" not in here.said()


def test_a_cancelled_invite_without_a_final_response_ends_64_t1_after_the_cancel(bench):
    here = bench()
    transaction = here.send("INVITE")
    here.answer(180)
    here.run_until(7)
    here.layer.cancel(transaction, here.now)

    here.run_until(38.9)
    assert "TimedOut" not in here.told()
    here.run_until(39)

    assert here.told() == ["ResponseArrived", "TimedOut"]
    assert len(here.layer) == len(here.timers) == 0


def test_a_487_ends_a_cancelled_invite_with_an_ack(bench):
    here = bench()
    transaction = here.send("INVITE")
    here.answer(180)
    here.layer.cancel(transaction, here.now)

    here.answer(487)
    here.run_until(100)

    assert here.times("ACK") == [0]
    assert [event.response.status for event in here.events] == [180, 487]
    assert len(here.layer) == 0


def test_a_peer_that_rings_for_ever_is_cancelled_by_timer_c(bench):
    here = bench()
    here.send("INVITE")
    here.answer(180)
    here.run_until(200)
    here.answer(180)

    here.run_until(439)
    assert "CANCEL" not in here.said()
    here.run_until(500)

    assert here.times("CANCEL")[0] == 440
    assert here.told()[-1] == "TimedOut"
    assert len(here.layer) == len(here.timers) == 0


def test_only_an_invite_can_be_cancelled(bench):
    here = bench()
    transaction = here.send("OPTIONS")

    with pytest.raises(ValueError, match="INVITE"):
        here.layer.cancel(transaction, here.now)
