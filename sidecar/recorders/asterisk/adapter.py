"""The adapter `asterisk-ami`: one manager connection, and the sessions of the calls over it."""

from __future__ import annotations

import asyncio
import ssl
from collections import defaultdict
from pathlib import Path

from sidecar.recorders.asterisk.eyes.call_ids import CallIds
from sidecar.recorders.asterisk.eyes.channels import Channel, Channels
from sidecar.recorders.asterisk.eyes.conferences import Conferences
from sidecar.recorders.asterisk.eyes.hidden import HiddenChannels
from sidecar.recorders.asterisk.eyes.hints import Hints, Readings
from sidecar.recorders.asterisk.eyes.people import Scene
from sidecar.recorders.asterisk.eyes.scenes import ahead, answerers, scene
from sidecar.recorders.asterisk.eyes.steps import Steps
from sidecar.recorders.asterisk.hands.control import Control
from sidecar.recorders.asterisk.hands.files import FileCheck
from sidecar.recorders.asterisk.patience import Patience
from sidecar.recorders.asterisk.session import AsteriskSession
from sidecar.recorders.asterisk.settings import ASTERISK, AsteriskTable
from sidecar.recorders.asterisk.wire.connection import Connection
from sidecar.recorders.asterisk.wire.mixmonitor import parse_bridges
from sidecar.recorders.asterisk.wire.protocol import Message
from sidecar.recorders.asterisk.wire.rights import lacking
from sidecar.recorders.kind import RecorderTable, Surroundings
from sidecar.recorders.recorder import CarriedByAnother, EventCallback, Order, PbxLeg
from sidecar.tables.addresses import HostPort
from sidecar.tables.tls import trusting

_NAMING = ("Newchannel", "Rename")
_COMPARED = ("Newchannel", "BridgeEnter", "MixMonitorStart", "Status")
MAILBOX_APPLICATIONS = frozenset({"VoiceMail", "MinivmRecord"})


def build(table: RecorderTable, surroundings: Surroundings) -> AsteriskRecorder:
    """Make that of one PBX. The secret's text was read."""
    assert isinstance(table, AsteriskTable), "the kind is chosen by its table"
    return AsteriskRecorder(
        table.address,
        table.username,
        table.secret.text.get_secret_value(),
        table.files,
        surroundings.mailboxes,
        carried_by_another=surroundings.carried_by_another,
        tls=trusting(table.ca) if table.tls else None,
    )


