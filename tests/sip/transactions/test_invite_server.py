"""The INVITE server transaction: every cell of its table, its schedules, lost ACKs, CANCEL."""

from __future__ import annotations

import pytest

from sidecar.sip.transactions import vocabulary as word
from sidecar.sip.transactions.invite_server import TABLE

# (state, input) -> (next state, sent, told); what is not here changes nothing.
EXPECTED = {
    ("proceeding", "request again"): ("proceeding", ["180"], []),
    ("proceeding", "send 1xx"): ("proceeding", ["183"], []),
    ("proceeding", "send 2xx"): ("accepted", ["200"], []),
    ("proceeding", "send 3xx-6xx"): ("completed", ["486"], []),
    ("proceeding", "CANCEL"): ("cancelled", ["200"], ["CancelArrived"]),
    ("proceeding", "transport error"): ("proceeding", [], ["TransportFailed"]),
    ("cancelled", "request again"): ("cancelled", ["180"], []),
    ("cancelled", "send 1xx"): ("cancelled", ["183"], []),
    ("cancelled", "send 2xx"): ("accepted", ["200"], []),
    ("cancelled", "send 3xx-6xx"): ("completed", ["486"], []),
    ("cancelled", "transport error"): ("cancelled", [], ["TransportFailed"]),
    ("accepted", "request again"): ("accepted", [], []),
    ("accepted", "send 2xx"): ("accepted", ["200"], []),
    ("accepted", "ACK"): ("accepted", [], ["AckArrived"]),
    ("accepted", "timer L"): ("terminated", [], []),
    ("completed", "request again"): ("completed", ["486"], []),
    ("completed", "ACK"): ("confirmed", [], []),
    ("completed", "timer G"): ("completed", ["486"], []),
    ("completed", "timer H"): ("terminated", [], ["TimedOut"]),
    ("confirmed", "request again"): ("confirmed", [], []),
    ("confirmed", "ACK"): ("confirmed", [], []),
    ("confirmed", "timer I"): ("terminated", [], []),
}

PATHS = {
    "proceeding": [],
    "cancelled": ["CANCEL"],
    "accepted": ["send 2xx"],
    "completed": ["send 3xx-6xx"],
    "confirmed": ["send 3xx-6xx", "ACK"],
    "terminated": ["send 2xx", "timer L"],
}

INPUTS = sorted({name for row in TABLE.values() for name in row})

# A CANCEL is answered 200 as long as its INVITE is known, 481 afterwards; and what comes for a
# terminated transaction is new to the layer. Neither is the machine's doing.
BEYOND_THE_MACHINE = {
    ("cancelled", "CANCEL"): ["200"],
    ("accepted", "CANCEL"): ["200"],
    ("completed", "CANCEL"): ["200"],
    ("confirmed", "CANCEL"): ["200"],
    ("terminated", "CANCEL"): ["481"],
    ("terminated", "ACK"): ["AckArrived"],
    ("terminated", "request again"): ["100", "RequestArrived"],
}


def put_in(bench, transaction, name):
    if name == word.REQUEST:
        bench.hear(bench.asked("INVITE"))
    elif name in (word.ACK, word.CANCEL):
        bench.hear(bench.asked(name, to_tag="ours" if name == "ACK" else ""))
    elif name == word.SEND_PROVISIONAL:
        bench.respond(transaction, 183)
    elif name == word.SEND_SUCCESS:
        bench.respond(transaction, 200)
    elif name == word.SEND_FAILURE:
        bench.respond(transaction, 486)
    elif name == word.TRANSPORT_ERROR:
        bench.layer.transport_failed(transaction.flow, bench.now)
    else:
        transaction.handle(name, bench.now)
    bench.drain()


@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize("state", PATHS)
def test_each_input_in_each_state_does_what_the_rfc_says(bench, state, name):
    here = bench()
    transaction = here.arrive(here.asked("INVITE"))
    here.respond(transaction, 180)
    for step in PATHS[state]:
        put_in(here, transaction, step)
    assert transaction.state == state
    here.forget()

    put_in(here, transaction, name)

    if (state, name) in BEYOND_THE_MACHINE:
        assert transaction.state == state
        assert here.said() + here.told() == BEYOND_THE_MACHINE[state, name]
    else:
        outcome = (transaction.state, here.said(), here.told())
        assert outcome == EXPECTED.get((state, name), (state, [], []))


def test_the_expectations_and_the_table_name_the_same_cells():
    assert {(state, name) for state, row in TABLE.items() for name in row} == set(EXPECTED)


def test_an_invite_is_answered_100_at_once_and_told_once(bench):
    here = bench()

    here.arrive(here.asked("INVITE"))
    here.hear(here.asked("INVITE"))

    assert here.said() == ["100", "100"]
    assert here.told() == ["RequestArrived"]
    assert here.sent[0][1].to_tag is None
    assert here.layer.counters.absorbed == 1


@pytest.mark.parametrize("status", [180, 486])
def test_a_repeated_invite_gets_the_very_bytes_of_the_latest_response(bench, status):
    here = bench()
    transaction = here.arrive(here.asked("INVITE"))
    data = here.respond(transaction, status)

    here.layer.receive(here.asked("INVITE"), here.flow, 0.0)

    assert here.layer.take_outbox() == [(data, transaction.flow)]


