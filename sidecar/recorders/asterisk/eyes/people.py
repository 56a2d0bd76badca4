"""Who is there on the PBX's side of one call: what of a change is to be told.

Nobody is known before the answer. Whoever answered is known from then on; whoever was never seen
before is someone new. In a room (a conference) people are not looked at; after it everyone is new.
"""

from __future__ import annotations

from dataclasses import dataclass

from sidecar.recorders.recorder import (
    BackAgain,
    InRoom,
    NobodyThere,
    OnHold,
    RecorderEvent,
    SomeoneNew,
)

MOST_KNOWN = 1000
"""How many people of one call are remembered; beyond, those who went are forgotten (so are new)."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What is connected with a call: `people` by who they are, whether one of them holds it.

    `room`: the name of the conference it is in, empty for none.
    """

    people: frozenset[str] = frozenset()
    held: bool = False
    room: str = ""


class People:
    """What one call has been told. Takes scenes, returns events; tells nothing before `answered`.

    Nobody there is not told by `see`, but by `vacated`, to be called when that has lasted:
    transfers take people away for an instant.
    """

    def __init__(self) -> None:
        self._answered = False
        self._known: set[str] = set()
        self._present: frozenset[str] = frozenset()
        self._held = False
        self._room = ""
        self._told_vacant = False
        self._met = False

    @property
    def vacant(self) -> bool:
        """Whether nobody is there any more, which has not been told."""
        return self._met and not self._present and not self._told_vacant and not self._room

    def answered(self, by: frozenset[str]) -> None:
        """The call was answered by these people, by none of them if it was a machine."""
        self._answered = True
        self._known |= by

    def see(self, scene: Scene) -> tuple[RecorderEvent, ...]:
        """Return what is to be told now that it is so."""
        if not self._answered:
            return ()
        events: list[RecorderEvent] = []
        if scene.room != self._room:
            self._change_room(scene.room)
            events.append(InRoom(scene.room))
        if not self._room:
            events += self._meet(scene.people)
        if scene.held != self._held:
            self._held = scene.held
            events.append(OnHold(scene.held))
        return tuple(events)

    def vacated(self) -> tuple[RecorderEvent, ...]:
        """Return what is to be told if there is still nobody."""
        if not self.vacant:
            return ()
        self._told_vacant = True
        return (NobodyThere(),)

    def _change_room(self, room: str) -> None:
        self._room = room
        self._known.clear()
        self._present = frozenset()
        self._told_vacant = self._met = False

    def _meet(self, people: frozenset[str]) -> list[RecorderEvent]:
        events: list[RecorderEvent] = []
        if people - self._known:
            events.append(SomeoneNew())
        elif people and self._told_vacant:
            events.append(BackAgain())
        if people:
            self._met = True
            self._told_vacant = False
        self._present = people
        self._known |= people
        if len(self._known) > MOST_KNOWN:
            self._known = set(people)
        return events
