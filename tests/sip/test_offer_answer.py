from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product

import pytest

from sidecar.sip.offer_answer import (
    PATTERNS,
    TABLE,
    Carrier,
    Event,
    Glare,
    OfferAnswer,
    OfferAnswerError,
    Origins,
    Overlap,
    Role,
    State,
    Unexpected,
)
from sidecar.sip.sdp import Origin, SessionDescription, make_offer


def body(port: int) -> SessionDescription:
    return make_offer("192.0.2.1", port, Origin("-", 1, 1, "IN", "IP4", "192.0.2.1"), ("PCMU",))


OFFER, ANSWER, OTHER = body(1000), body(2000), body(3000)

ACTS: dict[Event, Callable[[OfferAnswer], None]] = {
    Event.LOCAL_OFFER: lambda exchange: exchange.local_offer(OTHER),
    Event.REMOTE_OFFER: lambda exchange: exchange.remote_offer(OTHER),
    Event.LOCAL_ANSWER: lambda exchange: exchange.local_answer(OTHER),
    Event.REMOTE_ANSWER: lambda exchange: exchange.remote_answer(OTHER),
    Event.REJECT: lambda exchange: exchange.reject(),
}


def in_state(state: State) -> OfferAnswer:
    """An exchange in `state` that once agreed on OFFER (ours) and ANSWER (theirs)."""
    exchange = OfferAnswer()
    exchange.local_offer(OFFER)
    exchange.remote_answer(ANSWER)
    if state is State.LOCAL_OFFER:
        exchange.local_offer(body(4000))
    elif state is State.REMOTE_OFFER:
        exchange.remote_offer(body(5000))
    return exchange


def test_the_table_has_a_row_for_every_state_and_event() -> None:
    assert set(TABLE) == set(product(State, Event))


@pytest.mark.parametrize(("state", "event"), TABLE)
def test_every_row_of_the_table_is_what_happens(state: State, event: Event) -> None:
    exchange = in_state(state)
    agreed = (exchange.local, exchange.remote)
    following = TABLE[state, event]

    if not isinstance(following, State):
        with pytest.raises(following):
            ACTS[event](exchange)
        assert exchange.state is state
        assert (exchange.local, exchange.remote) == agreed
        return
    ACTS[event](exchange)

    assert exchange.state is following
    assert (exchange.offered is None) == (following is State.STABLE)
    closed = event in (Event.LOCAL_ANSWER, Event.REMOTE_ANSWER)
    assert ((exchange.local, exchange.remote) == agreed) != closed


def test_from_every_state_there_is_a_way_back_to_stable() -> None:
    for state in State:
        assert TABLE[state, Event.REJECT] is State.STABLE


def test_an_offer_and_its_answer_become_what_is_agreed() -> None:
    exchange = OfferAnswer()

    exchange.remote_offer(OFFER)
    assert (exchange.local, exchange.remote, exchange.offered) == (None, None, OFFER)
    exchange.local_answer(ANSWER)

    assert (exchange.local, exchange.remote, exchange.offered) == (ANSWER, OFFER, None)


def test_a_rejected_offer_falls_back_to_what_was_agreed() -> None:
    exchange = in_state(State.LOCAL_OFFER)

    exchange.reject()

    assert (exchange.local, exchange.remote) == (OFFER, ANSWER)


@pytest.mark.parametrize(
    ("state", "event", "error", "status"),
    [
        (State.LOCAL_OFFER, Event.REMOTE_OFFER, Glare, 491),
        (State.REMOTE_OFFER, Event.LOCAL_OFFER, Glare, 491),
        (State.REMOTE_OFFER, Event.REMOTE_OFFER, Overlap, 500),
        (State.STABLE, Event.REMOTE_ANSWER, Unexpected, 488),
    ],
)
def test_an_untimely_description_says_how_to_answer_it(
    state: State, event: Event, error: type[OfferAnswerError], status: int
) -> None:
    with pytest.raises(error) as refused:
        ACTS[event](in_state(state))

    assert refused.value.status == status
    assert event.value in refused.value.reason.lower()


def test_an_answer_with_more_media_lines_than_the_offer_is_refused() -> None:
    exchange = OfferAnswer()
    exchange.local_offer(OFFER)
    twice = replace(ANSWER, media=ANSWER.media * 2)

    with pytest.raises(Unexpected):
        exchange.remote_answer(twice)

    assert exchange.state is State.LOCAL_OFFER


# -- what a message carries (RFC 6337, table 1) -----------------------------------------------


@pytest.mark.parametrize(
    ("offer_in", "answer_in"),
    [(offer, answer) for offer, answers in PATTERNS.items() for answer in answers],
)
@pytest.mark.parametrize("we_offer", [True, False])
def test_each_pattern_of_the_rfc_is_an_offer_and_an_answer(
    offer_in: Carrier, answer_in: Carrier, we_offer: bool
) -> None:
    exchange = OfferAnswer()
    offerer, answerer = exchange.sent, exchange.received
    if not we_offer:
        offerer, answerer = answerer, offerer

    assert offerer(offer_in, OFFER) is Role.OFFER
    assert answerer(answer_in, ANSWER) is Role.ANSWER

    expected = (OFFER, ANSWER) if we_offer else (ANSWER, OFFER)
    assert (exchange.local, exchange.remote) == expected