def test_a_failure_is_repeated_at_doubling_gaps_of_t2_at_the_most_until_timer_h(bench):
    here = bench()
    transaction = here.arrive(here.asked("INVITE"))
    here.run_until(10)

    here.respond(transaction, 503)
    here.run_until(100)

    gone = [at - 10 for at in here.times(503)]
    assert gone == [0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert here.told() == ["RequestArrived", "TimedOut"]
    assert len(here.layer) == len(here.timers) == 0


def test_over_a_reliable_transport_a_failure_is_sent_once_and_waits_for_its_ack(bench):
    here = bench("TCP")
    transaction = here.arrive(here.asked("INVITE"))
    here.respond(transaction, 503)

    here.run_until(31.9)
    assert here.times(503) == [0]
    here.hear(here.asked("ACK", to_tag="ours"))

    assert here.told() == ["RequestArrived"]
    assert len(here.layer) == len(here.timers) == 0


def test_the_ack_to_a_failure_ends_its_repetition_and_is_told_to_nobody(bench):
    here = bench()
    transaction = here.arrive(here.asked("INVITE"))
    here.respond(transaction, 486)
    here.run_until(0.6)

    here.hear(here.asked("ACK", to_tag="ours"))
    here.hear(here.asked("ACK", to_tag="ours"))
    here.run_until(5.5)
    assert len(here.layer) == 1
    here.run_until(5.6)

    assert here.times(486) == [0, 0.5]
    assert here.told() == ["RequestArrived"]
    assert len(here.layer) == len(here.timers) == 0


@pytest.mark.parametrize("transport", ["UDP", "TCP"])
def test_an_invite_repeated_after_its_2xx_is_swallowed_until_timer_l(bench, transport):
    here = bench(transport)
    transaction = here.arrive(here.asked("INVITE"))
    here.respond(transaction, 200)

    for at in (0.5, 31.9):
        here.run_until(at)
        here.hear(here.asked("INVITE"))

    assert here.times(200) == [0]
    assert here.told() == ["RequestArrived"]
    here.run_until(32)
    assert len(here.layer) == len(here.timers) == 0


def test_the_layer_does_not_repeat_a_2xx_by_itself(bench):
    here = bench()
    transaction = here.arrive(here.asked("INVITE"))

    here.respond(transaction, 200)
    here.run_until(100)

    assert here.times(200) == [0]


def test_an_ack_to_a_2xx_has_a_branch_of_its_own_and_is_told(bench):
    here = bench()
    transaction = here.arrive(here.asked("INVITE"))
    here.respond(transaction, 200)
    here.forget()

    here.hear(here.asked("ACK", "z9hG4bK-ack", to_tag="ours"))

    (event,) = here.events
    assert type(event).__name__ == "AckArrived"
    assert event.transaction is None
    assert event.flow == here.flow


def test_an_ack_to_a_2xx_on_the_branch_of_its_invite_is_told_with_the_transaction(bench):
    here = bench()
    transaction = here.arrive(here.asked("INVITE"))
    here.respond(transaction, 200)
    here.forget()

    here.hear(here.asked("ACK", to_tag="ours"))

    assert here.events[0].transaction is transaction


def test_a_cancel_is_answered_each_time_and_told_once(bench):
    here = bench()
    transaction = here.arrive(here.asked("INVITE"))
    here.forget()

    here.hear(here.asked("CANCEL"))
    here.hear(here.asked("CANCEL"))

    assert here.said() == ["200", "200"]
    assert here.told() == ["CancelArrived"]
    assert here.events[0].transaction is transaction
    assert here.sent[0][1].to_tag == here.sent[1][1].to_tag is not None
    assert len(here.layer) == 1


def test_the_answer_to_a_cancel_has_the_to_tag_of_the_invites_responses(bench):
    here = bench()
    transaction = here.arrive(here.asked("INVITE"))
    here.respond(transaction, 180, tag="early")

    here.hear(here.asked("CANCEL"))

    assert here.sent[-1][1].to_tag == "early"
    assert here.sent[-1][1].cseq.method == "CANCEL"


def test_a_487_to_a_cancelled_invite_is_repeated_until_its_ack(bench):
    here = bench()
    transaction = here.arrive(here.asked("INVITE"))
    here.hear(here.asked("CANCEL"))
    here.respond(transaction, 487)

    here.run_until(1.6)
    here.hear(here.asked("ACK", to_tag="ours"))
    here.run_until(100)

    assert here.times(487) == [0, 0.5, 1.5]
    assert len(here.layer) == len(here.timers) == 0


def test_a_200_that_crosses_a_cancel_is_sent(bench):
    here = bench()
    transaction = here.arrive(here.asked("INVITE"))
    here.hear(here.asked("CANCEL"))

    assert here.respond(transaction, 200)

    assert transaction.state == "accepted"


def test_a_cancel_after_the_200_is_answered_and_changes_nothing(bench):
    here = bench()
    transaction = here.arrive(here.asked("INVITE"))
    here.respond(transaction, 200)
    here.forget()

    here.hear(here.asked("CANCEL"))

    assert here.said() == ["200"]
    assert here.told() == []
    assert transaction.state == "accepted"


def test_a_cancel_of_nothing_is_answered_481(bench):
    here = bench()

    here.hear(here.asked("CANCEL"))

    assert here.said() == ["481"]
    assert here.told() == []
    assert len(here.layer) == 0


@pytest.mark.parametrize("first", [200, 486])
@pytest.mark.parametrize("late", [180, 487])
def test_what_comes_after_the_final_response_is_not_sent(bench, first, late):
    here = bench()
    transaction = here.arrive(here.asked("INVITE"))
    here.respond(transaction, first)
    here.forget()

    assert here.respond(transaction, late) == b""

    assert here.said() == []


def test_an_answered_invite_lets_go_of_its_messages(bench):
    here = bench()
    transaction = here.arrive(here.asked("INVITE"))
    here.respond(transaction, 200)
    here.drain()

    assert transaction.last_response == b""
    with pytest.raises(LookupError):
        _ = transaction.request
