"""Holds, stops and releases the MixMonitors of one channel, and proves it as far as Asterisk lets.

Asterisk's answers are not taken for granted: a mute can be accepted with nothing muted unless it
names an instance, stopping one says nothing of the others, ids are addresses and come again. So
every step begins with the list, names each instance, and a stop ends with an empty list. Channels
are named by their uniqueid: what events say of a name may be forged. The list takes the beginning
of a uniqueid for it, and so has to go by the name; which the channel itself is asked for beside it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import structlog

from sidecar.recorders.asterisk.eyes.channels import LOCAL, Channel
from sidecar.recorders.asterisk.eyes.evidence import value_of
from sidecar.recorders.asterisk.wire.connection import Connection, Reply
from sidecar.recorders.asterisk.wire.mixmonitor import (
    NO_SUCH_ID,
    Instance,
    Recording,
    list_command,
    parse_list,
    recording_of,
)
from sidecar.recorders.recorder import Proof

log = structlog.get_logger(__name__)

STOP_ROUNDS = 4
STOP_PAUSE = 0.02
NAME_ROUNDS = 5
NAME_PAUSE = 0.01
NAME_LOOKS = 3
"""How often a channel is listed that has another name than was told, or has just ended."""
MOST_STOPPED = 50
_BACK = Proof.READ_BACK
_WORST_FIRST = ("unreachable", "timed_out", "refused", "unsupported", "still_recording", "unproven")


@dataclass(frozen=True, slots=True)
class Look:
    """What was found on one channel, after what was done about it.

    `running` MixMonitors are left, `unheld` of them record. `fresh` began since the last look
    and were found recording. `failure` is empty, or a word of recorder.REASONS.
    """

    running: int = 0
    unheld: int = 0
    fresh: int = 0
    proof: Proof = Proof.READ_BACK
    failure: str = ""
    files: tuple[str, ...] = ()


@dataclass(slots=True)
class _Kept:
    """What was done to a channel's recordings."""

    known: set[str] = field(default_factory=set)
    """Instances that were listed before, so that their files are open."""
    muted: set[str] = field(default_factory=set)
    stopped: list[Recording] = field(default_factory=list)
    unmutes: int = 0
    """Events that tell of our own unmuting and are still to come."""
    starts: int = 0
    """Events that tell of our own starting and are still to come."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by whoever changes them: calls that meet in a conference share the channel that records
    it, and what one has begun must not look done to another before Asterisk has answered."""


