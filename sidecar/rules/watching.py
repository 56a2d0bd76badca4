"""Noticing that a file of the rules has changed, by looking at each of them every second."""

from __future__ import annotations

import threading
from pathlib import Path

from sidecar.numbers import FileState
from sidecar.rules.live import LiveRules
from sidecar.tables.toml_file import state_of

EVERY = 1.0
"""Seconds."""


class Watch:
    """A thread that has files read that changed, once they have kept still from look to look.

    Lists of numbers are always watched, the rules themselves if the settings say `watch`.
    """

    def __init__(self, rules: LiveRules, every: float = EVERY) -> None:
        self._rules = rules
        self._every = every
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rules-watch", daemon=True)
        self._last: dict[Path, FileState | None] = {}
        self._tried: dict[Path, FileState | None] = {}

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """End it; what is being read is read to its end."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._every):
            self.look()

    def look(self) -> None:
        """Look once; what is refused is not tried again before it changes again."""
        loaded = self._rules.states()
        seen = {path: state_of(path) for path in loaded}
        are_still = seen == self._last
        self._last = seen
        changed = {
            path
            for path, state in seen.items()
            if state != loaded[path] and (path not in self._tried or state != self._tried[path])
        }
        if not changed or not are_still:
            return
        self._tried = seen
        if self._rules.settings.rules in changed:
            self._rules.reload()
        else:
            self._rules.reload_lists()
