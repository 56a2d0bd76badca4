"""What is connected with a channel, who answered it, and which channel is in a mailbox."""

from __future__ import annotations

import pytest

from sidecar.recorders.asterisk.eyes.channels import Channel, Channels
from sidecar.recorders.asterisk.eyes.rooms import LONGEST_NAME, Rooms, Whose, clean
from sidecar.recorders.asterisk.eyes.scenes import ahead, answerers, scene
from sidecar.recorders.asterisk.eyes.steps import MOST_REMEMBERED, Mailboxes
from sidecar.recorders.asterisk.wire.protocol import Message

OWN, PHONE, OTHER = "PJSIP/trunk-1", "PJSIP/ann-2", "PJSIP/bob-3"


def event(name: str, uniqueid: str = "", **fields: str) -> Message:
    return Message({"event": name, "uniqueid": uniqueid, **fields})


def house(*names: str, linkedid: str = "1", state: str = "4") -> Channels:
    """Channels whose uniqueids are 1, 2, ..., all of one Linkedid."""
    made = Channels()
    for number, name in enumerate(names, 1):
        made.apply(
            event("Newchannel", str(number), channel=name, linkedid=linkedid, channelstate=state)
        )
    return made


def bridge(channels: Channels, name: str, *uniqueids: str, technology: str = "simple") -> None:
    for uniqueid in uniqueids:
        channels.apply(
            event("BridgeEnter", uniqueid, bridgeuniqueid=name, bridgetechnology=technology)
        )


def test_a_phone_of_the_same_linkedid_is_there_only_once_it_is_bridged() -> None:
    channels = house(OWN, PHONE)
    before = scene(channels, "1", {}).people
    bridge(channels, "b", "1", "2")

    assert before == frozenset()
    assert scene(channels, "1", {}).people == {"2 PJSIP/ann"}


def test_whoever_is_behind_a_local_channel_is_there_and_the_local_channel_is_nobody() -> None:
    channels = house(OWN, PHONE, "Local/1@x-0;1", "Local/1@x-0;2")
    bridge(channels, "b", "1", "3")
    bridge(channels, "c", "2", "4")

    assert scene(channels, "1", {}).people == {"2 PJSIP/ann"}


def test_in_a_waiting_room_nobody_is_there() -> None:
    channels = house(OWN, PHONE)
    bridge(channels, "b", "1", "2", technology="holding_bridge")

    assert scene(channels, "1", {}).people == frozenset()


def test_a_channel_that_another_phone_takes_over_is_another_person() -> None:
    channels = house(OWN, PHONE)
    bridge(channels, "b", "1", "2")

    channels.apply(event("Rename", "2", newname=f"{PHONE}<MASQ>"))
    between = scene(channels, "1", {}).people
    channels.apply(event("Rename", "2", newname=OTHER))

    assert between == frozenset()
    assert scene(channels, "1", {}).people == {"2 PJSIP/bob"}


def test_the_call_is_held_while_anyone_connected_holds_it() -> None:
    channels = house(OWN, PHONE, OTHER)
    bridge(channels, "b", "1", "2", "3")
    told = []
    for word, uniqueid in (("Hold", "2"), ("Hold", "3"), ("Unhold", "2"), ("Unhold", "3")):
        channels.apply(event(word, uniqueid))
        told.append(scene(channels, "1", {}).held)
    channels.apply(event("Hold", "1"))

    assert told == [True, True, True, False]
    assert not scene(channels, "1", {}).held, "its own side's hold is seen in SIP"


def test_a_room_is_told_by_name_and_its_members_are_not_looked_at() -> None:
    channels = house(OWN, PHONE)
    bridge(channels, "b", "1", "2", technology="softmix")

    seen = scene(channels, "1", {"b": "hall"})

    assert (seen.room, seen.people) == ("hall", frozenset())


@pytest.mark.parametrize(
    ("name", "up", "person"),
    [(PHONE, True, True), (PHONE, False, False), ("Local/1@x-0;1", True, False)],
)
def test_a_person_answered_where_a_dialled_phone_is_up(name: str, up: bool, person: bool) -> None:
    channels = house(OWN)
    channels.apply(event("Newchannel", "2", channel=name, linkedid="1", channelstate="0"))
    if up:
        channels.apply(event("Newstate", "2", channelstate="6"))

    assert bool(answerers(channels, "1")) is person


def test_who_picked_the_call_up_is_known_by_the_end_of_the_dial() -> None:
    channels = house(OWN)
    channels.apply(event("Newchannel", "7", channel=OTHER, linkedid="7", channelstate="4"))
    channels.apply(event("DialEnd", "1", dialstatus="ANSWER", destuniqueid="7"))

    assert answerers(channels, "1") == {"7 PJSIP/bob"}


def test_a_call_of_the_pbx_s_own_is_a_person_s_if_it_was_placed_for_one() -> None:
    channels = house(PHONE, linkedid="1")
    channels.apply(event("Newchannel", "9", channel=OWN, linkedid="1", channelstate="0"))
    alone = house(OWN, state="0")

    assert answerers(channels, "9") == {"1 PJSIP/ann"}
    assert answerers(alone, "1") == frozenset()


