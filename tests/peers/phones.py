"""Softphones in processes of their own, steered by lines of JSON.

`baresip_phone.py` and `pyvoip_phone.py` are the programs at the other end: one command a
line on standard input ({"do": "call", "uri": ...}), one event a line on standard output
({"event": "established", ...}). What a phone hears goes to a file of 16-bit PCM at 8 kHz.
"""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

import numpy as np

from .audio import Samples
from .processes import (
    LOOPBACK,
    PeerFailedError,
    _die_with_parent,
    free_port,
    kill_group,
    port_range,
)

HERE = Path(__file__).parent
Event = dict[str, Any]


@dataclass(frozen=True)
class Account:
    """A registration: at which server, as whom."""

    server: str  # host:port
    user: str
    password: str


class Phone:
    """A softphone. Use as a context manager; `expect` waits for what it reports."""

    program = ""

    def __init__(
        self,
        folder: Path,
        name: str,
        *,
        account: Account | None = None,
        tone: float = 0.0,
        answer: bool = True,
        headers: tuple[str, ...] = (),
    ) -> None:
        """A phone that sends a tone of that many Hz (0: silence) and answers by itself or not."""
        self.name = name
        self.port = free_port()
        low, high = port_range(20)
        self.media_ports = range(low, high + 1)
        self.heard_file = folder / f"{name}.pcm"
        self.log = folder / f"{name}.log"
        self.seen: list[Event] = []
        self._events: queue.Queue[Event | None] = queue.Queue()
        self._options = {
            "name": name,
            "port": self.port,
            "media": [low, high],
            "heard": str(self.heard_file),
            "tone": tone,
            "answer": answer,
            "headers": list(headers),
            "account": vars(account) if account else None,
        }

    @property
    def uri(self) -> str:
        """Where it can be called directly."""
        return f"sip:{self.name}@{LOOPBACK}:{self.port}"

    def __enter__(self) -> Self:
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                [sys.executable, "-P", str(HERE / self.program), json.dumps(self._options)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - no threads hold locks here
            )
        assert self._child.stdout is not None
        self._listener = threading.Thread(target=self._listen, args=(self._child.stdout,))
        self._listener.start()
        self.expect("ready", 20)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._child.stdin is not None
        try:
            self._child.stdin.close()  # end of input: the phone hangs up, unregisters, ends
            self._child.wait(5)
        except (subprocess.TimeoutExpired, BrokenPipeError):
            pass
        kill_group(self._child.pid)
        self._child.wait()
        self._listener.join()

    def _listen(self, lines: TextIO) -> None:
        with lines:
            for line in lines:
                if line.startswith("{"):
                    self._events.put(json.loads(line))
        self._events.put(None)

    def do(self, command: str, **arguments: object) -> None:
        """Give a command: call (uri, headers), answer, hangup, hold, resume, dtmf (digits),

        transfer (uri), join (the call before this one with this one).
        """
        assert self._child.stdin is not None
        self._child.stdin.write(json.dumps({"do": command, **arguments}) + "\n")
        self._child.stdin.flush()

    def call(self, uri: str, **headers: str) -> None:
        """Place a call; underscores in header names stand for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.do("call", uri=uri, headers=named)

    def expect(self, event: str, timeout: float = 10.0) -> Event:
        """Wait for an event, passing over others. Raises PeerFailedError on time-out or its end."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                got = self._events.get(timeout=max(deadline - time.monotonic(), 0.001))
            except queue.Empty:
                raise self._failure(f"no {event} within {timeout:g} s") from None
            if got is None:
                raise self._failure(f"ended while {event} was awaited")
            self.seen.append(got)
            if got["event"] == event:
                return got

    def forget(self) -> None:
        """Pass over every event until now."""
        while not self._events.empty():
            self._events.get()

    def _failure(self, what: str) -> PeerFailedError:
        tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-30:])
        return PeerFailedError(f"{self.name}: {what}; events so far: {self.seen}\n{tail}")

    def heard(self) -> Samples:
        """Everything heard so far in the phone's last call."""
        data = self.heard_file.read_bytes()
        return np.frombuffer(data[: len(data) // 2 * 2], dtype="<i2").astype(np.int16)


class BaresipPhone(Phone):
    """The baresip stack (baresip-python): can call and be called, with or without a registrar."""

    program = "baresip_phone.py"


class PyVoipPhone(Phone):
    """pyVoIP 1.6.8: always registered; cannot do early media, hold or DTMF."""

    program = "pyvoip_phone.py"
