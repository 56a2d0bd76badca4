"""What a worker waits for: sockets, ticks and timers, in one epoll loop."""

from __future__ import annotations

import select
import socket
import time
import traceback
from collections.abc import Callable

from sidecar.timers import Timer, TimerHeap

from .pacer import Pacer

Handler = Callable[[float], None]
"""Called with the time, in seconds of the monotonic clock, when its socket can be read."""

COALESCE_S = 0.002
"""After packets have come the loop rests so long, to take the next ones together.

Waking up costs more than relaying a packet; a jitter buffer does not notice two milliseconds.
"""

_MAX_EVENTS = 128
"""Sockets served before ticks are looked at again: about a millisecond's work."""

_RETRY_S = 0.01
_NEVER = float("inf")
_IDLE_S = 3600.0


class Reactor:
    """Calls one handler for each readable socket; level-triggered, one datagram at a time."""

    def __init__(self) -> None:
        now = time.monotonic()
        self._poller = select.epoll()
        self._handlers: dict[int, Handler] = {}
        self.pacer = Pacer(now)
        self._timers = TimerHeap()
        self._wake_at = now
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

    def serve(self, sock: socket.socket, now: float) -> None:
        """Call the handler of a socket out of turn."""
        handler = self._handlers.get(sock.fileno())
        if handler is not None:
            handler(now)

    def schedule(self, at: float, callback: Handler) -> Timer:
        """Call `callback(now)` at that time of the monotonic clock."""
        self._wake_at = min(self._wake_at, at)
        return self._timers.schedule(at, callback)

    def run(self, after_each: Callable[[], bool]) -> None:
        """Serve until `running` is False.

        after_each: called after each round, before waiting; True if it has to be called again
        soon even if nothing happens.
        """
        poll, handlers = self._poller.poll, self._handlers
        monotonic, sleep = time.monotonic, time.sleep
        timeout, rested = 0.0, False
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
            if now >= self._wake_at:
                self._run_due(now)
            if after_each():
                self._wake_at = min(self._wake_at, now + _RETRY_S)
            if ready:
                rested, timeout = False, 0.0  # there may be more: a burst is taken in one go
                continue
            timeout = min(self._wake_at - monotonic(), _IDLE_S)
            if not rested and timeout > COALESCE_S:
                sleep(COALESCE_S)
                timeout -= COALESCE_S
            rested = True
            timeout = max(timeout, 0.0)

    def replan(self) -> None:
        """To be called when somebody has joined the pacer outside of a tick."""
        self._wake_at = min(self._wake_at, self.pacer.next_at() or _NEVER)

    def close(self) -> None:
        """Close the poller; the sockets are their owners' to close."""
        self._handlers.clear()
        self._poller.close()

    def _on_fault(self, now: float) -> None:
        """Our own mistake: what was at hand is dropped, and told, at most once a second."""
        if now - self._fault_told_at >= 1.0:
            self._fault_told_at = now
            traceback.print_exc()

    def _run_due(self, now: float) -> None:
        """Ticks and timers, and when the next of them is due."""
        try:
            self.pacer.run(now)
            self._timers.run(now)
        except Exception:  # noqa: BLE001 - as for a packet
            self._on_fault(now)
        next_tick, next_timer = self.pacer.next_at(), self._timers.next_deadline()
        self._wake_at = min(next_tick or _NEVER, next_timer or _NEVER)
