"""The recorder of one call in an Asterisk: its order holds on every channel, whenever it comes.

An order is carried out in passes. A pass takes the channels that were not looked at since the
order, or since something happened on them, does to each what the order asks, and repeats while
more happened meanwhile. Then the order is confirmed. What happens later begins another pass.

Before the PBX has a channel with the call's Call-ID (the INVITE is on its way) an order waits, and
is confirmed once the channel is known and was seen to. If none appears in time
(`Patience.channel_within`) the order fails with "no_channel"; it is still carried out should the
channel come.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Set
from enum import Enum, auto
from typing import Protocol

from sidecar.recorders.asterisk.eyes.channels import Channel
from sidecar.recorders.asterisk.eyes.hidden import HiddenChannels
from sidecar.recorders.asterisk.eyes.sight import Sight, View
from sidecar.recorders.asterisk.hands.control import Control, Look
from sidecar.recorders.asterisk.hands.files import FileCheck, Meter, Verdict
from sidecar.recorders.asterisk.patience import Patience
from sidecar.recorders.recorder import (
    AnswererCallback,
    Confirmed,
    Doubted,
    EventCallback,
    Failed,
    Finished,
    Order,
    Proof,
    Status,
    Violated,
)

NAME_LOOKS = 5
MOST_PASSES = 20
_FORBIDS = (Order.HOLD, Order.STOP)


class _Answer(Enum):
    """What was last told about the order."""

    OWED = auto()
    CONFIRMED = auto()
    FAILED = auto()


class Pbx(View, Protocol):
    """What a session needs of the adapter."""

    control: Control
    hidden: HiddenChannels

    def tied(self, call_id: str) -> str:
        """Return the uniqueid of the channel with this Call-ID, or an empty text."""

    def moved(self, session: AsteriskSession, joined: frozenset[str], left: frozenset[str]) -> None:
        """Channels have joined or left a session's call."""

    def forbidden(self, uniqueid: str) -> bool:
        """Whether an order of any session forbids to record this channel."""

    def cleared(self, session: AsteriskSession) -> None:
        """A session's call has told everyone what it had to: it may be recorded."""

    async def read_all(self) -> None:
        """Read all channels anew, if that is due; sessions are told what has changed."""

    def ended(self, session: AsteriskSession) -> None:
        """A session was closed."""


