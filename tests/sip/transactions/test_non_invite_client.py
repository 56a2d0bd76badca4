"""The non-INVITE client transaction: every cell of its table and its schedules."""

from __future__ import annotations

import pytest

from sidecar.sip.transactions import vocabulary as word
from sidecar.sip.transactions.non_invite_client import TABLE

# (state, input) -> (next state, sent, told); what is not here changes nothing.
EXPECTED = {
    ("trying", "1xx"): ("proceeding", [], ["ResponseArrived"]),
    ("trying", "2xx-6xx"): ("completed", [], ["ResponseArrived"]),
    ("trying", "timer E"): ("trying", ["OPTIONS"], []),
    ("trying", "timer F"): ("terminated", [], ["TimedOut"]),
    ("trying", "transport error"): ("terminated", [], ["TransportFailed"]),
    ("proceeding", "1xx"): ("proceeding", [], ["ResponseArrived"]),
    ("proceeding", "2xx-6xx"): ("completed", [], ["ResponseArrived"]),
    ("proceeding", "timer E"): ("proceeding", ["OPTIONS"], []),
    ("proceeding", "timer F"): ("terminated", [], ["TimedOut"]),
    ("proceeding", "transport error"): ("terminated", [], ["TransportFailed"]),
    ("completed", "2xx-6xx"): ("completed", [], []),
    ("completed", "timer K"): ("terminated", [], []),
}

PATHS = {
    "trying": [],
    "proceeding": ["1xx"],
    "completed": ["2xx-6xx"],
    "terminated": ["transport error"],
}

INPUTS = sorted({name for row in TABLE.values() for name in row})


def put_in(bench, transaction, name):
    if name == word.PROVISIONAL:
        bench.answer(183)
    elif name == word.FINAL:
        bench.answer(404)
    elif name == word.TRANSPORT_ERROR:
        bench.layer.transport_failed(bench.flow, bench.now)
    else:
        transaction.handle(name, bench.now)
    bench.drain()


@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize("state", PATHS)
def test_each_input_in_each_state_does_what_the_rfc_says(bench, state, name):
    here = bench()
    transaction = here.send("OPTIONS")
    for step in PATHS[state]:
        put_in(here, transaction, step)
    assert transaction.state == state
    here.forget()

    put_in(here, transaction, name)

    outcome = (transaction.state, here.said(), here.told())
    assert outcome == EXPECTED.get((state, name), (state, [], []))


def test_the_expectations_and_the_table_name_the_same_cells():
    assert {(state, name) for state, row in TABLE.items() for name in row} == set(EXPECTED)


def test_a_request_is_repeated_at_doubling_gaps_of_t2_at_the_most(bench):
    here = bench()

    here.send("BYE")
    here.run_until(100)

    assert here.times("BYE") == [0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert here.told() == ["TimedOut"]
    assert len(here.layer) == len(here.timers) == 0


def test_timer_f_fires_at_64_times_t1_also_after_a_provisional(bench):
    here = bench()
    here.send("BYE")
    here.run_until(1)
    here.answer(100)

    here.run_until(31.999)
    assert here.told() == ["ResponseArrived"]
    here.run_until(32)

    assert here.told() == ["ResponseArrived", "TimedOut"]


def test_after_a_provisional_a_request_is_repeated_every_t2(bench):
    here = bench()
    here.send("REGISTER")
    here.run_until(0.7)

    here.answer(100)
    here.run_until(32)

    assert here.times("REGISTER") == [0, 0.5, 1.5, 5.5, 9.5, 13.5, 17.5, 21.5, 25.5, 29.5]


def test_a_reliable_transport_repeats_nothing_but_still_times_out(bench):
    here = bench("TLS")

    here.send("BYE")
    here.run_until(32)

    assert here.times("BYE") == [0]
    assert here.told() == ["TimedOut"]


def test_a_repeated_final_response_is_swallowed_until_timer_k(bench):
    here = bench()
    here.send("BYE")

    here.answer(200)
    here.run_until(4.9)
    here.answer(200)
    assert len(here.layer) == 1
    here.run_until(5)

    assert here.told() == ["ResponseArrived"]
    assert here.layer.counters.absorbed == 1
    assert len(here.layer) == len(here.timers) == 0


def test_over_a_reliable_transport_a_final_response_ends_the_transaction_at_once(bench):
    here = bench("TCP")
    here.send("BYE")

    here.answer(200)

    assert here.told() == ["ResponseArrived"]
    assert len(here.layer) == len(here.timers) == 0


def test_a_cancel_that_cannot_be_delivered_is_no_event_of_its_own(bench):
    here = bench()
    invite = here.send("INVITE")
    here.answer(180)
    here.layer.cancel(invite, 0)
    here.drain()

    here.layer.transport_failed(here.flow, 0)
    here.run_until(100)

    assert here.times("CANCEL") == [0]
    assert here.told() == ["ResponseArrived", "TimedOut"]
    assert len(here.layer) == 0


def test_an_unanswered_cancel_times_out_without_an_event(bench):
    here = bench()
    invite = here.send("INVITE")
    here.answer(180)
    here.layer.cancel(invite, 0)
    here.drain()

    here.run_until(100)

    assert len(here.times("CANCEL")) == 11
    assert here.told() == ["ResponseArrived", "TimedOut"]
