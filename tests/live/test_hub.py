from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.live.events import CallAnswered
from sidecar.live.hub import BATCH, EventHub, FellBehindError, TooManySubscribersError

NOON = 1_767_268_800.0


def hub_of(kept: int = 8, most: int = 2) -> EventHub:
    return EventHub(lambda: NOON, kept=kept, most=most)


def publish(hub: EventHub, *call_ids: str) -> None:
    for call_id in call_ids:
        hub.publish(CallAnswered(call_id))


async def taken(hub: EventHub, after: str = "") -> list[str]:
    with hub.subscribe(after) as subscription:
        return [each.event.call_id for each in await subscription.take()]


async def test_a_subscriber_gets_what_comes_after_it_came() -> None:
    hub = hub_of()
    publish(hub, "before")
    with hub.subscribe() as subscription:
        publish(hub, "a", "b")

        events = await subscription.take()

    assert [each.event.call_id for each in events] == ["a", "b"]
    assert {each.at for each in events} == {NOON}


async def test_who_waits_is_woken_by_the_next_event() -> None:
    hub = hub_of()
    with hub.subscribe() as subscription:
        waiting = asyncio.create_task(subscription.take())
        await asyncio.sleep(0)
        assert not waiting.done()

        publish(hub, "a")

        assert len(await waiting) == 1


async def test_a_wait_that_was_given_up_loses_no_event() -> None:
    hub = hub_of()
    with hub.subscribe() as subscription:
        waiting = asyncio.create_task(subscription.take())
        await asyncio.sleep(0)
        waiting.cancel()
        publish(hub, "a")

        events = await subscription.take()

    assert [each.event.call_id for each in events] == ["a"]


async def test_events_are_taken_in_batches_in_their_order() -> None:
    hub = hub_of(kept=BATCH * 2)
    with hub.subscribe() as subscription:
        publish(hub, *map(str, range(BATCH + 1)))

        first, second = await subscription.take(), await subscription.take()

    assert [each.event.call_id for each in first + second] == list(map(str, range(BATCH + 1)))
    assert len(first) == BATCH


@given(published=st.integers(1, 30), seen=st.integers(0, 29), kept=st.integers(1, 10))
def test_who_comes_back_gets_all_that_followed_or_is_told_that_some_are_missing(
    published: int, seen: int, kept: int
) -> None:
    async def come_back() -> None:
        hub = hub_of(kept)
        ids = []
        for number in range(published):
            with hub.subscribe() as subscription:
                publish(hub, str(number))
                ids += [each.id for each in await subscription.take()]
        last = min(seen, published - 1)
        with hub.subscribe(ids[last]) as subscription:
            followed = [str(number) for number in range(last + 1, published)]
            assert subscription.missed == (len(followed) > kept)
            publish(hub, "next")
            expected = ["next"] if subscription.missed else [*followed, "next"]
            if len(expected) > kept:
                with pytest.raises(FellBehindError):
                    await subscription.take()
            else:
                events = await subscription.take()
                assert [each.event.call_id for each in events] == expected

    asyncio.run(come_back())


async def test_an_event_of_an_earlier_run_is_not_taken_for_one_of_this() -> None:
    before, after = hub_of(), hub_of()
    with before.subscribe() as subscription:
        publish(before, "a")
        last = (await subscription.take())[0].id
    publish(after, "a", "b")

    with after.subscribe(last) as subscription:
        assert subscription.missed


async def test_who_falls_a_whole_ring_behind_is_told_so() -> None:
    hub = hub_of(kept=2)
    with hub.subscribe() as subscription:
        publish(hub, "a", "b", "c")

        with pytest.raises(FellBehindError):
            await subscription.take()


async def test_there_are_so_many_places_and_each_is_given_back() -> None:
    hub = hub_of(most=1)
    with hub.subscribe(), pytest.raises(TooManySubscribersError):
        hub.subscribe()

    with hub.subscribe():
        assert hub.subscribers == 1
    assert hub.subscribers == 0


async def test_when_the_hub_is_closed_what_is_left_is_taken_and_then_it_is_over() -> None:
    hub = hub_of()
    with hub.subscribe() as subscription:
        publish(hub, "a")
        hub.close()

        assert len(await subscription.take()) == 1
        assert await subscription.take() == []
    assert await taken(hub) == []
