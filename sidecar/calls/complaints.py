"""What neighbours do wrong, in the log: no more lines than somebody could read.

A neighbour that sends rubbish as fast as it can must not fill the disk of the log. Each has a
budget of lines; those kept back are counted, and told in one line a minute later.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import structlog

from sidecar.budgets import LineBudget

if TYPE_CHECKING:
    from sidecar.calls.routing import Peer
    from sidecar.calls.turns import Turns

log = structlog.get_logger(__name__)

TOLD_AFTER = 60.0
"""Seconds after the first line that was kept back."""


class Complaints:
    """The lines about neighbours. `tell` writes one, or counts it."""

    def __init__(self, turns: Turns[Any]) -> None:
        self._turns = turns
        self._budget = LineBudget()
        self._waiting: set[tuple[str, str]] = set()

    def tell(self, peer: Peer, event: str, **fields: object) -> None:
        """Write a line about a neighbour, unless there were too many about it lately."""
        turns, sender = self._turns, (peer.kind, peer.name)
        if self._budget.take(sender, turns.now):
            log.info(event, side=peer.kind, peer=peer.name, **fields)
        elif sender not in self._waiting:
            self._waiting.add(sender)
            turns.timers.schedule(turns.now + TOLD_AFTER, partial(self._tell_rest, sender))

    def _tell_rest(self, sender: tuple[str, str], _now: float) -> None:
        self._waiting.discard(sender)
        side, name = sender
        lines = self._budget.kept_back(sender)
        log.warning("log_lines_kept_back", side=side, peer=name, lines=lines)