class AsteriskRecorder:
    """See Recorder. What it can prove, and what its user must be allowed: the page of its kind."""

    kind = ASTERISK.word
    controls = ASTERISK.controls
    holds = ASTERISK.can_hold
    obeys = ASTERISK.can_stop
    sees = ASTERISK.sees_people

    def __init__(
        self,
        address: HostPort,
        username: str,
        secret: str,
        files: Path | None = None,
        mailbox_applications: frozenset[str] = MAILBOX_APPLICATIONS,
        *,
        carried_by_another: CarriedByAnother,
        tls: ssl.SSLContext | None = None,
        patience: Patience = Patience(),  # noqa: B008 - frozen
    ) -> None:
        self._username = username
        self._patience = patience
        self._folder = files
        self._connection = Connection(
            address,
            username,
            secret,
            on_event=self._on_event,
            on_up=self._on_up,
            on_down=self._on_down,
            tls=tls,
            patience=patience,
        )
        self._sessions: set[AsteriskSession] = set()
        self._members: defaultdict[str, set[AsteriskSession]] = defaultdict(set)
        self._reading: asyncio.Task[bool] | None = None
        self._restoring: asyncio.Task[None] | None = None
        self._finishing: set[asyncio.Task[None]] = set()
        self._read_at = 0.0
        self._lacking = ""
        self.channels = Channels()
        self.call_ids = CallIds(
            self._connection, self.channels.get, self._call_id_known, self._call_id_missing
        )
        self._conferences = Conferences(self, carried_by_another)
        self._hints = Hints(
            self._connection,
            self.channels,
            self._conferences.rooms,
            Readings(self._read, self._found, self._ended, self._changed, self._conferences.meet),
        )
        self._steps = Steps(mailbox_applications, self._hints.about, self._at_mailbox)
        self.control = Control(self._connection)
        self.hidden = HiddenChannels(
            self._connection,
            self.channels,
            patience.hidden_pause,
            on_gone=self.control.forget,
            on_change=self._changed,
        )
        self.connected = False

    @property
    def problem(self) -> str:
        """See Recorder."""
        if self._lacking or self.connected:
            return self._lacking
        return self._connection.problem or "the channels of the PBX are not known yet"

    async def start(self) -> None:
        """See Recorder."""
        await self._connection.start()
        if self._restoring is not None:
            await asyncio.wait([self._restoring])

    async def close(self) -> None:
        """See Recorder."""
        for session in self._sessions:
            session.drop()
        self._sessions.clear()
        self._members.clear()
        tasks = [*self._finishing, self._reading, self._restoring]
        running = [task for task in tasks if task is not None]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        self.connected = False
        self._hints.clear()
        self._steps.clear()
        self._conferences.elsewhere.clear()
        await self._connection.close()

    def open(self, leg: PbxLeg, told: Order, on_event: EventCallback) -> AsteriskSession:
        """See Recorder. What the PBX was told makes no difference: it is made to obey."""
        files = FileCheck(self._folder, self._patience) if self._folder is not None else None
        session = AsteriskSession(leg.call_id, on_event, self, files, self._patience)
        self._sessions.add(session)
        if uniqueid := self.tied(leg.call_id):  # a call of the PBX's own
            asyncio.get_running_loop().call_soon(session.found, uniqueid)
        return session

    # What sessions need

    def tied(self, call_id: str) -> str:
        """Return the uniqueid of the channel with this Call-ID, or an empty text."""
        uniqueid = self.call_ids.channel_with(call_id)
        return uniqueid if self.channels.get(uniqueid) is not None else ""

    def moved(self, session: AsteriskSession, joined: frozenset[str], left: frozenset[str]) -> None:
        """Channels have joined or left a session's call."""
        for uniqueid in joined:
            self._members[uniqueid].add(session)
        for uniqueid in left:
            members = self._members.get(uniqueid, set())
            members.discard(session)
            if not members:
                self._members.pop(uniqueid, None)
            elif session.order is not Order.RELEASE:
                for other in tuple(members):  # what it forbade may be allowed now
                    other.look_again(uniqueid)

    def forbidden(self, uniqueid: str) -> bool:
        """Whether an order of any session forbids to record this channel."""
        orders = (each.order for each in self._members.get(uniqueid, ()))
        return any(order in (Order.HOLD, Order.STOP) for order in orders)

    def scene(self, uniqueid: str) -> Scene:
        """Return what is connected with a call's own channel."""
        return scene(self.channels, uniqueid, self._conferences.rooms)

    def answered_by(self, uniqueid: str) -> frozenset[str]:
        """Return which people have answered a call whose own channel is up."""
        channel = self.channels.get(uniqueid)
        known = channel.answered_by if channel is not None else None
        return answerers(self.channels, uniqueid) if known is None else known

    def at_mailbox(self, uniqueid: str) -> bool:
        """Whether a call's own channel has come to a mailbox, or is about to."""
        mailboxes = self._steps.mailboxes
        rooms = self._conferences.rooms
        return bool(mailboxes) and mailboxes.any_of(ahead(self.channels, uniqueid, rooms))

    def unsettled(self, uniqueid: str) -> bool:
        """Whether something was told of where a call is that has yet to be read back."""
        way = ahead(self.channels, uniqueid, self._conferences.rooms)
        return self._steps.claimed(way) or self._hints.claimed(uniqueid)

    def cleared(self, session: AsteriskSession) -> None:
        """Nobody whom a session's call had to tell anything is left."""
        self._conferences.rooms.told(session.uniqueid)

    def session_of(self, uniqueid: str) -> AsteriskSession | None:
        """Return the session whose own channel this is."""
        sessions = self._members.get(uniqueid, ())
        return next((each for each in sessions if each.uniqueid == uniqueid), None)

    async def read_all(self) -> None:
        """Read all channels anew, unless that was done within `Patience.fresh_for`."""
        now = asyncio.get_running_loop().time()
        if self._reading is None or (
            self._reading.done() and now >= self._read_at + self._patience.fresh_for
        ):
            self._reading = asyncio.create_task(self._read_list(), name="asterisk-status")
        await asyncio.wait([self._reading])

    def ended(self, session: AsteriskSession) -> None:
        """A session was closed: what it forbade may be allowed to others now."""
        self._sessions.discard(session)
        self._conferences.left(session.uniqueid)
        self.moved(session, frozenset(), session.group)
        task = asyncio.create_task(session.finish(), name="asterisk-finish")
        self._finishing.add(task)
        task.add_done_callback(self._finishing.discard)

    # What the connection tells

    def _on_up(self) -> None:
        self._restoring = asyncio.create_task(self._restore(), name="asterisk-restore")

    def _on_down(self) -> None:
        if self._restoring is not None:
            self._restoring.cancel()
        self.connected = False
        self._hints.clear()
        self.control.clear()
        self.channels.clear()
        self._steps.clear()
        self._conferences.elsewhere.clear()
        self.call_ids.clear()
        self.hidden.clear()
        self._members.clear()
        for session in tuple(self._sessions):
            session.lost()

    async def _restore(self) -> None:
        """After a login: learn every channel, then let the sessions go on."""
        self._lacking = await lacking(self._connection, self._username)
        if self._lacking or not await self._read_list():
            self._connection.drop()
            return
        self.connected = True
        for session in tuple(self._sessions):
            session.restored()
        self._conferences.meet_all()

    async def _read_list(self) -> bool:
        """Read channels, bridges and the Call-IDs of SIP channels; return whether it worked."""
        before = self.channels.all()
        self._read_at = asyncio.get_running_loop().time()
        bridges = self._connection.ask(
            "Command", ("Command", "bridge show all"), within=self._patience.read_within
        )
        status = await self._connection.ask("Status", within=self._patience.read_within)
        if status.failure:
            return False
        reply = await bridges
        if not reply.failure:
            bridges_now = parse_bridges(reply.message.output)
            self.channels.note_bridges(bridges_now)
            self._conferences.rooms.keep(bridges_now)
        doubtful = set(self.channels.replace(status.listed, before))
        doubtful |= {each for each in self.channels.all() if self.channels.is_in_doubt(each)}
        if any(each.doubtful or each.get("event") != "Status" for each in status.listed):
            doubtful |= self.channels.all() | {each.get("uniqueid") for each in status.listed}
            self._hints.all_bridges()
        for entry in status.listed:
            if self._steps.mailboxes.is_one(entry.get("application")):
                doubtful.add(entry.get("uniqueid"))
        for uniqueid in doubtful:
            self._hints.about(uniqueid)
        await self._hints.settled(*doubtful)
        asked = []
        for uniqueid in self.channels.all():
            channel = self.channels.get(uniqueid)
            if channel is not None and self.call_ids.lacks(channel):
                asked.append(self.call_ids.ask(channel, tries=1))
        if asked:
            await asyncio.wait(asked)
        for session in tuple(self._sessions):
            session.regroup()
        return True

    def _on_event(self, event: Message) -> None:
        """Take what was told. Whatever would loosen, if it were true, is read back first."""
        word = event.get("event")
        if event.doubtful:
            self._hints.show_forgery()
        if word == "Newexten":
            self._steps.took(event)
            self._compare(event)
            return
        if word == "Hangup":
            self._hints.hangup(event.get("uniqueid"))
            self._compare(event)
            return
        if word.startswith("Confbridge"):
            self._hints.room(event.get("bridgeuniqueid"))
        known = self.channels.get(event.get("uniqueid")) is not None
        uniqueid = self.channels.apply(event)
        if uniqueid:
            if word == "Newstate":
                self._hints.answer(uniqueid)
            self._channel_changed(uniqueid, word)
            if self.channels.is_in_doubt(uniqueid) or (known and word in _NAMING):
                self._hints.about(uniqueid)
        self._hints.look()
        if word in _COMPARED:
            self._compare(event)
        match word:
            case "BridgeEnter" | "BridgeLeave" | "Rename":
                self._conferences.meet_at(event.get("uniqueid"), event.get("bridgeuniqueid"))
            case "MixMonitorStart":
                for each in self._told_of(event):
                    ours = self.control.was_ours(each, started=True)
                    self._look_again(each, begun=not ours)
            case "MixMonitorStop":
                for each in self._told_of(event):
                    self._look_again(each)
            case "MixMonitorMute" if event.get("state") != "1":
                for each in self._told_of(event):
                    if not self.control.was_ours(each, started=False):
                        self._look_again(each, begun=True)
            case "ConfbridgeRecord":
                self._conference_records(event.get("bridgeuniqueid"))

    def _compare(self, event: Message) -> None:
        """Have the channel looked for by its name where a telephone may have cut an event short.

        The name stands before all that a telephone can write, the uniqueid behind it.
        """
        name = event.get("channel")
        channel = self.channels.get(event.get("uniqueid"))
        if channel is None or channel.name != name:
            self._hints.name(name)
            if event.get("event") == "BridgeEnter":
                self._hints.bridge(event.get("bridgeuniqueid"))

    def _told_of(self, event: Message) -> frozenset[str]:
        """Return the channels that an event may tell of, by uniqueid and by name."""
        return self.channels.named(event.get("channel")) | {event.get("uniqueid")}

    def _channel_changed(self, uniqueid: str, word: str) -> None:
        channel = self.channels.get(uniqueid)
        if channel is None:
            return
        if channel.is_sip and word in _NAMING:
            self.call_ids.ask(channel)
        elif word == "Newchannel":
            self._hints.about(uniqueid)
        elif word == "BridgeLeave":
            self._look_for_step(uniqueid)
        self._changed(uniqueid)
        if word == "Rename" or self.channels.is_conference(channel.bridge):
            self._look_again(uniqueid)

    # What was read back

    def _read(self, uniqueid: str, application: str) -> None:
        self._steps.is_at(uniqueid, application)
        self._changed(uniqueid)

    def _found(self, channel: Channel) -> None:
        """There is a channel that no event has told of."""
        if channel.is_sip:
            self.call_ids.ask(channel)
        self._changed(channel.uniqueid)
        self._conferences.meet_at(channel.uniqueid, channel.bridge)

    def _ended(self, uniqueid: str, known: bool) -> None:
        self._gone(uniqueid)
        if known:
            self._changed(uniqueid)

    def _look_for_step(self, uniqueid: str) -> None:
        channel = self.channels.get(uniqueid)
        if channel is not None and uniqueid in self._members:
            self._steps.look_soon(channel)

    def _at_mailbox(self, uniqueid: str) -> None:
        for session in tuple(self._members.get(uniqueid, ())):
            session.sight.stepped()

    def _gone(self, uniqueid: str) -> None:
        self.control.forget(uniqueid)
        self._steps.gone(uniqueid)
        self._conferences.elsewhere.gone(uniqueid)
        self.call_ids.gone(uniqueid)

    def _changed(self, uniqueid: str) -> None:
        """A channel came, went, or is connected with others than before."""
        concerned = set(self._members.get(uniqueid, ()))
        for other in self.channels.group(uniqueid):
            concerned |= self._members.get(other, set())
        for session in concerned:
            session.regroup()

    def _look_again(self, uniqueid: str, *, begun: bool = False) -> None:
        for session in tuple(self._members.get(uniqueid, ())):
            session.look_again(uniqueid, begun=begun)

    def _conference_records(self, bridge: str) -> None:
        sessions = {
            session
            for uniqueid in self.channels.in_bridge(bridge)
            for session in self._members.get(uniqueid, ())
        }
        if sessions:
            self.hidden.announce(bridge)
        for session in sessions:
            session.conference_records()

    def _call_id_known(self, channel: Channel, call_id: str) -> None:
        for session in tuple(self._sessions):
            if session.call_id == call_id:
                session.found(channel.uniqueid)
        self._conferences.meet_at(channel.uniqueid, channel.bridge)

    def _call_id_missing(self, channel: Channel) -> None:
        self._hints.about(channel.uniqueid)  # it may be that there is no such channel
        self._conferences.meet_at(channel.uniqueid, channel.bridge, sure=True)