class AsteriskSession:
    """See RecorderSession."""

    def __init__(
        self,
        call_id: str,
        on_event: EventCallback,
        pbx: Pbx,
        files: FileCheck | None,
        patience: Patience,
    ) -> None:
        self._on_event = on_event
        self._patience = patience
        self._pbx = pbx
        self._loop = asyncio.get_running_loop()
        self._files = files
        self.uniqueid = ""
        self._looks: dict[str, Look] = {}
        self._todo: set[str] = set()
        self._answer = _Answer.OWED
        self._reason = ""
        self._status_asked = False
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._noting: asyncio.Task[None] | None = None
        self._find_until = self._loop.time() + self._patience.channel_within
        self._meter = Meter()
        self._gap = False
        self._name_looks = 0
        self._proof = Proof.NONE
        self.sight = Sight(pbx, on_event)
        self.call_id = call_id
        self.group: frozenset[str] = frozenset()
        self.order: Order | None = None
        self.closed = False

    # What the call asks for

    def hold(self) -> None:
        """See RecorderSession."""
        self._give(Order.HOLD)

    def release(self) -> None:
        """See RecorderSession."""
        self._pbx.cleared(self)
        self._give(Order.RELEASE)

    def stop(self) -> None:
        """See RecorderSession."""
        self._give(Order.STOP)

    def status(self) -> None:
        """See RecorderSession."""
        self._status_asked = True
        self._todo |= self.group
        if self._pbx.connected:
            self._poke()
        else:
            self._loop.call_soon(self._answer_status)

    def sdp_says(self, recording: bool) -> None:
        """Asterisk says nothing of recording in its session descriptions."""

    def answered(self, on_answerer: AnswererCallback) -> None:
        """See RecorderSession."""
        self.sight.answered(on_answerer)

    def close(self) -> None:
        """See RecorderSession."""
        if not self.closed:
            self.drop()
            self._meter.set(False, self._loop.time())
            self._pbx.ended(self)

    def drop(self) -> None:
        """Do and tell nothing any more."""
        self._stop_working()
        self.sight.drop()
        self.closed = True

    async def finish(self) -> None:
        """Answer `close`: look at the files, if they are to be seen."""
        seconds = self._meter.seconds(self._loop.time())
        proof = self._proven()
        if self._files is not None:
            verdict = await self._files.judge(seconds)
            if verdict is Verdict.MORE_THAN_ALLOWED:
                proof = Proof.NONE
            elif verdict is Verdict.AS_ALLOWED and proof is Proof.STAYED:
                proof = Proof.FILES
        self._on_event(Finished(proof, None if self._gap else seconds))

    def _proven(self) -> Proof:
        if self.order is None or self._answer is not _Answer.CONFIRMED:
            return Proof.NONE
        return self._proof if self._gap else Proof.STAYED

    # What the adapter tells

    def found(self, uniqueid: str) -> None:
        """The channel with this session's Call-ID is known."""
        if not self.closed:
            self.uniqueid = uniqueid
            self.regroup()
            self._poke()

    def regroup(self) -> None:
        """Connections between channels have changed."""
        group = self._pbx.channels.group(self.uniqueid) if self.uniqueid else frozenset()
        joined, left = group - self.group, self.group - group
        self.group = group
        if joined or left:
            self._pbx.moved(self, joined, left)
        for uniqueid in left:
            self._looks.pop(uniqueid, None)
        if left:
            self._measure()
        if joined:
            self._look_at(joined)
        self.sight.look(self.uniqueid)

    def look_again(self, uniqueid: str, *, begun: bool = False) -> None:
        """Something happened on a channel of the call; `begun`: it records against the order."""
        if begun and self.order in _FORBIDS:
            self._meter.set(True, self._loop.time())
            self._violated()
        self._look_at({uniqueid})

    def conference_records(self) -> None:
        """A conference of the call's has begun to be recorded, on a hidden channel."""
        if self.order in _FORBIDS:
            self._meter.set(True, self._loop.time())
            self._violated()
        self._look_at(self.group)

    def lost(self) -> None:
        """There is no connection any more: nothing is known."""
        if self.order is not None or self.uniqueid:
            self._gap = True
        self._stop_working()
        self._find_until = 0.0 if self.uniqueid else self._find_until
        self.uniqueid = ""
        self.group = frozenset()
        self._looks.clear()
        self.sight.lost()
        if self._answer is _Answer.CONFIRMED:
            self._answer = _Answer.OWED
            self._on_event(Doubted("unreachable"))
        elif self._answer is _Answer.OWED:
            self._failed("unreachable")
        if self._status_asked:
            self._answer_status()

    def restored(self) -> None:
        """There is a connection again, and all channels are known."""
        now = self._loop.time()
        self._find_until = max(self._find_until, now) if self._find_until else now
        self._poke()

    # Carrying out

    def _give(self, order: Order) -> None:
        if self.closed:
            return
        again = order is self.order
        self.order = order
        self._answer = _Answer.OWED
        self._looks.clear()
        self._todo = set(self.group)
        if self._files is not None:
            self._files.may_grow()
        if not self._pbx.connected:
            self._loop.call_soon(self._fail_unreachable, order)
        elif not again:
            self._stop_working()
            self._poke()
        else:
            self._poke()

    def _fail_unreachable(self, order: Order) -> None:
        if not self.closed and order is self.order and self._answer is _Answer.OWED:
            self._failed("unreachable")

    def _poke(self) -> None:
        """Begin to work, unless that goes on already and will see what there is to do."""
        if self.closed or not self._pbx.connected:
            return
        if self.order is None and not self._status_asked:
            return
        if self._task is None or self._task.done():
            if self._timer is not None:
                self._timer.cancel()
            self._task = self._loop.create_task(self._work(), name="asterisk-session")

    def _stop_working(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None
        if self._noting is not None:
            self._noting.cancel()
        if self._timer is not None:
            self._timer.cancel()

    def _later(self, delay: float, again: Callable[[], None]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(delay, again)

    async def _work(self) -> None:
        failure = await self._passes()
        if failure:
            self._failed(failure)
        elif failure is not None:
            self._confirmed()
            self._look_for_names()
        if self._status_asked:
            self._answer_status()

    async def _passes(self) -> str | None:
        """Return why it can't be done, empty when it is done, None while there is no channel."""
        read = False
        for _ in range(MOST_PASSES):
            if self._status_asked and not read:
                read = True
                await self._pbx.read_all()
            if not self.uniqueid:
                uniqueid = self._pbx.tied(self.call_id)
                if not uniqueid:
                    return await self._not_found()
                self.uniqueid = uniqueid
                self.regroup()
            if not await self._find_hidden():
                return "unproven"
            if not await self._pass():
                return ""
            failure = next((each.failure for each in self._looks.values() if each.failure), "")
            if failure:
                return failure
        return "still_recording"

    async def _not_found(self) -> str | None:
        left = self._find_until - self._loop.time()
        if left > 0:
            self._later(left, self._poke)
            return None
        await self._pbx.read_all()
        if self.uniqueid:
            self._later(0, self._poke)
            return None
        return "no_channel"

    async def _find_hidden(self) -> bool:
        channels = (self._pbx.channels.get(each) for each in self.group)
        bridges = frozenset(
            each.bridge
            for each in channels
            if each is not None and self._pbx.channels.is_conference(each.bridge)
        )
        return not bridges or await self._pbx.hidden.find(bridges)

    async def _pass(self) -> bool:
        """See to the channels that need it; return whether there were any."""
        todo, self._todo = self._todo & self.group, set()
        channels = [each for each in map(self._pbx.channels.get, todo) if each is not None]
        if not channels:
            return False
        looks = await asyncio.gather(*map(self._see_to, channels))
        for channel, look in zip(channels, looks, strict=True):
            if channel.uniqueid in self.group:
                self._looks[channel.uniqueid] = look
            if self._files is not None:
                self._files.add(look.files)
        if any(look.fresh for look in looks) and self.order in _FORBIDS:
            self._gap |= self._status_asked and self._answer is _Answer.CONFIRMED
            self._violated()
        self._measure()
        return True

    async def _see_to(self, channel: Channel) -> Look:
        control = self._pbx.control
        match self.order:
            case Order.HOLD:
                return await control.hold(channel)
            case Order.STOP:
                return await control.stop(channel)
            case Order.RELEASE:
                return await control.release(
                    channel, lambda: not self._pbx.forbidden(channel.uniqueid)
                )
        return await control.look(channel)

    def _look_for_names(self) -> None:
        """A recording that has just begun doesn't tell its files yet: look again, a few times."""
        nameless = {
            uniqueid for uniqueid, look in self._looks.items() if look.running and not look.files
        }
        if self._files is not None and nameless and self._name_looks < NAME_LOOKS:
            self._name_looks += 1
            self._later(self._patience.names_after, lambda: self._look_at(nameless))

    def _look_at(self, uniqueids: Set[str]) -> None:
        self._todo |= uniqueids
        self._poke()

    def _measure(self) -> None:
        recording = any(look.unheld for look in self._looks.values())
        self._meter.set(recording, self._loop.time())

    # Telling

    def _confirmed(self) -> None:
        if self.order is None or self._answer is _Answer.CONFIRMED:
            return
        self._answer = _Answer.CONFIRMED
        self._reason = ""
        looks = self._looks.values()
        self._proof = min((look.proof for look in looks), default=Proof.READ_BACK)
        self._on_event(Confirmed(self.order, self._proof))
        if self._files is not None and self.order is Order.STOP:
            self._noting = self._loop.create_task(self._files.note_sizes(), name="recording-sizes")

    def _failed(self, reason: str) -> None:
        """Tell it, once, and try again where that is not in vain."""
        if self.order is None:
            return
        self._gap |= self._answer is _Answer.CONFIRMED
        news = self._answer is not _Answer.FAILED or self._reason != reason
        self._answer = _Answer.FAILED
        self._reason = reason
        if self.order in _FORBIDS and reason not in ("unreachable", "no_channel"):
            self._later(self._patience.retry_after, self._retry)
        if news:
            self._on_event(Failed(self.order, reason))

    def _retry(self) -> None:
        self._looks.clear()
        self._look_at(self.group)

    def _violated(self) -> None:
        if self._answer is _Answer.CONFIRMED:
            self._answer = _Answer.OWED
            self._on_event(Violated())

    def _answer_status(self) -> None:
        if self.closed or not self._status_asked:
            return
        self._status_asked = False
        if not self.uniqueid or any(look.failure for look in self._looks.values()):
            self._on_event(Status(None, Proof.NONE))
        else:
            running = sum(look.running for look in self._looks.values())
            proof = min((look.proof for look in self._looks.values()), default=Proof.READ_BACK)
            self._on_event(Status(running, proof))
