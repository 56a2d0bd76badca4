"""Conferences: who comes in is told, one party's stop stops the recording for all."""

from __future__ import annotations

import pytest

from sidecar.consent.decision import Decision, Notice, Policy, Room
from sidecar.consent.order import Order
from sidecar.consent.party import Objector, Party
from sidecar.media.engine import Digit, Side
from sidecar.recorders.recorder import InRoom, SomeoneNew, StrangerInRoom
from tests.calls.world import ACCEPT, CODES, DECLINE, NOTICE, asking

NAME = "board"
INFORMED = "new-party-informed"


BOARD = Room(NAME)


def meeting(room: Room | None = BOARD, **more) -> Decision:
    return Decision(
        rule="rule", recording=Policy.NOTICE, notice=Notice(), codes=CODES, room=room, **more
    )


class Guest:
    """One call into the room: its legs, its media, its recorder session."""

    def __init__(self, w) -> None:
        self.w = w
        self.there = w.trunk.call()
        w.settle()
        w.pbx.calls[-1].answer()
        w.settle()
        self.here = w.pbx.calls[-1]
        self.media = w.media
        self.recording = w.recording
        self.call = next(c for c in w.b2bua.calls.values() if c.media is self.media)

    def prompts(self, side=Side.A):
        return [name for at, name, _language in self.media.said if at is side]

    def press(self, digits: str) -> None:
        if digits == ACCEPT:
            self.media.agreed.add(Side.A)
        for digit in digits:
            self.media.tell(Digit(Side.A, digit, 100, "rtp"))
            self.w.settle()

    @property
    def order(self) -> Order:
        return self.recording.orders[-1]

    @property
    def talks(self) -> bool:
        return all(self.media.gates.values())

    def leave(self) -> None:
        self.there.hang_up()
        self.w.settle()


def guests(w, count: int = 2) -> list[Guest]:
    """Guests who have heard the notice, and the others that they did."""
    found = []
    for _ in range(count):
        found.append(Guest(w))
        w.hear_notices()
        w.hear_notices()
    return found


class TestComingIn:
    def test_who_comes_in_hears_the_notice_and_the_room_that_it_did(self, world):
        w = world(meeting(), recorder=True)
        guest = Guest(w)
        assert guest.prompts() == ["recording-notice"]
        assert guest.prompts(Side.B) == [], "the room was told when each came in"
        assert not guest.talks

        w.hear_notices()

        assert guest.prompts(Side.B) == [INFORMED]
        assert guest.talks
        guest.leave()

    def test_nothing_is_said_to_the_room_where_the_rule_has_it_so(self, world):
        w = world(meeting(Room(NAME, announce=False)), recorder=True)
        (guest,) = guests(w, 1)

        assert guest.prompts(Side.B) == []
        guest.leave()

    def test_a_call_that_the_pbx_leads_into_a_conference_becomes_part_of_it(self, world):
        w = world(NOTICE, recorder=True)
        there, _here = w.talk()
        w.media.said.clear()

        w.recording.tell(InRoom("sales"))
        w.settle()

        assert [name for _side, name, _language in w.media.said] == [INFORMED]
        assert w.board.standing == {"main/sales": {w.call.id}}
        there.hang_up()
        w.settle()
        assert w.board.standing == {"main/sales": set()}

    def test_a_room_without_a_name_is_the_number_called(self, world):
        w = world(meeting(Room()), recorder=True)
        (guest,) = guests(w, 1)

        assert list(w.board.standing) == ["/100"]
        guest.leave()

    def test_one_who_came_past_the_sidecar_is_told_through_the_room(self, world):
        w = world(meeting(), recorder=True)
        first, second = guests(w)

        first.recording.tell(StrangerInRoom())
        w.settle()

        assert first.order is Order.HOLD
        assert first.prompts(Side.B)[-1] == INFORMED, "its telephone may not hear anything yet"
        w.pass_time(0.6)
        assert first.prompts(Side.B)[-1] == "recording-notice"
        assert second.talks
        w.hear_notices()
        assert first.order is Order.RELEASE
        assert first.talks
        first.leave()
        second.leave()

    def test_one_who_was_there_before_the_first_call_is_told_through_the_room(self, world):
        w = world(NOTICE, recorder=True)
        there = w.trunk.call()
        w.settle()
        w.recording.tell(StrangerInRoom())
        w.pbx.calls[-1].answer()
        w.settle()

        w.recording.tell(InRoom("sales"))
        w.pass_time(0.6)

        said = [(side, name) for side, name, _language in w.media.said]
        assert said[-2:] == [(Side.A, "recording-notice"), (Side.B, "recording-notice")]
        assert w.recording.orders[-1] is Order.HOLD
        w.hear_notices()
        assert w.recording.orders[-1] is Order.RELEASE
        there.hang_up()


