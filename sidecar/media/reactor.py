"""What a worker waits for: sockets, ticks and timers, in one epoll loop."""

from __future__ import annotations

import select
import socket
import time
import traceback
from collections.abc import Callable

from sidecar.sip.timers import TimerHeap

from .pacer import Pacer

Handler = Callable[[float], None]
"""Called with the time, in seconds of the monotonic clock, when its socket can be read."""

_MAX_EVENTS = 128
"""Sockets served before ticks are looked at again: about a millisecond's work."""


class Reactor:
    """Calls one handler for each readable socket; level-triggered, one datagram at a time."""

    def __init__(self) -> None:
        now = time.monotonic()
        self._poller = select.epoll()
        self._handlers: dict[int, Handler] = {}
        self.pacer = Pacer(now)
        self.timers = TimerHeap()
        self.running = True
        self._fault_told_at = now - 1.0

    def __len__(self) -> int:
        """How many sockets are watched."""
        return len(self._handlers)

    def watch(self, sock: socket.socket, handler: Handler) -> None:
        """Call the handler whenever the socket can be read; replaces an earlier one."""
        number = sock.fileno()
        if number not in self._handlers:
            self._poller.register(number, select.EPOLLIN)
        self._handlers[number] = handler

    def ignore(self, sock: socket.socket) -> None:
        """Watch it no more. To be called before the socket is closed; may be repeated."""
        if self._handlers.pop(sock.fileno(), None) is not None:
            self._poller.unregister(sock.fileno())

    def run(self, after_each: Callable[[], bool]) -> None:
        """Serve until `running` is False.

        after_each: called after each round, before waiting; True if it has to be called again
        soon even if nothing happens.
        """
        poll, handlers, monotonic = self._poller.poll, self._handlers, time.monotonic
        timeout = 0.0
        while self.running:
            ready = poll(timeout, _MAX_EVENTS)
            now = monotonic()
            for number, _ in ready:
                handler = handlers.get(number)
                if handler is None:
                    continue  # closed by a command of this very round
                try:
                    handler(now)
                except Exception:  # noqa: BLE001 - one bad packet must not end every call
                    self._on_fault(now)
            try:
                self.pacer.run(now)
                self.timers.run(now)
            except Exception:  # noqa: BLE001 - likewise
                self._on_fault(now)
            timeout = 0.01 if after_each() else self._timeout()

    def close(self) -> None:
        """Close the poller; the sockets are their owners' to close."""
        self._handlers.clear()
        self._poller.close()

    def _on_fault(self, now: float) -> None:
        """Our own mistake: what was at hand is dropped, and told, at most once a second."""
        if now - self._fault_told_at >= 1.0:
            self._fault_told_at = now
            traceback.print_exc()

    def _timeout(self) -> float:
        """Seconds until the next tick or timer; -1 for none."""
        deadlines = [at for at in (self.pacer.next_at(), self.timers.next_deadline()) if at]
        return max(min(deadlines) - time.monotonic(), 0.0) if deadlines else -1
