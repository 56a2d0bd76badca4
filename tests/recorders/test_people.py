"""What is told of who is there, from scenes alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sidecar.recorders.asterisk.eyes.people import MOST_KNOWN, People, Scene
from sidecar.recorders.recorder import (
    BackAgain,
    InRoom,
    NobodyThere,
    OnHold,
    RecorderEvent,
    SomeoneNew,
)


def answered_by(*people: str) -> People:
    made = People()
    made.answered(frozenset(people))
    made.see(there(*people))
    return made


def there(*people: str, held: bool = False, room: str = "") -> Scene:
    return Scene(frozenset(people), held, room)


def test_nothing_is_told_before_the_answer() -> None:
    people = People()

    assert people.see(there("ann", held=True, room="hall")) == ()
    assert not people.vacant


def test_who_answered_is_nobody_new_and_all_others_are() -> None:
    people = answered_by("ann")

    assert people.see(there("ann", "bob")) == (SomeoneNew(),)
    assert people.see(there("ann", "bob")) == ()


def test_several_who_come_at_once_are_told_once() -> None:
    assert answered_by().see(there("ann", "bob")) == (SomeoneNew(),)


def test_nobody_there_is_told_once_and_only_after_someone_was() -> None:
    people = answered_by()
    before = people.vacated()
    people.see(there("ann"))
    people.see(there())

    assert before == ()
    assert people.vacant
    assert people.vacated() == (NobodyThere(),)
    assert people.vacated() == ()


def test_who_returns_is_back_again_if_it_was_told_that_nobody_is_there() -> None:
    people = answered_by("ann")
    people.see(there())
    at_once = people.see(there("ann"))
    people.see(there())
    people.vacated()

    assert at_once == (), "an instant of a transfer"
    assert people.see(there("ann")) == (BackAgain(),)


def test_who_returns_with_someone_new_is_not_told_apart() -> None:
    people = answered_by("ann")
    people.see(there())
    people.vacated()

    assert people.see(there("ann", "bob")) == (SomeoneNew(),)


def test_in_a_room_people_are_not_looked_at_and_after_it_all_are_new() -> None:
    people = answered_by("ann")

    assert people.see(there("bob", room="hall")) == (InRoom("hall"),)
    assert people.see(there(room="hall")) == ()
    assert not people.vacant
    assert people.see(there("ann")) == (InRoom(""), SomeoneNew())


def test_from_room_to_room_only_the_room_is_told() -> None:
    people = answered_by()
    people.see(there(room="hall"))

    assert people.see(there(room="attic")) == (InRoom("attic"),)


def test_a_hold_is_told_when_it_begins_and_when_it_ends() -> None:
    people = answered_by("ann")

    assert people.see(there("ann", held=True)) == (OnHold(True),)
    assert people.see(there("ann", held=True)) == ()
    assert people.see(there("ann")) == (OnHold(False),)


def test_of_very_many_people_those_who_went_are_new_again() -> None:
    people = answered_by("ann")
    for each in range(MOST_KNOWN):
        people.see(there(str(each)))

    assert people.see(there("ann")) == (SomeoneNew(),)


SCENES = st.builds(
    Scene,
    st.frozensets(st.sampled_from("abcd"), max_size=3),
    st.booleans(),
    st.sampled_from(["", "", "", "hall"]),
)


@given(by=st.frozensets(st.sampled_from("abcd")), course=st.lists(st.tuples(SCENES, st.booleans())))
def test_no_new_person_ever_comes_without_a_word(
    by: frozenset[str], course: list[tuple[Scene, bool]]
) -> None:
    people, met = People(), set(by)
    people.answered(by)
    for scene, waits in course:
        events: tuple[RecorderEvent, ...] = people.see(scene)
        if scene.room:
            met = set()
        elif scene.people - met:
            assert SomeoneNew() in events
        else:
            assert SomeoneNew() not in events
        if not scene.room:
            met |= scene.people
        if waits:
            assert bool(people.vacated()) <= (not scene.people)
