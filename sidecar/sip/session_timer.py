"""Session timers (RFC 4028): the agreement of one dialog to be refreshed, and what it asks of us.

Theory. A 2xx to an INVITE or UPDATE says by `Session-Expires` how long the session lives without
a refresh, and which of the two user agents of that request refreshes it: its sender (`uac`) or
whoever answered (`uas`). A 2xx without it ends the agreement: the session lives on without a
timer. The refresher sends another INVITE or UPDATE when half the time is over. The other one
hangs up when the time is nearly over and nothing came (section 10); so does a refresher whose
refreshes all fail. Who answers may shorten the time, never lengthen it, and refuses what is
shorter than its own least with 422 and `Min-SE`; whoever asked then asks for more.

`answer_to` is table 2 of section 9, `SessionTimer` the clock of one dialog.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Literal

MIN_SE = 90
"""The shortest interval, in seconds, that anybody may ask for (section 5), and our own least."""

MAX_SE = 2**32 - 1

LONGEST_MARGIN = 32.0
"""So many seconds before the end, at most, whoever waits in vain hangs up (section 10)."""

RETRY_AFTER_S = 10.0
"""How long after a refresh that failed the next one is tried."""

Role = Literal["uac", "uas"]

_SECONDS = re.compile(r"[ \t]*([0-9]{1,10})[ \t]*")
_REFRESHER = re.compile(r"[ \t]*refresher[ \t]*=[ \t]*\"?(uac|uas)\"?[ \t]*", re.IGNORECASE)


class TooShort(Exception):  # noqa: N818
    """The interval asked for is below our least: 422 with `Min-SE` (section 9)."""


class Due(Enum):
    """What a session timer asks of its owner."""

    REFRESH = "send an INVITE or UPDATE"
    END = "send BYE"


@dataclass(frozen=True, slots=True)
class SessionExpires:
    """The value of a Session-Expires header: seconds, and who refreshes where that is said."""

    seconds: int
    refresher: Role | None = None

    @classmethod
    def parse(cls, text: str | None) -> SessionExpires | None:
        """Read a header value; None where there is none, or it is no number of seconds."""
        if text is None:
            return None
        first, *parameters = text.split(";")
        found = _SECONDS.fullmatch(first)
        if found is None or not 0 < int(found[1]) <= MAX_SE:
            return None
        named = (_REFRESHER.fullmatch(each) for each in parameters)
        role = next((each[1].lower() for each in named if each is not None), None)
        return cls(int(found[1]), "uac" if role == "uac" else "uas" if role == "uas" else None)

    def __str__(self) -> str:
        refresher = f";refresher={self.refresher}" if self.refresher is not None else ""
        return f"{self.seconds}{refresher}"


def min_se(text: str | None) -> int:
    """Read a Min-SE header; the RFC's least where there is none, or it is no number of seconds."""
    found = _SECONDS.fullmatch((text or "").partition(";")[0])
    return max(MIN_SE, min(int(found[1]), MAX_SE)) if found is not None else MIN_SE


def answer_to(asked: SessionExpires | None, *, supported: bool) -> SessionExpires | None:
    """Return the Session-Expires of our 2xx to a request of the peer's (section 9, table 2).

    `supported`: whether the peer named `timer` in Supported; one that did not, can't refresh, and
    had the header from a proxy. We ask for no timer where the request doesn't. Raises TooShort,
    but never towards a peer who would not know what it means.
    """
    if asked is None:
        return None
    if not supported:
        return SessionExpires(max(asked.seconds, MIN_SE), "uas")
    if asked.seconds < MIN_SE:
        raise TooShort
    return SessionExpires(asked.seconds, asked.refresher or "uac")


class SessionTimer:
    """The agreement of one dialog as it stands, and when something is due by it."""

    __slots__ = ("_least", "_next_try", "_renewed_at", "interval", "refreshes")

    def __init__(self) -> None:
        self.interval: int | None = None
        """Seconds; None while no timer is agreed."""
        self.refreshes = False
        """Whether it is us who refresh."""
        self._least = MIN_SE
        self._renewed_at = 0.0
        self._next_try: float | None = None

    def agreed(self, answer: SessionExpires | None, *, asked_by_us: bool, now: float) -> None:
        """Take what a 2xx said, ours or the peer's, to a request of ours or of the peer's.

        A 2xx of the peer's that does not say who refreshes leaves it to us. Intervals below the
        RFC's least are taken for that: half of it is still in time for most of them.
        """
        if answer is None:
            self.interval, self._next_try = None, None
            return
        self.interval = max(answer.seconds, MIN_SE)
        self.refreshes = answer.refresher != ("uas" if asked_by_us else "uac")
        self._renewed_at = now
        self._next_try = now + self.interval / 2 if self.refreshes else None

    @property
    def deadline(self) -> float | None:
        """When `due` has something to say next; None while no timer is agreed."""
        if self.interval is None:
            return None
        return self._ends_at if self._next_try is None else min(self._next_try, self._ends_at)

    def due(self, now: float) -> Due | None:
        """Return what is to be done now. After REFRESH, tell how it went: `agreed` or `failed`."""
        if self.interval is None:
            return None
        if now >= self._ends_at:
            return Due.END
        if self._next_try is not None and now >= self._next_try:
            self._next_try = None
            return Due.REFRESH
        return None

    def failed(self, now: float, retry_after: float = RETRY_AFTER_S) -> None:
        """A refresh of ours was refused, but the session lives: try again while there is time."""
        self._next_try = now + retry_after

    def too_short(self, least: int) -> bool:
        """The peer wants a longer interval (422); tell whether more can be asked for than was."""
        asked = self.asks
        self._least = max(self._least, least)
        return asked is not None and asked.seconds < self._least

    @property
    def asks(self) -> SessionExpires | None:
        """What a request of ours within the dialog asks for: that all stays as it is (7.1, 7.4)."""
        if self.interval is None:
            return None
        return SessionExpires(max(self.interval, self._least), "uac" if self.refreshes else "uas")

    @property
    def least(self) -> int:
        """The Min-SE of our requests: as much as the peer has asked for (section 7.4)."""
        return self._least

    @property
    def _ends_at(self) -> float:
        interval = self.interval or 0
        return self._renewed_at + interval - min(LONGEST_MARGIN, interval / 3)
