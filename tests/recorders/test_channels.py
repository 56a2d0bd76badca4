"""Which channels belong to one call, as events tell it."""

from __future__ import annotations

from sidecar.recorders.asterisk.eyes.channels import MOST_BRIDGES, MOST_FORMER, Channels
from sidecar.recorders.asterisk.wire.protocol import Message


def event(name: str, uniqueid: str = "", **fields: str) -> Message:
    return Message({"event": name, "uniqueid": uniqueid, **fields})


def house(*channels: tuple[str, str]) -> Channels:
    """Channels by uniqueid and Linkedid."""
    made = Channels()
    for uniqueid, linkedid in channels:
        made.apply(event("Newchannel", uniqueid, channel=f"PJSIP/{uniqueid}", linkedid=linkedid))
    return made


def enter(channels: Channels, uniqueid: str, bridge: str, technology: str = "simple_bridge") -> str:
    return channels.apply(
        event("BridgeEnter", uniqueid, bridgeuniqueid=bridge, bridgetechnology=technology)
    )


def test_the_phones_that_ring_belong_to_the_call() -> None:
    channels = house(("1", "1"), ("2", "1"), ("3", "3"))

    assert channels.group("1") == {"1", "2"}


def test_whoever_is_in_the_same_bridge_belongs_to_it_with_all_its_kin() -> None:
    channels = house(("1", "1"), ("2", "2"), ("3", "2"))
    enter(channels, "1", "b")

    enter(channels, "2", "b")

    assert channels.group("1") == {"1", "2", "3"}


def test_leaving_the_bridge_parts_them_once_it_was_read_back() -> None:
    channels = house(("1", "1"), ("2", "2"))
    enter(channels, "1", "b")
    enter(channels, "2", "b")

    channels.apply(event("BridgeLeave", "2", bridgeuniqueid="b"))
    as_told = channels.group("1")
    channels.settle("2", "PJSIP/2", "2", None)

    assert as_told == {"1", "2"}
    assert channels.group("1") == {"1"}


def test_a_channel_that_is_said_to_have_left_and_has_not_is_there() -> None:
    channels = house(("1", "1"), ("2", "1"))
    enter(channels, "1", "b")
    enter(channels, "2", "b")

    channels.apply(event("BridgeLeave", "2", bridgeuniqueid="b", linkedid="9"))
    as_told = channels.group("1")
    in_doubt = channels.is_in_doubt("2")
    channels.settle("2", "PJSIP/2", "1", "b")

    assert as_told == channels.group("1") == {"1", "2"}
    assert channels.in_bridge("b") == {"1", "2"}
    assert in_doubt
    assert not channels.is_in_doubt("2")


def test_calls_that_wait_in_the_same_room_stay_apart() -> None:
    channels = house(("1", "1"), ("2", "2"))
    enter(channels, "1", "parking", "holding_bridge")
    enter(channels, "2", "parking", "holding_bridge")
    as_told = channels.group("1")

    assert channels.doubtful_bridges == {"parking"}
    channels.note_bridge("parking", "holding_bridge")

    assert as_told == {"1", "2"}, "a bridge that connects may be said to be one that does not"
    assert channels.group("1") == {"1"}


def test_a_conference_stays_one_until_it_was_read_back_that_it_is_none() -> None:
    channels = house(("1", "1"))
    enter(channels, "1", "room", "softmix")

    channels.apply(event("BridgeLeave", "1", bridgeuniqueid="room", bridgetechnology="simple"))
    channels.apply(event("BridgeDestroy", bridgeuniqueid="room"))

    assert channels.is_conference("room")
    assert channels.doubtful_bridges == {"room"}
    channels.note_bridge("room", "")
    assert not channels.is_conference("room")


def test_bridges_and_what_was_left_are_bounded_however_many_are_told() -> None:
    channels = house(("1", "1"))
    for number in range(MOST_BRIDGES + 100):
        bridge = f"forged{number}"
        channels.apply(event("X", bridgeuniqueid=bridge, bridgetechnology="simple_bridge"))
        channels.apply(event("Newstate", "1", linkedid=bridge))
    enter(channels, "1", "true", "softmix")

    kept = [getattr(channels, each) for each in channels.__dict__]
    assert max(len(each) for each in kept) <= MOST_BRIDGES
    assert len(channels.former_bridges("1")) <= MOST_FORMER
    assert channels.is_conference("true")


def test_any_later_event_tells_a_new_linkedid() -> None:
    channels = house(("1", "1"), ("2", "2"))

    changed = channels.apply(event("Newstate", "2", linkedid="1"))

    assert changed == "2"
    assert channels.group("1") == {"1", "2"}


def test_a_channel_that_is_renamed_stays_the_same() -> None:
    channels = house(("1", "1"))

    channels.apply(event("Rename", "1", channel="PJSIP/1", newname="PJSIP/1<ZOMBIE>"))

    channel = channels.get("1")
    assert channel is not None
    assert channel.name == "PJSIP/1<ZOMBIE>"


def test_a_channel_that_hung_up_is_gone_from_its_call() -> None:
    channels = house(("1", "1"), ("2", "1"))

    assert channels.apply(event("Hangup", "2")) == "2"

    assert channels.group("1") == {"1"}
    assert channels.group("2") == frozenset()


def test_an_event_that_changes_nothing_names_no_channel() -> None:
    channels = house(("1", "1"))

    assert channels.apply(event("Newstate", "1", linkedid="1")) == ""
    assert channels.apply(event("Newstate", "7", linkedid="1")) == ""
    assert channels.group("1") == {"1"}


def test_the_hidden_recorder_of_a_conference_belongs_to_whoever_is_in_it() -> None:
    channels = house(("1", "1"))
    enter(channels, "1", "room", "softmix")

    channels.put_hidden("9", "CBRec/room-00000000", "room")

    assert channels.is_conference("room")
    assert channels.group("1") == {"1", "9"}


def test_the_whole_list_corrects_what_events_did_not_tell() -> None:
    channels = house(("1", "1"), ("2", "1"))
    before = channels.all()
    channels.apply(event("Newchannel", "3", channel="PJSIP/3", linkedid="1"))
    status = [
        event("Status", "1", channel="PJSIP/1", linkedid="1", bridgeid="b"),
        event("Status", "4", channel="PJSIP/4", linkedid="4", bridgeid="b"),
        event("StatusComplete"),
    ]

    missing = channels.replace(status, before)

    assert missing == ["2"], "3 came after the question"
    assert channels.group("1") == {"1", "2", "3", "4"}, "2 may have gone: it is asked for"
