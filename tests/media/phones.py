"""A party's socket, and a session with its events, for tests against a real worker."""

from __future__ import annotations

import asyncio
import itertools
import os
import socket
import wave
from array import array
from pathlib import Path
from typing import TypeVar

from sidecar.media.engine import (
    Closed,
    MediaEvent,
    MediaSession,
    Opened,
    Refused,
    RemoteMedia,
    Side,
)
from sidecar.media.local import LocalEngine
from sidecar.rtp.packet import Packet

WAIT_S = 5.0
SPEECH = b"\x2a" * 160
SILENCE = b"\xff" * 160
Event = TypeVar("Event", bound=MediaEvent)


class Phone:
    """One UDP socket that speaks and hears."""

    def __init__(self, address: str = "127.0.0.1", port: int = 0) -> None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.bind((address, port))
        self.socket.setblocking(False)
        self.address, self.port = self.socket.getsockname()[:2]
        self.sequence, self.timestamp, self.ssrc = 1000, 50_000, 0x1234ABCD

    def remote(self, codec: str | None = "PCMU", **more: object) -> RemoteMedia:
        payload_type = {"PCMU": 0, "PCMA": 8, "G722": 9, None: None}[codec]
        said: dict[str, object] = {"telephone_event": 101, "payload_type": payload_type, **more}
        return RemoteMedia(self.address, self.port, codec=codec, **said)  # type: ignore[arg-type]

    def send(self, port: int, payload: bytes, payload_type: int = 0) -> Packet:
        """One packet of the phone's own stream."""
        self.sequence = (self.sequence + 1) & 0xFFFF
        self.timestamp = (self.timestamp + 160) & 0xFFFFFFFF
        packet = Packet(payload_type, self.sequence, self.timestamp, self.ssrc, False, payload)
        self.send_raw(port, packet.encode())
        return packet

    def send_raw(self, port: int, data: bytes) -> None:
        """To the sidecar's address, wherever the phone is itself."""
        self.socket.sendto(data, ("::1" if ":" in self.address else "127.0.0.1", port))

    async def hear_raw(self) -> bytes:
        loop = asyncio.get_running_loop()
        return await asyncio.wait_for(loop.sock_recv(self.socket, 4096), WAIT_S)

    async def hear(self) -> Packet:
        return Packet.parse(await self.hear_raw())

    async def hear_until(self, payload: bytes) -> list[Packet]:
        """Everything up to the first packet with that payload."""
        heard = [await self.hear()]
        while heard[-1].payload != payload:
            heard.append(await self.hear())
        return heard

    def forget(self) -> None:
        """Throw away what has come in so far."""
        while True:
            try:
                self.socket.recv(4096)
            except BlockingIOError:
                return

    def hears_nothing(self) -> bool:
        try:
            self.socket.recv(4096)
        except BlockingIOError:
            return True
        return False

    def close(self) -> None:
        self.socket.close()


class Call:
    """A session, its events in order, and a phone on each side."""

    def __init__(self, engine: LocalEngine, streams: int = 1, address: str = "127.0.0.1") -> None:
        self._engine = engine
        self._events: asyncio.Queue[MediaEvent] = asyncio.Queue()
        self.session: MediaSession = engine.open(streams, self._events.put_nowait)
        self.a, self.b = Phone(address), Phone(address)
        self.ports_a: tuple[int, ...] = ()
        self.ports_b: tuple[int, ...] = ()

    async def opened(self) -> Call:
        ports = await self.event(Opened)
        self.ports_a, self.ports_b = ports.ports_a, ports.ports_b
        return self

    async def connected(self, *, open_gates: bool = True, codec: str | None = "PCMU") -> Call:
        """Both parties known; gates as said."""
        await self.opened()
        for side, phone in ((Side.A, self.a), (Side.B, self.b)):
            self.session.gate(side, open_gates)
            self.session.configure(side, 0, phone.remote(codec))
        await self.done()
        return self

    async def event(self, kind: type[Event]) -> Event:
        """The next event, which must be of that kind."""
        event = await asyncio.wait_for(self._events.get(), WAIT_S)
        assert isinstance(event, kind), event
        return event

    def no_event(self) -> bool:
        return self._events.empty()

    async def done(self) -> None:
        """Wait until the worker has carried out everything said so far."""
        answered: asyncio.Queue[MediaEvent] = asyncio.Queue()
        probe = self._engine.open(0, answered.put_nowait)
        event = await asyncio.wait_for(answered.get(), WAIT_S)
        assert isinstance(event, Opened | Refused)
        probe.close()
        await asyncio.wait_for(answered.get(), WAIT_S)

    async def speak(self) -> Packet:
        """A speaks one packet; what B hears."""
        self.a.send(self.ports_a[0], SPEECH)
        return await self.b.hear()

    async def close(self) -> Closed:
        self.session.close()
        closed = await self.event(Closed)
        self.a.close()
        self.b.close()
        return closed


def descriptors(pid: int) -> int:
    """How many files and sockets a process has open."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def write_wav(path: Path, samples: list[int], rate: int = 8000, channels: int = 1) -> Path:
    """16-bit PCM."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(array("h", samples).tobytes())
    return path


def assert_one_stream(heard: list[Packet]) -> None:
    """One SSRC, every sequence number, timestamps that never go back."""
    for before, after in itertools.pairwise(heard):
        assert after.ssrc == before.ssrc
        assert after.sequence == (before.sequence + 1) & 0xFFFF
        assert 160 <= (after.timestamp - before.timestamp) & 0xFFFFFFFF < 80_000