@pytest.mark.parametrize("offer_in", PATTERNS)
def test_the_last_message_that_could_answer_must(offer_in: Carrier) -> None:
    exchange = OfferAnswer()
    exchange.sent(offer_in, OFFER)

    with pytest.raises(Unexpected, match="No answer in"):
        exchange.received(PATTERNS[offer_in][-1], None)


@pytest.mark.parametrize("carrier", [Carrier.ACK, Carrier.PRACK_OK, Carrier.UPDATE_OK])
def test_a_description_in_a_message_that_cannot_offer_needs_an_offer_before_it(
    carrier: Carrier,
) -> None:
    with pytest.raises(Unexpected, match="without an offer"):
        OfferAnswer().received(carrier, OFFER)


def test_an_unreliable_18x_shows_the_answer_early_and_the_200_makes_it_binding() -> None:
    exchange = OfferAnswer()
    exchange.sent(Carrier.INVITE, OFFER)

    assert exchange.received(Carrier.PROVISIONAL, None) is Role.NONE
    assert exchange.received(Carrier.PROVISIONAL, ANSWER) is Role.PREVIEW
    assert (exchange.preview, exchange.remote) == (ANSWER, None)
    assert exchange.received(Carrier.FINAL, ANSWER) is Role.ANSWER

    assert (exchange.preview, exchange.remote) == (None, ANSWER)


def test_after_an_answer_in_a_reliable_18x_the_200_only_repeats_it() -> None:
    exchange = OfferAnswer()
    exchange.received(Carrier.INVITE, OFFER)

    assert exchange.sent(Carrier.RELIABLE, ANSWER) is Role.ANSWER
    assert exchange.sent(Carrier.RELIABLE, OTHER) is Role.IGNORED
    assert exchange.sent(Carrier.PROVISIONAL, OTHER) is Role.IGNORED
    assert exchange.sent(Carrier.FINAL, OTHER) is Role.IGNORED

    assert exchange.local == ANSWER


def test_an_invite_without_offer_gets_one_in_the_200_and_answers_in_the_ack() -> None:
    exchange = OfferAnswer()

    assert exchange.sent(Carrier.INVITE, None) is Role.NONE
    assert exchange.received(Carrier.PROVISIONAL, OTHER) is Role.IGNORED
    assert exchange.received(Carrier.FINAL, OFFER) is Role.OFFER
    assert exchange.sent(Carrier.ACK, ANSWER) is Role.ANSWER

    assert (exchange.local, exchange.remote) == (ANSWER, OFFER)


def test_an_update_may_come_between_a_reliable_18x_and_the_200() -> None:
    exchange = OfferAnswer()
    exchange.sent(Carrier.INVITE, OFFER)
    exchange.received(Carrier.RELIABLE, ANSWER)

    assert exchange.sent(Carrier.PRACK, None) is Role.NONE
    assert exchange.received(Carrier.PRACK_OK, None) is Role.NONE
    assert exchange.received(Carrier.UPDATE, OTHER) is Role.OFFER
    assert exchange.sent(Carrier.UPDATE_OK, OFFER) is Role.ANSWER
    assert exchange.received(Carrier.FINAL, None) is Role.NONE

    assert (exchange.local, exchange.remote) == (OFFER, OTHER)


def test_an_update_that_meets_the_offer_of_an_invite_is_glare() -> None:
    exchange = OfferAnswer()
    exchange.sent(Carrier.INVITE, OFFER)

    with pytest.raises(Glare):
        exchange.received(Carrier.UPDATE, OTHER)

    assert exchange.received(Carrier.FINAL, ANSWER) is Role.ANSWER


def test_a_re_invite_without_offer_may_be_answered_with_a_new_offer() -> None:
    exchange = in_state(State.STABLE)
    exchange.received(Carrier.INVITE, OFFER)
    exchange.sent(Carrier.FINAL, ANSWER)

    assert exchange.received(Carrier.INVITE, None) is Role.NONE
    assert exchange.sent(Carrier.FINAL, OTHER) is Role.OFFER
    assert exchange.received(Carrier.ACK, ANSWER) is Role.ANSWER


def test_each_fork_of_an_invite_has_its_own_answer() -> None:
    first = OfferAnswer()
    first.sent(Carrier.INVITE, OFFER)
    second = first.fork()

    first.received(Carrier.RELIABLE, ANSWER)
    second.received(Carrier.FINAL, OTHER)

    assert (first.remote, second.remote) == (ANSWER, OTHER)
    assert first.local == second.local == OFFER


# -- the origin line -----------------------------------------------------------------------------


def test_the_version_goes_up_by_one_only_when_the_body_differs() -> None:
    origins = Origins("203.0.113.7", 900)

    sent = [origins.stamp(each).origin for each in (OFFER, OFFER, ANSWER, ANSWER, OFFER)]

    assert [origin.version - 900 for origin in sent] == [0, 0, 1, 1, 2]
    assert {origin.session_id for origin in sent} == {900}
    assert sent[0].address == "203.0.113.7"


def test_only_the_origin_is_ours() -> None:
    stamped = Origins("2001:db8::7", 5).stamp(OFFER)

    assert stamped.origin == ("-", 5, 5, "IN", "IP6", "2001:db8::7")
    assert stamped.media == OFFER.media
