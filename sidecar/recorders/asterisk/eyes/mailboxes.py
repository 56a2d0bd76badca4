"""Which channels are in a mailbox: that of a voicemail application, until the next step.

The step is often told before it is known whose channel it is: so it is remembered.
"""

from __future__ import annotations

from collections.abc import Iterable

MOST_REMEMBERED = 10_000


class Mailboxes:
    """The channels whose current step of the dialplan is one of these applications."""

    def __init__(self, applications: frozenset[str]) -> None:
        self._applications = frozenset(name.lower() for name in applications)
        self._inside: dict[str, None] = {}

    def __len__(self) -> int:
        return len(self._inside)

    def is_one(self, application: str) -> bool:
        """Whether an application is a mailbox."""
        return application.lower() in self._applications

    def step(self, uniqueid: str, application: str) -> bool:
        """A channel goes on to an application; return whether that is a mailbox."""
        if self.is_one(application):
            if len(self._inside) >= MOST_REMEMBERED:
                del self._inside[next(iter(self._inside))]
            self._inside[uniqueid] = None
            return True
        if self._inside:
            self._inside.pop(uniqueid, None)
        return False

    def any_of(self, uniqueids: Iterable[str]) -> bool:
        """Whether one of these channels is in a mailbox."""
        return bool(self._inside) and any(each in self._inside for each in uniqueids)

    def gone(self, uniqueid: str) -> None:
        """A channel has ended."""
        self._inside.pop(uniqueid, None)

    def clear(self) -> None:
        """Forget all."""
        self._inside.clear()
