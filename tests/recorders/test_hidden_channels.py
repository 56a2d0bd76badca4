"""No telephone hides a channel from the sidecar, its own or another's, by what it calls itself.

Asterisk writes a telephone's name into the events, the list and the lines of its channel, so that
the telephone can end each of them there: what Asterisk says after it (Uniqueid, Linkedid, bridge)
is then no part of that message, or stands behind what the telephone says.
"""

from __future__ import annotations

import pytest

from sidecar.recorders.asterisk.adapter import AsteriskRecorder
from sidecar.recorders.asterisk.patience import Patience
from sidecar.recorders.recorder import Confirmed, Failed, Order, SomeoneNew, StrangerInRoom

from .fake_ami import FakeAmi, FakeChannel
from .test_fake_ami import until
from .told import Leg, Told

CALL = "call@sidecar"
TRUNK = "100.1"
ENDS = {
    "ends there": "",
    "is another": "Uniqueid: 9.9\r\nLinkedid: 9.9\r\n",
    "is the call's own": f"Uniqueid: {TRUNK}\r\nLinkedid: {TRUNK}\r\n",
}
"""How a telephone's name ends the message that tells of its channel."""


def cut(fake: FakeAmi, event: str, channel: FakeChannel, end: str, **before: str) -> None:
    """Tell of a channel as Asterisk does where its telephone's name ends the message."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in before.items())
    fake.send(f"Event: {event}\r\n{lines}Channel: {channel.name}\r\nCallerIDNum: 1\r\n{end}\r\n")
    fake.send(f"Event: X\r\nRest: \r\nUniqueid: {channel.uniqueid}\r\nLinkedid: 7.7\r\n\r\n")


def sly(fake: FakeAmi, end: str, linkedid: str) -> FakeChannel:
    """A telephone's channel whose beginning was told so."""
    made = FakeChannel("PJSIP/sly-00000005", "100.5", "sly@phone", linkedid)
    fake.channels[made.name] = made
    cut(fake, "Newchannel", made, end)
    return made


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
async def test_a_recording_on_a_channel_that_hides_is_stopped(
    fake: FakeAmi, recorder: AsteriskRecorder, end: str
) -> None:
    """As the recording of a call that the telephone makes is: on its own channel."""
    told = Told()
    phone = sly(fake, end, "100.5")
    phone.monitors["0xa"] = "/recordings/a\t\t"
    fake.add("PJSIP/sidecar-00000006", TRUNK, CALL, linkedid="100.5")
    session = recorder.open(Leg(), Order.RELEASE, told)

    session.stop()
    await told.next(Confirmed)
    await until(lambda: not phone.monitors)
    session.close()


@pytest.mark.parametrize("event", ["MixMonitorStart", "MixMonitorMute"])
@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
async def test_a_recording_that_begins_there_after_a_stop_is_stopped(
    fake: FakeAmi, recorder: AsteriskRecorder, end: str, event: str
) -> None:
    """As one-touch recording does."""
    told = Told()
    phone = sly(fake, end, "100.5")
    fake.add("PJSIP/sidecar-00000006", TRUNK, CALL, linkedid="100.5")
    session = recorder.open(Leg(), Order.RELEASE, told)
    session.stop()
    await told.next(Confirmed)
    await until(lambda: session.group == {"100.5", TRUNK})

    phone.monitors["0xa"] = "/recordings/a\t\t"
    cut(fake, event, phone, end)

    await until(lambda: not phone.monitors)
    session.close()


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
async def test_one_who_hides_in_a_conference_is_told_of_the_recording(
    fake: FakeAmi, recorder: AsteriskRecorder, end: str
) -> None:
    told = Told()
    session = recorder.open(Leg(), Order.RELEASE, told)
    trunk = fake.add("PJSIP/sidecar-00000006", TRUNK, CALL)
    room = {"BridgeUniqueid": "r", "BridgeTechnology": "softmix"}
    fake.tell("ConfbridgeStart", trunk, **room, Conference="board")
    fake.tell("BridgeEnter", trunk, **room)

    phone = sly(fake, end, "100.5")
    phone.bridge = "r"
    cut(fake, "BridgeEnter", phone, end, **room)

    await until(lambda: StrangerInRoom() in told.events)
    session.close()


