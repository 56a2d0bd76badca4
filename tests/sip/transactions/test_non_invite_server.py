"""The non-INVITE server transaction: every cell of its table and its timers."""

from __future__ import annotations

import pytest

from sidecar.sip.transactions import vocabulary as word
from sidecar.sip.transactions.non_invite_server import TABLE

# (state, input) -> (next state, sent, told); what is not here changes nothing.
EXPECTED = {
    ("trying", "request again"): ("trying", [], []),
    ("trying", "send 1xx"): ("proceeding", ["100"], []),
    ("trying", "send 2xx-6xx"): ("completed", ["404"], []),
    ("trying", "64*T1 unanswered"): ("terminated", [], []),
    ("proceeding", "request again"): ("proceeding", ["100"], []),
    ("proceeding", "send 1xx"): ("proceeding", ["100"], []),
    ("proceeding", "send 2xx-6xx"): ("completed", ["404"], []),
    ("proceeding", "64*T1 unanswered"): ("terminated", [], []),
    ("proceeding", "transport error"): ("terminated", [], ["TransportFailed"]),
    ("completed", "request again"): ("completed", ["404"], []),
    ("completed", "timer J"): ("terminated", [], []),
    ("completed", "transport error"): ("terminated", [], []),
}

PATHS = {
    "trying": [],
    "proceeding": ["send 1xx"],
    "completed": ["send 2xx-6xx"],
    "terminated": ["send 2xx-6xx", "timer J"],
}

INPUTS = sorted({name for row in TABLE.values() for name in row})


def put_in(bench, transaction, name):
    if name == word.REQUEST:
        bench.hear(bench.asked("INFO", in_dialog=True))
    elif name == word.SEND_PROVISIONAL:
        bench.respond(transaction, 100)
    elif name == word.SEND_FINAL:
        bench.respond(transaction, 404)
    elif name == word.TRANSPORT_ERROR:
        bench.layer.transport_failed(transaction.flow, bench.now)
    else:
        transaction.handle(name, bench.now)
    bench.drain()


@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize("state", PATHS)
def test_each_input_in_each_state_does_what_the_rfc_says(bench, state, name):
    here = bench()
    transaction = here.arrive(here.asked("INFO", in_dialog=True))
    for step in PATHS[state]:
        put_in(here, transaction, step)
    assert transaction.state == state
    here.forget()

    put_in(here, transaction, name)

    if (state, name) == ("terminated", "request again"):
        assert here.told() == ["RequestArrived"]  # it is a new one to the layer
    else:
        outcome = (transaction.state, here.said(), here.told())
        assert outcome == EXPECTED.get((state, name), (state, [], []))


def test_the_expectations_and_the_table_name_the_same_cells():
    assert {(state, name) for state, row in TABLE.items() for name in row} == set(EXPECTED)


def test_a_repeated_request_is_told_once_and_answered_until_timer_j(bench):
    here = bench()
    transaction = here.arrive(here.asked("BYE", in_dialog=True))
    here.hear(here.asked("BYE", in_dialog=True))
    here.run_until(1)
    here.respond(transaction, 200)

    for at in (4, 32.9):
        here.run_until(at)
        here.hear(here.asked("BYE", in_dialog=True))
    here.run_until(33)

    assert here.times(200) == [1, 4, 32.9]
    assert here.told() == ["RequestArrived"]
    assert here.layer.counters.absorbed == 3
    assert here.layer.counters.retransmitted == 2
    assert len(here.layer) == len(here.timers) == 0


def test_over_a_reliable_transport_the_answer_ends_the_transaction(bench):
    here = bench("TCP")
    transaction = here.arrive(here.asked("BYE", in_dialog=True))

    here.respond(transaction, 200)

    assert here.said() == ["200"]
    assert len(here.layer) == len(here.timers) == 0


def test_a_request_that_nobody_answers_is_forgotten_when_its_peer_has_given_up(bench):
    here = bench()
    transaction = here.arrive(here.asked("OPTIONS"))

    here.run_until(31.9)
    assert len(here.layer) == 1
    here.run_until(32)

    assert len(here.layer) == len(here.timers) == 0
    assert here.respond(transaction, 200) == b""
    assert here.said() == []


def test_a_second_final_response_is_not_sent(bench):
    here = bench()
    transaction = here.arrive(here.asked("OPTIONS"))
    here.respond(transaction, 200)

    assert here.respond(transaction, 500) == b""

    assert here.said() == ["200"]
