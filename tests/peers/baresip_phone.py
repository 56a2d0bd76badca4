"""A baresip softphone as a process (see phones.py for the line protocol).

The stack allows one runtime a process; sound is fed and taken as PCM.
"""

from __future__ import annotations

import asyncio
import json
import math
import struct
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from baresip import Account, Call, CallState, Config, Event, Runtime, UserAgent
from baresip.errors import AudioNotActive, AudioRestarted, BaresipError
from baresip.events import StackEvent

FRAME_SECONDS = 0.02
QUEUED_SECONDS = 0.06
IN_FLIGHT_SECONDS = 5.0
AMPLITUDE = 8000
REPORTED = {
    Event.CALL_RINGING: "ringing",
    Event.CALL_PROGRESS: "progress",
    Event.CALL_ESTABLISHED: "established",
    Event.CALL_CLOSED: "closed",
    Event.CALL_HOLD: "held",
    Event.CALL_RESUME: "resumed",
    Event.CALL_DTMF_START: "digit",
}


def report(event: str, **fields: object) -> None:
    """One event for the parent."""
    print(json.dumps({"event": event, "at": time.time(), **fields}), flush=True)


class Softphone:
    """One user agent with one call, and perhaps one before it that is held for a transfer."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = options
        self.call: Call | None = None
        self.earlier: Call | None = None
        self.phase = 0.0
        self.heard = Path(options["heard"]).open("wb")  # noqa: SIM115 - open as long as the phone runs

    async def run(self) -> None:
        """Start the stack, obey commands until standard input ends."""
        runtime = Runtime()
        await runtime.start(self._config())
        try:
            await self._serve(runtime)
        finally:
            await runtime.close()

    async def _serve(self, runtime: Runtime) -> None:
        self.agent = await UserAgent.create(runtime, self._account())
        runtime.subscribe(self._on_event)
        self.agent.on_incoming(self._on_incoming)
        if self.options["account"]:
            await self.agent.register()
        sound = asyncio.create_task(self._sound())
        report("ready")
        await self._obey()
        sound.cancel()
        await self._hangup()
        if self.options["account"]:
            await self.agent.unregister(timeout=2)

    def _config(self) -> Config:
        low, high = self.options["media"]
        return Config(
            net_interface="127.0.0.1",
            expose_headers=tuple(self.options["headers"]),
            extra_config_text=f"sip_listen 127.0.0.1:{self.options['port']}\n"
            f"rtp_ports {low}-{high}\n"
            "audio_jitter_buffer_type off\n",
        )

    def _account(self) -> Account:
        account = self.options["account"]
        if account is None:
            return Account(
                self.options["name"],
                "127.0.0.1",
                "",
                reg_interval=0,
                extra_params=("catchall=yes",),
            )
        return Account(account["user"], account["server"], account["password"], reg_interval=60)

    async def _obey(self) -> None:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            command = json.loads(line)
            try:
                await self._do(command)
            except BaresipError as error:
                report("failed", command=command["do"], error=str(error))

    async def _do(self, command: dict[str, Any]) -> None:
        match command["do"]:
            case "call":
                self._forget_sound()
                self.earlier = self.call
                self.call = await self.agent.dial(command["uri"], command["headers"])
            case "hangup":
                await self._hangup()
            case "tone":
                self.options["tone"] = command["hertz"]
            case "answer" | "reject" as name if self.call:
                await getattr(self.call, name)()
            case "hold" | "resume" as name if self.call:
                await self._when_nothing_is_in_flight(getattr(self.call, name))
            case "transfer" if self.call:
                await self.call.transfer(command["uri"])
            case "join" if self.call and self.earlier:
                await self.earlier.attended_transfer(self.call)
            case "dtmf" if self.call:
                await self.call.send_dtmf(command["digits"])
            case other:
                report("failed", command=other, error="no such command, or no call")

    async def _when_nothing_is_in_flight(self, change: Callable[[], Awaitable[None]]) -> None:
        """Try until the answer to our last re-INVITE is here: before it the stack sends none."""
        deadline = time.monotonic() + IN_FLIGHT_SECONDS
        while True:
            try:
                return await change()
            except BaresipError as error:
                if "in flight" not in str(error) or time.monotonic() > deadline:
                    raise
            await asyncio.sleep(FRAME_SECONDS)

    async def _hangup(self) -> None:
        if self.call and self.call.state is not CallState.CLOSED:
            await self.call.hangup()

    def _on_event(self, event: StackEvent) -> None:
        if name := REPORTED.get(event.event):
            report(name, text=event.text, call_id=event.call_id, headers=event.headers)

    def _forget_sound(self) -> None:
        self.heard.seek(0)
        self.heard.truncate()

    def _on_incoming(self, call: Call) -> None:
        self._forget_sound()
        self.call = call
        report("incoming")
        if self.options["answer"]:
            self._answering = asyncio.ensure_future(call.answer())

    async def _sound(self) -> None:
        while True:
            await asyncio.sleep(FRAME_SECONDS / 2)
            if self.call:
                try:
                    self._exchange(self.call)
                except (AudioNotActive, AudioRestarted):
                    continue  # no streams now; the next probe binds to the new ones

    def _exchange(self, call: Call) -> None:
        while data := call.audio.read(65536):
            self.heard.write(data)
            self.heard.flush()
        info = call.audio.info()
        if not info.tx_ready or not self.options["tone"]:
            return
        rate = info.tx_sample_rate
        while info.tx_buffered < QUEUED_SECONDS * rate * 2 * info.tx_channels:
            call.audio.write(self._tone(rate, info.tx_channels))
            info = call.audio.info()

    def _tone(self, rate: int, channels: int) -> bytes:
        step = 2 * math.pi * self.options["tone"] / rate
        count = round(rate * FRAME_SECONDS)
        samples: list[int] = []
        for _ in range(count):
            samples.extend([round(AMPLITUDE * math.sin(self.phase))] * channels)
            self.phase = (self.phase + step) % (2 * math.pi)
        return struct.pack(f"<{len(samples)}h", *samples)


if __name__ == "__main__":
    asyncio.run(Softphone(json.loads(sys.argv[1])).run())
