"""The conferences of an Asterisk (ConfBridge), and whoever came into one without the sidecar."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from sidecar.recorders.asterisk.channels import Channel

LONGEST_NAME = 80
MOST_ROOMS = 10_000


def clean(name: str) -> str:
    """Return a conference's name as it may be shown: printable, and not too long."""
    return "".join(filter(str.isprintable, name[: 4 * LONGEST_NAME]))[:LONGEST_NAME] or "?"


class Rooms(Mapping[str, str]):
    """The names of conferences by bridge; and who was seen in each, in the order of arrival."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._seen: dict[str, dict[str, str]] = {}

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
        self._seen[bridge] = {}
        return True

    def end(self, bridge: str) -> None:
        """A conference is over."""
        self._names.pop(bridge, None)
        self._seen.pop(bridge, None)

    def keep(self, bridges: Mapping[str, object]) -> None:
        """Forget conferences whose bridge is gone."""
        for bridge in self._names.keys() - bridges.keys():
            self.end(bridge)

    def strangers(
        self, bridge: str, there: list[Channel], is_ours: Callable[[Channel], bool | None]
    ) -> tuple[int, tuple[str, ...]]:
        """Compare with whoever is there now: how many strangers came, and whom one can tell.

        `is_ours` tells whether a channel is a call of the sidecar's; None: not known yet. Returned
        are the uniqueids of those calls, the longest there first.
        """
        before = self._seen.get(bridge, {})
        now = {each.person: each for each in there}
        seen = {person: uniqueid for person, uniqueid in before.items() if person in now}
        ours, came = [uniqueid for uniqueid in seen.values() if uniqueid], 0
        for person, channel in now.items():
            if person in seen:
                continue
            verdict = is_ours(channel)
            if verdict is None:
                continue
            seen[person] = channel.uniqueid if verdict else ""
            came += not verdict
        self._seen[bridge] = seen
        return came, tuple(ours)