class Control:
    """Does to channels what orders ask for. Remembers what it did, to take it back."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._kept: dict[str, _Kept] = {}
        self._mutes_by_id: bool | None = None

    def forget(self, uniqueid: str) -> None:
        """A channel has gone."""
        self._kept.pop(uniqueid, None)

    def clear(self) -> None:
        """Nothing is known any more: Asterisk may be another one now."""
        self._kept.clear()
        self._mutes_by_id = None

    def was_ours(self, uniqueid: str, *, started: bool) -> bool:
        """Whether an event of a start (else: of an unmuting) tells what we did ourselves."""
        kept = self._kept.get(uniqueid)
        if kept is None:
            return False
        if started:
            ours = kept.starts > 0
            kept.starts -= ours
        else:
            ours = kept.unmutes > 0
            kept.unmutes -= ours
            if not ours:
                kept.muted.clear()
        return ours

    async def look(self, channel: Channel) -> Look:
        """Only look."""
        found = await self._list(channel)
        if isinstance(found, str):
            return Look(failure=found, proof=Proof.NONE)
        kept = self._kept_of(channel, found)
        kept.known = {each.id for each in found}
        return _look(found, unheld=sum(each.id not in kept.muted for each in found))

    async def hold(self, channel: Channel) -> Look:
        """Mute every MixMonitor in both directions. Proof: each instance's mute was accepted."""
        async with self._lock(channel):
            return await self._hold(channel)

    async def _hold(self, channel: Channel) -> Look:
        found = await self._list(channel)
        if isinstance(found, str):
            return Look(failure=found, proof=Proof.NONE)
        kept = self._kept_of(channel, found)
        if not found:
            return Look()
        kept.known = {each.id for each in found}
        fresh = sum(each.id not in kept.muted for each in found)
        probe = None
        if self._mutes_by_id is None:
            probe = self._mute(channel, NO_SUCH_ID)
        replies = await asyncio.gather(*(self._mute(channel, each.id) for each in found))
        if probe is not None:
            self._note_probe(await probe)
        if self._mutes_by_id is False and len(found) > 1:
            return await self._stop(channel)
        kept.muted = {
            each.id for each, reply in zip(found, replies, strict=True) if not reply.failure
        }
        if len(kept.muted) == len(found):
            return _look(found, unheld=0, fresh=fresh, proof=Proof.ACCEPTED)
        return await self._after_refusal(channel, kept, replies, fresh)

    async def stop(self, channel: Channel) -> Look:
        """End every MixMonitor. Proof: none is listed any more."""
        async with self._lock(channel):
            return await self._stop(channel)

    async def _stop(self, channel: Channel) -> Look:
        fresh = 0
        for attempt in range(STOP_ROUNDS):
            found = await self._list(channel)
            if isinstance(found, str):
                return Look(failure=found, proof=Proof.NONE)
            fresh = fresh or len(found)
            if not found:
                failure = await self._hidden_by_name(channel)
                if not failure:
                    return Look(fresh=fresh)
                fresh = fresh or int(failure == "still_recording")
                continue
            await asyncio.sleep(attempt * STOP_PAUSE)
            kept = self._kept_of(channel, found)
            failure = await self._end(channel, kept, await self._named(channel, kept, found))
            if failure != "still_recording":
                break
        if not found:
            return Look(fresh=fresh, proof=Proof.NONE, failure=failure)
        left = await self.look(channel)
        if left.failure or not left.running:
            return replace(left, fresh=fresh)
        return replace(left, fresh=fresh, proof=Proof.NONE, failure=failure)

    async def _hidden_by_name(self, channel: Channel) -> str:
        """Stop one that an empty list does not show; return why it isn't sure that there is none.

        Telephones may choose how the names of Local channels begin, line breaks included, and the
        list takes any channel whose name begins so. A stop takes the uniqueid, and is refused
        where nothing records: then the text is empty. One that was stopped is "still_recording".
        """
        if not channel.name.startswith(LOCAL):
            return ""
        reply = await self._connection.ask("StopMixMonitor", ("Channel", channel.uniqueid))
        if reply.failure == "refused" and not reply.denied:
            return ""
        return reply.failure or "still_recording"

    async def release(self, channel: Channel, allowed: Callable[[], bool]) -> Look:
        """Unmute what was muted here, begin again what was stopped here.

        `allowed` is asked right before: another call in the same conference may forbid it. Proof:
        accepted, or the list where something had to begin again.
        """
        async with self._lock(channel):
            return await self._release(channel, allowed)

    async def _release(self, channel: Channel, allowed: Callable[[], bool]) -> Look:
        found = await self._list(channel)
        if isinstance(found, str):
            return Look(failure=found, proof=Proof.NONE)
        kept = self._kept_of(channel, found)
        if not allowed():
            return _look(found, unheld=sum(each.id not in kept.muted for each in found))
        kept.known = {each.id for each in found}
        muted, kept.muted = sorted(kept.muted), set()
        again, kept.stopped = kept.stopped, []
        unmuting = [self._mute(channel, each, on=False) for each in muted]
        starting = [self._start(channel, each) for each in again]
        kept.unmutes += len(unmuting)
        kept.starts += len(starting)
        unmuted, started = await asyncio.gather(*unmuting), await asyncio.gather(*starting)
        kept.muted = {each for each, reply in zip(muted, unmuted, strict=True) if reply.failure}
        kept.stopped += [each for each, reply in zip(again, started, strict=True) if reply.failure]
        replies = (*unmuted, *started)
        if not again and not _worst(replies):
            return _look(found, unheld=len(found), proof=Proof.ACCEPTED if muted else _BACK)
        return await self._after_release(channel, kept, replies, len(again))

    async def _after_release(
        self, channel: Channel, kept: _Kept, replies: Iterable[Reply], started: int
    ) -> Look:
        """See what was begun again listed; an unmute that was refused may be of one that ended."""
        found = await self._list(channel)
        if isinstance(found, str):
            return Look(failure=found, proof=Proof.NONE)
        kept.muted &= {each.id for each in found}
        failure = _worst(replies) if kept.muted or kept.stopped else ""
        if not failure and len(found) < started:
            failure = "unproven"
        proof = Proof.NONE if failure else _BACK if started else Proof.ACCEPTED
        return _look(found, unheld=len(found) - len(kept.muted), proof=proof, failure=failure)

    async def _after_refusal(
        self, channel: Channel, kept: _Kept, replies: Iterable[Reply], fresh: int
    ) -> Look:
        """A mute was refused: that is well if its instance has ended meanwhile."""
        found = await self._list(channel)
        if isinstance(found, str):
            return Look(failure=found, proof=Proof.NONE)
        unheld = sum(each.id not in kept.muted for each in found)
        failure = _worst(replies) if unheld else ""
        proof = Proof.NONE if unheld else Proof.ACCEPTED
        return _look(found, unheld=unheld, fresh=fresh, proof=proof, failure=failure)

    async def _named(
        self, channel: Channel, kept: _Kept, found: tuple[Instance, ...]
    ) -> tuple[Instance, ...]:
        """Wait, muted, until instances that have just begun have opened all their files.

        Stopped earlier they would never tell which files they are to go on with after a release.
        Files are opened one by one, so two lists have to agree.
        """
        new = [each.id for each in found if each.id not in kept.known]
        for _ in range(NAME_ROUNDS if new else 0):
            await asyncio.gather(*(self._mute(channel, each) for each in new))
            await asyncio.sleep(NAME_PAUSE)
            listed = await self._list(channel)
            if isinstance(listed, str):
                break
            before, found = found, listed
            if before == found and all(each.files for each in found):
                break
        kept.known = {each.id for each in found}
        return found

    async def _end(self, channel: Channel, kept: _Kept, found: Iterable[Instance]) -> str:
        """Stop instances, and keep what it takes to begin them again; return what failed."""
        asked = []
        for each in found:
            name = self._connection.ask(
                "Getvar",
                ("Channel", channel.uniqueid),
                ("Variable", f"MIXMONITOR({each.id},filename)"),
            )
            stop = self._connection.ask(
                "StopMixMonitor", ("Channel", channel.uniqueid), ("MixMonitorID", each.id)
            )
            asked.append((each, name, stop))
        replies = []
        for each, name, stop in asked:
            mixed, reply = (await name).message.get("value"), await stop
            replies.append(reply)
            recording = recording_of(each, mixed)
            if not reply.failure and recording not in kept.stopped:
                kept.stopped = [*kept.stopped[-MOST_STOPPED:], recording]
        failed = [reply for reply in replies if reply.failure != "refused" or reply.denied]
        return _worst(failed) or "still_recording"

    async def _list(self, channel: Channel) -> tuple[Instance, ...] | str:
        """Return a channel's instances, or why they can't be known. A channel gone has none."""
        for _ in range(NAME_LOOKS):
            asked = self._connection.ask(
                "Getvar", ("Channel", channel.uniqueid), ("Variable", "CHANNEL(name)")
            )
            listed = await self._connection.ask("Command", ("Command", list_command(channel.name)))
            there = await asked
            if there.no_channel:
                return ()
            if there.failure or listed.failure:
                return there.failure or listed.failure
            found = parse_list(listed.message.output)
            name = value_of(there)
            if name == channel.name and found is not None:
                return found
            channel = replace(channel, name=name or channel.name)
        return "unproven"

    def _lock(self, channel: Channel) -> asyncio.Lock:
        return self._kept.setdefault(channel.uniqueid, _Kept()).lock

    def _kept_of(self, channel: Channel, found: Iterable[Instance]) -> _Kept:
        kept = self._kept.setdefault(channel.uniqueid, _Kept())
        listed = {each.id for each in found}
        kept.muted &= listed
        kept.known &= listed
        return kept

    def _mute(self, channel: Channel, instance: str, *, on: bool = True) -> asyncio.Future[Reply]:
        return self._connection.ask(
            "MixMonitorMute",
            ("Channel", channel.uniqueid),
            ("Direction", "both"),
            ("State", "1" if on else "0"),
            ("MixMonitorID", instance),
        )

    def _start(self, channel: Channel, recording: Recording) -> asyncio.Future[Reply]:
        if not recording.may_be_restarted:
            log.warning("recording_not_restarted", problem="its file name has unsafe characters")
            answer = asyncio.get_running_loop().create_future()
            answer.set_result(Reply(failure="unsupported"))
            return answer
        return self._connection.ask(
            "MixMonitor",
            ("Channel", channel.uniqueid),
            ("File", recording.mixed),
            ("Options", recording.options),
        )

    def _note_probe(self, reply: Reply) -> None:
        """Whether a mute by an id that nobody has is refused: only then ids are looked at."""
        if reply.failure in ("", "refused"):
            self._mutes_by_id = reply.failure == "refused"
            if not self._mutes_by_id:
                log.warning(
                    "asterisk_mutes_without_id",
                    hint="several recordings of one channel are stopped where they should be held",
                )


def _look(
    found: tuple[Instance, ...],
    *,
    unheld: int,
    fresh: int = 0,
    proof: Proof = Proof.READ_BACK,
    failure: str = "",
) -> Look:
    files = tuple(name for each in found for name in each.files)
    return Look(len(found), unheld, fresh, proof, failure, files)


def _worst(replies: Iterable[Reply]) -> str:
    """Return the failure that says most, empty if there is none."""
    failures = {reply.failure for reply in replies}
    return next((reason for reason in _WORST_FIRST if reason in failures), "")
