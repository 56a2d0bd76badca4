"""The conferences of an Asterisk (ConfBridge), and whoever came into one without the sidecar.

Such a stranger is owed the notice, which one of the sidecar's calls in the conference says into it:
the teller, who has been there longest. It is owed until the teller has told it, that is until it
lets the recording go on; if the teller leaves before, to the next one's account. Where there is
none, it waits for the first call that comes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import Enum

from sidecar.recorders.asterisk.eyes.channels import Channel

LONGEST_NAME = 80
MOST_ROOMS = 10_000
_NOBODY, _TOLD = "", "told"


class Whose(Enum):
    """Whose call someone in a conference is in."""

    OURS = "ours"
    ANOTHER_SIDECAR_S = "another sidecar's"
    """Which tells it of the recording by itself."""
    NOBODY_S = "nobody's"


def clean(name: str) -> str:
    """Return a conference's name as it may be shown: printable, and not too long."""
    return "".join(filter(str.isprintable, name[: 4 * LONGEST_NAME]))[:LONGEST_NAME] or "?"


class Rooms(Mapping[str, str]):
    """The names of conferences by bridge; and who was seen in each, in the order of arrival."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._ours: dict[str, dict[str, str]] = {}
        """For each conference our calls in it, the longest there first: uniqueids by person."""
        self._strangers: dict[str, dict[str, str]] = {}
        """And everyone else: the uniqueid of the teller, or `_NOBODY`, or `_TOLD`."""

    def __getitem__(self, bridge: str) -> str:
        return self._names[bridge]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def name(self, bridge: str, conference: str) -> bool:
        """A bridge is known to be a conference; return whether that is new."""
        if not bridge or not conference or bridge in self._names or len(self) >= MOST_ROOMS:
            return False
        self._names[bridge] = clean(conference)
        self._ours[bridge], self._strangers[bridge] = {}, {}
        return True

    def end(self, bridge: str) -> None:
        """A conference is over."""
        self._names.pop(bridge, None)
        self._ours.pop(bridge, None)
        self._strangers.pop(bridge, None)

    def keep(self, bridges: Mapping[str, object]) -> None:
        """Forget conferences whose bridge is gone."""
        for bridge in self._names.keys() - bridges.keys():
            self.end(bridge)

    def meet(
        self, bridge: str, there: list[Channel], whose: Callable[[Channel], Whose | None]
    ) -> str:
        """Compare with whoever is there now; return who has to tell strangers, empty for nobody.

        `whose` tells whose call a channel is; None: not known yet. Returned is the uniqueid of a
        call of ours, once for everyone who is owed it now.
        """
        now = {each.person: each for each in there}
        ours = {
            person: uniqueid for person, uniqueid in self._ours[bridge].items() if person in now
        }
        before = self._strangers[bridge]
        strangers = {person: teller for person, teller in before.items() if person in now}
        for person, channel in now.items():
            if person in ours or person in strangers:
                continue
            match whose(channel):
                case Whose.OURS:
                    ours[person] = channel.uniqueid
                case Whose.ANOTHER_SIDECAR_S:
                    strangers[person] = _TOLD
                case Whose.NOBODY_S:
                    strangers[person] = _NOBODY
        self._ours[bridge], self._strangers[bridge] = ours, strangers
        return self._find_teller(bridge)

    def left(self, uniqueid: str) -> tuple[str, ...]:
        """A call of ours is over, though its channel may live on; return who has to tell now."""
        found = []
        for bridge, ours in self._ours.items():
            mine = [person for person, each in ours.items() if each == uniqueid]
            for person in mine:
                del ours[person]
                self._strangers[bridge][person] = _TOLD
            if mine and (teller := self._find_teller(bridge)):
                found.append(teller)
        return tuple(found)

    def told(self, uniqueid: str) -> None:
        """A call has told all that it had to."""
        for strangers in self._strangers.values():
            for person, teller in strangers.items():
                if teller == uniqueid:
                    strangers[person] = _TOLD

    def _find_teller(self, bridge: str) -> str:
        """Return who has to tell those that nobody tells, and note it."""
        ours, strangers = self._ours[bridge], self._strangers[bridge]
        telling = {*ours.values(), _TOLD}
        owed = [person for person, teller in strangers.items() if teller not in telling]
        teller = next(iter(ours.values()), _NOBODY)
        strangers.update(dict.fromkeys(owed, teller))
        return teller if owed else _NOBODY