async def test_one_who_hides_and_is_connected_by_a_transfer_is_someone_new(
    fake: FakeAmi, recorder: AsteriskRecorder
) -> None:
    told = Told()
    session = recorder.open(Leg(), Order.RELEASE, told)
    trunk = fake.add("PJSIP/sidecar-00000006", TRUNK, CALL)
    plain = {"BridgeUniqueid": "b", "BridgeTechnology": "simple_bridge"}
    session.answered(lambda _answerer: None)
    fake.tell("Newstate", trunk, ChannelState="6")
    fake.tell("BridgeEnter", trunk, **plain)

    phone = sly(fake, "", "100.5")
    phone.bridge = "b"
    cut(fake, "BridgeEnter", phone, "", **plain)

    await until(lambda: SomeoneNew() in told.events)
    session.close()


async def test_channels_that_hide_are_forgotten_once_they_are_gone(
    fake: FakeAmi, recorder: AsteriskRecorder
) -> None:
    phone = sly(fake, "", "100.5")
    await until(lambda: "100.5" in recorder.channels.all())

    del fake.channels[phone.name]
    cut(fake, "Hangup", phone, "")

    await until(lambda: not recorder.channels.all())


@pytest.mark.parametrize("name", ["Local/1@inside-00000001;2", "PJSIP/sidecar-00000006"])
@pytest.mark.parametrize("before", [True, False])
async def test_a_channel_of_the_same_name_that_is_none_takes_nobody_s_place(
    fake: FakeAmi, recorder: AsteriskRecorder, name: str, before: bool
) -> None:
    fake.add("Local/1@inside-00000001;1", "100.2")
    forged = {"Channel": name, "Uniqueid": "9.9", "Linkedid": "9.9"}
    if before:
        fake.forge("Newchannel", **forged)
    fake.add(name, "100.3")
    fake.forge("Newchannel", **forged)
    fake.forge("Newchannel", Channel="PJSIP/end-1", Uniqueid="8.8")
    await until(lambda: any(each.get("Channel") == "8.8" for each in fake.asked))
    await until(lambda: "9.9" not in recorder.channels.all())

    assert recorder.channels.named(name) == {"100.3"}


@pytest.mark.parametrize(
    "end",
    [
        "Event: X\r\nRest: ",
        "Event: Status\r\nChannel: PJSIP/none-1\r\nRest: ",
        "Event: X\r\nUniqueid: 9.9\r\nLinkedid: 9.9\r\nRest: ",
        f"Event: Status\r\nUniqueid: {TRUNK}\r\nRest: ",
    ],
)
async def test_those_who_hide_in_the_list_are_found_after_the_connection_was_lost(
    fake: FakeAmi, recorder: AsteriskRecorder, end: str
) -> None:
    told = Told()
    trunk = fake.add("PJSIP/sidecar-00000006", TRUNK, CALL)
    phone = fake.add("PJSIP/sly-00000005", "100.5", linkedid=TRUNK)
    fake.bridges["r"] = ("softmix", "board")
    trunk.bridge = phone.bridge = "r"
    session = recorder.open(Leg(), Order.RELEASE, told)
    session.stop()
    await told.next(Confirmed)

    fake.cut_in_lists[phone.name] = end
    phone.monitors["0xa"] = "/recordings/a\t\t"
    recorder._connection.drop()

    await until(lambda: not phone.monitors)
    session.close()