class TestOnesStop:
    def test_stops_the_recording_of_every_call_in_the_room(self, world):
        w = world(meeting(), recorder=True)
        first, second, third = guests(w, 3)

        second.press("*9")

        assert [each.order for each in (first, second, third)] == [Order.STOP] * 3
        assert all(each.talks for each in (first, second, third))
        assert second.prompts(Side.B)[-1] == "recording-stopped", "the room hears it once"
        assert "recording-stopped" not in first.prompts(Side.B) + first.prompts(Side.A)
        for each in (first, second, third):
            each.leave()

    def test_is_not_taken_back_by_another_one(self, world):
        w = world(meeting(), recorder=True)
        first, second = guests(w)
        first.press("*9")

        second.press("*8")

        assert [first.order, second.order] == [Order.STOP] * 2
        first.leave()
        second.leave()

    def test_ends_when_the_same_one_agrees(self, world):
        w = world(meeting(), recorder=True)
        first, second = guests(w)
        first.press("*9")

        first.press("*8")

        assert [first.order, second.order] == [Order.RELEASE] * 2
        first.leave()
        second.leave()

    def test_ends_when_that_one_leaves_and_the_others_are_told(self, world):
        w = world(meeting(), recorder=True)
        first, second, third = guests(w, 3)
        first.press("*9")
        for each in (second, third):
            each.media.said.clear()

        first.leave()

        for each in (second, third):
            assert each.order is Order.RELEASE
            assert each.prompts() == ["recording-resumed"]
        room = second.prompts(Side.B) + third.prompts(Side.B)
        assert room == ["recording-resumed"], "once, for telephones that have come past the sidecar"
        second.leave()
        third.leave()

    def test_holds_for_one_who_comes_in_later(self, world):
        w = world(meeting(), recorder=True)
        (first,) = guests(w, 1)
        first.press("*9")

        (second,) = guests(w, 1)

        assert second.order is Order.STOP
        assert second.talks
        first.leave()
        second.leave()

    def test_at_another_sidecar_holds_here(self, world):
        w = world(meeting(), recorder=True)
        (guest,) = guests(w, 1)

        w.board.elsewhere(NAME, "a-call-of-another", objects=True)
        w.settle()
        assert guest.order is Order.STOP
        w.board.elsewhere(NAME, "a-call-of-another", objects=False)
        w.settle()

        assert guest.order is Order.RELEASE
        guest.leave()

    def test_is_taken_for_granted_while_nobody_can_say(self, world):
        w = world(meeting(), recorder=True)
        (guest,) = guests(w, 1)

        w.board.become(blind=True)
        w.settle()
        assert guest.order is Order.STOP
        w.board.become(blind=False)
        w.settle()

        assert guest.order is Order.RELEASE
        guest.leave()

    def test_one_who_has_declined_is_in_no_recording_of_the_room(self, world):
        w = world(asking(Party.CALLER, room=Room(NAME)), recorder=True)
        first, second = Guest(w), Guest(w)
        w.hear_notices()
        first.press(ACCEPT)
        assert first.order is Order.RELEASE

        second.press(DECLINE)

        assert [first.order, second.order] == [Order.STOP] * 2
        first.leave()
        second.leave()

    def test_a_call_that_may_not_be_recorded_keeps_the_room_from_it(self, world):
        w = world(meeting(), recorder=True)
        (first,) = guests(w, 1)
        w.rules.decision = Decision(rule="off", room=Room(NAME))

        second = Guest(w)

        assert [first.order, second.order] == [Order.STOP] * 2
        first.leave()
        second.leave()


class TestARecorderThatCantBeginAgain:
    def test_leaves_the_whole_room_unrecorded_and_nobody_told_otherwise(self, world):
        w = world(meeting(), recorder=True)
        first, second, third = guests(w, 3)
        first.press("*9")
        for each in (second, third):
            each.media.said.clear()
        w.recorder.answers[Order.RELEASE] = "nothing"

        first.leave()
        second.recording.fail("refused")
        w.settle()

        assert [second.order, third.order] == [Order.STOP] * 2
        assert third.call.consent.state.stops == {Objector.ROOM}
        assert "recording-resumed" not in second.prompts() + third.prompts()
        w.recorder.answers.clear()
        second.leave()
        assert third.order is Order.RELEASE, "it is tried again by those who stay"
        third.leave()


class TestSomeoneWhoRefused:
    def test_stays_unrecorded_when_the_pbx_leads_the_call_into_a_conference(self, world):
        w = world(asking(Party.CALLER), recorder=True)
        there, _here = w.talk()
        w.press(Side.A, DECLINE)
        assert w.recording.orders[-1] is Order.STOP
        w.media.said.clear()

        w.recording.tell(InRoom("sales"))
        w.settle()

        assert w.media.said == []
        assert w.recording.orders[-1] is Order.STOP
        there.hang_up()

    @pytest.mark.parametrize("stop", ["*9", "*7"])
    def test_whose_stop_stands_stays_unrecorded_too(self, world, stop):
        w = world(meeting(None), recorder=True)
        there, _here = w.talk()
        w.press(Side.A, stop)

        w.recording.tell(InRoom("sales"))
        w.settle()

        assert w.recording.orders[-1] is not Order.RELEASE
        there.hang_up()


class TestLeavingARoomThatWasNotRecorded:
    def test_says_nothing_of_it_in_the_next_one(self, world):
        w = world(meeting(None), recorder=True)
        there, _here = w.talk()
        w.recording.tell(InRoom("sales"))
        w.settle()
        w.board.elsewhere("main/sales", "a-call-of-another", objects=True)
        w.settle()
        w.recording.tell(InRoom(""))
        w.recording.tell(SomeoneNew())
        w.pass_time(0.6)
        w.hear_notices()
        assert w.recording.orders[-1] is Order.RELEASE
        w.media.said.clear()

        w.recording.tell(InRoom("support"))
        w.settle()

        assert [name for _side, name, _language in w.media.said] == [INFORMED]
        there.hang_up()
        w.settle()
        assert w.ended == ("answered", "caller")
