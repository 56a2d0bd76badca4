"""A pyVoIP 1.6.8 softphone as a process (see phones.py for the line protocol).

It is always registered, and answers one second after the INVITE by its own design.
"""

from __future__ import annotations

import json
import math
import sys
import threading
import time
from pathlib import Path
from typing import Any, BinaryIO

import pyVoIP
from pyVoIP.VoIP import CallState, VoIPCall, VoIPPhone
from pyVoIP.VoIP.status import PhoneStatus

RATE = 8000
FRAME = 160
AMPLITUDE = 31  # of 128: pyVoIP takes and gives unsigned 8-bit sound
_writing = threading.Lock()


def report(event: str, **fields: object) -> None:
    """One event for the parent."""
    with _writing:
        print(json.dumps({"event": event, "at": time.time(), **fields}), flush=True)


def tone(hertz: float, seconds: float) -> bytes:
    """Unsigned 8-bit sine; silence (0x80) for 0 Hz."""
    step = 2 * math.pi * hertz / RATE
    return bytes(128 + round(AMPLITUDE * math.sin(step * n)) for n in range(round(seconds * RATE)))


def to_16_bit(data: bytes) -> bytes:
    """Unsigned 8-bit to signed 16-bit little endian."""
    return b"".join(((byte - 128) * 256).to_bytes(2, "little", signed=True) for byte in data)


class Softphone:
    """One registered phone with at most one call."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = options
        self.call: VoIPCall | None = None
        account = options["account"]
        host, port = account["server"].rsplit(":", 1)
        low, high = options["media"]
        self.phone = VoIPPhone(
            host,
            int(port),
            account["user"],
            account["password"],
            myIP="127.0.0.1",
            callCallback=self._incoming,
            sipPort=options["port"],
            rtpPortLow=low,
            rtpPortHigh=high,
        )

    def run(self) -> None:
        """Register, obey commands until standard input ends."""
        self.phone.start()
        while self.phone.get_status() is PhoneStatus.REGISTERING:
            time.sleep(0.02)
        report("ready")
        for line in sys.stdin:
            self._do(json.loads(line))
        self.phone.stop()

    def _do(self, command: dict[str, Any]) -> None:
        match command["do"]:
            case "call":
                self.call = self.phone.call(command["uri"])
                threading.Thread(target=self._talk, args=(self.call,), daemon=True).start()
            case "answer" if self.call:
                self.call.answer()
            case "hangup" if self.call and self.call.state is CallState.ANSWERED:
                self.call.hangup()
            case other:
                report("failed", command=other, error="no such command, or no call")

    def _incoming(self, call: VoIPCall) -> None:
        self.call = call
        report("incoming")
        if self.options["answer"]:
            call.answer()
        self._talk(call)

    def _talk(self, call: VoIPCall) -> None:
        while call.state in (CallState.DIALING, CallState.RINGING):
            time.sleep(0.01)
        if call.state is CallState.ANSWERED:
            report("established")
            sound = tone(self.options["tone"], 1.0)
            with Path(self.options["heard"]).open("wb") as heard:
                while call.state is CallState.ANSWERED:
                    self._exchange(call, sound, heard)
        report("closed")

    def _exchange(self, call: VoIPCall, sound: bytes, heard: BinaryIO) -> None:
        if self.options["tone"]:
            call.write_audio(sound)
        for _ in range(RATE // FRAME):
            heard.write(to_16_bit(call.read_audio(FRAME, blocking=False)))
            heard.flush()
            time.sleep(FRAME / RATE)
            if call.state is not CallState.ANSWERED:
                return


if __name__ == "__main__":
    pyVoIP.DEBUG = False
    Softphone(json.loads(sys.argv[1])).run()