async def test_a_conference_s_recorder_is_found_whatever_telephones_write_into_lists(
    fake: FakeAmi, recorder: AsteriskRecorder
) -> None:
    told = Told()
    session = recorder.open(Leg(), Order.RELEASE, told)
    trunk = fake.add("PJSIP/sidecar-00000006", TRUNK, CALL)
    room = {"BridgeUniqueid": "r", "BridgeTechnology": "softmix"}
    fake.tell("ConfbridgeStart", trunk, **room, Conference="board")
    fake.tell("BridgeEnter", trunk, **room)
    fields = "!from-sidecar!1!1!Up!ConfBridge!!1!!!3!1!r!"
    fake.concise = f"CBRec/board-00000000{fields}{TRUNK}"
    hidden = FakeChannel("CBRec/board-00000001", "100.7", bridge="r")
    hidden.monitors["0xb"] = "/recordings/b\t\t"
    fake.channels[hidden.name] = hidden

    session.stop()
    await told.next(Confirmed)

    assert not hidden.monitors
    channel = recorder.channels.get(TRUNK)
    assert channel is not None
    assert channel.name == trunk.name
    session.close()


@pytest.mark.parametrize("recorder", [Patience(retry_after=0.05)], indirect=True)
async def test_a_stop_fails_where_nobody_can_tell_whether_the_conference_is_recorded(
    fake: FakeAmi, recorder: AsteriskRecorder
) -> None:
    told = Told()
    session = recorder.open(Leg(), Order.RELEASE, told)
    trunk = fake.add("PJSIP/sidecar-00000006", TRUNK, CALL)
    room = {"BridgeUniqueid": "r", "BridgeTechnology": "softmix"}
    fake.tell("ConfbridgeStart", trunk, **room, Conference="board")
    fake.tell("BridgeEnter", trunk, **room)
    await until(lambda: recorder.tied(CALL) != "" and len(recorder._conferences.rooms) == 1)

    fake.unreadable_bridges.add("r")
    session.stop()

    await told.next(Failed)
    fake.unreadable_bridges.clear()
    await told.next(Confirmed)
    session.close()


@pytest.mark.parametrize("recorder", [Patience(retry_after=0.01)], indirect=True)
@pytest.mark.parametrize("count", [0, 1, 2, 9])
async def test_a_stop_is_not_proven_by_the_list_of_a_channel_with_a_longer_name(
    fake: FakeAmi, recorder: AsteriskRecorder, count: int
) -> None:
    """Asterisk lists any channel whose name begins so, and telephones name Local channels."""
    told = Told()
    session = recorder.open(Leg(), Order.RELEASE, told)
    fake.add("PJSIP/sidecar-00000006", TRUNK, CALL)
    half = fake.add("Local/1@inside-00000001;1", "100.2", linkedid=TRUNK)
    other = FakeChannel("Local/1@inside-00000001;1@x-00000002;1", "100.9")
    fake.channels[other.name] = other
    fake.lists_another[half.name] = other.name
    half.monitors |= {f"0x{number}": "/recordings/a\t\t" for number in range(count)}

    session.stop()
    await until(lambda: any(isinstance(each, Confirmed) for each in told.events))

    assert not half.monitors
    session.close()


@pytest.mark.parametrize("line", ["Uniqueid: 100.9", "Value: Local/1", "\nUniqueid: 100.9", "x"])
async def test_a_name_with_line_breaks_costs_nobody_else_the_recorder(
    fake: FakeAmi, recorder: AsteriskRecorder, line: str
) -> None:
    """As that of a Local channel has where a telephone has dialled them."""
    told = Told()
    session = recorder.open(Leg(), Order.RELEASE, told)
    fake.add("PJSIP/sidecar-00000006", TRUNK, CALL)
    session.hold()
    await told.next(Confirmed)

    fake.add(f"Local/1\r\n{line}\r\nRest: @inside-00000001;1", "100.9")
    fake.forge("Newexten", Uniqueid="100.9", Application="VoiceMail")
    await until(lambda: any(each.get("Channel") == "100.9" for each in fake.asked))
    session.stop()

    assert (await told.next(Confirmed)).order is Order.STOP
    session.close()