def test_a_call_comes_to_whatever_belongs_to_it_until_it_is_bridged_then_to_who_is_connected() -> (
    None
):
    names = (OWN, PHONE, "Local/101@x-0;1", "Local/101@x-0;2")
    ringing, up, talking, transferred = (house(*names) for _ in range(4))
    for channels in (up, talking, transferred):
        channels.apply(event("Newstate", "1", channelstate="6"))
    bridge(talking, "b", "1", "2")
    bridge(transferred, "b", "1", "3")

    assert ahead(ringing, "1", {}) == ahead(up, "1", {}) == {"1", "2", "3", "4"}
    assert ahead(talking, "1", {}) == {"1", "2"}
    assert ahead(transferred, "1", {}) == {"1", "3", "4"}
    assert ahead(talking, "1", {"b": "hall"}) == {"1", "2", "3", "4"}


def test_a_channel_is_in_a_mailbox_until_its_next_step() -> None:
    mailboxes = Mailboxes(frozenset({"VoiceMail"}))

    assert mailboxes.step("1", "voicemail")
    assert not mailboxes.step("2", "VoiceMailMain")
    assert (mailboxes.any_of({"1", "2"}), mailboxes.any_of({"2"})) == (True, False)
    assert not mailboxes.step("1", "Hangup")
    assert not mailboxes.any_of({"1"})


def test_only_so_many_channels_in_mailboxes_are_remembered() -> None:
    mailboxes = Mailboxes(frozenset({"VoiceMail"}))
    for each in range(MOST_REMEMBERED + 1):
        mailboxes.step(str(each), "VoiceMail")

    assert not mailboxes.any_of({"0"})
    assert mailboxes.any_of({"1"})


def test_a_room_s_name_is_made_harmless() -> None:
    assert clean("ha\x1bll\u202e\r\n") == "hall"
    assert clean("\0") == "?"
    assert len(clean("x" * 1000)) == LONGEST_NAME


class TestStrangersInARoom:
    """Each is told once by one of our calls, however they come and go."""

    def setup_method(self) -> None:
        self.rooms = Rooms()
        self.rooms.name("b", "hall")
        self.one, self.two = Channel("1", OWN, "1"), Channel("2", OWN, "2")
        self.phone = Channel("3", PHONE, "3")

    def meet(self, *there: Channel) -> str:
        ours = (self.one, self.two)
        return self.rooms.meet(
            "b",
            list(there),
            lambda channel: Whose.OURS if channel in ours else Whose.NOBODY_S,
        )

    def test_one_who_comes_is_told_once_and_again_when_it_returns(self) -> None:
        assert self.meet(self.one, self.two) == ""
        assert self.meet(self.one, self.two, self.phone) == "1"
        assert self.meet(self.one, self.two, self.phone) == ""
        assert self.meet(self.one, self.two) == ""
        assert self.meet(self.one, self.two, self.phone) == "1"

    def test_one_who_was_there_before_waits_for_the_first_call(self) -> None:
        assert self.meet(self.phone) == ""
        assert self.meet(self.phone, self.two) == "2"
        assert self.meet(self.phone, self.two, self.one) == ""

    def test_who_leaves_before_it_has_told_is_followed_by_another(self) -> None:
        self.meet(self.one, self.two)
        self.meet(self.one, self.two, self.phone)

        assert self.meet(self.two, self.phone) == "2"

    def test_who_leaves_after_it_has_told_is_not(self) -> None:
        self.meet(self.one, self.two)
        self.meet(self.one, self.two, self.phone)
        self.rooms.told("1")

        assert self.meet(self.two, self.phone) == ""

    def test_a_call_that_is_over_is_no_stranger_while_its_channel_lives_on(self) -> None:
        self.meet(self.one, self.two)
        self.meet(self.one, self.two, self.phone)

        assert self.rooms.left("1") == ("2",)
        assert self.meet(self.one, self.two, self.phone) == ""


def test_one_whose_call_id_is_not_known_yet_is_no_stranger_so_far() -> None:
    rooms = Rooms()
    rooms.name("b", "hall")
    own, phone = Channel("1", OWN, "1"), Channel("2", PHONE, "2")

    def whose(verdict: Whose | None) -> str:
        return rooms.meet(
            "b", [own, phone], lambda channel: Whose.OURS if channel is own else verdict
        )

    assert whose(None) == ""
    assert whose(Whose.NOBODY_S) == "1"


def test_a_call_of_another_sidecar_is_told_by_that_one_alone() -> None:
    rooms = Rooms()
    rooms.name("b", "hall")
    own, other = Channel("1", OWN, "1"), Channel("2", OWN, "2")

    def meet(*there: Channel) -> str:
        return rooms.meet(
            "b",
            list(there),
            lambda channel: Whose.OURS if channel is own else Whose.ANOTHER_SIDECAR_S,
        )

    assert meet(other) == ""
    assert meet(other, own) == ""
