"""A hundred calls talking both ways at once: not one packet is lost between the two ends."""

from __future__ import annotations

import resource
import selectors
import socket
import struct
from collections import defaultdict
from pathlib import Path

import pytest

from bench.load import Load

from .processes import LOOPBACK, port_range
from .sidecar import Sidecar, chirp, rule

PEERS = ()
CALLS = 100
RATE = 50.0
SECONDS = 30.0
PTIME = 0.020
SLICES = 20  # a twentieth of all senders is due each millisecond
MARK = struct.Struct("!4sII")  # in the sound itself: who sent it, the how-manieth it is
MAGIC = b"mark"
HEADER = struct.Struct("!BBHII")
NOTICE_SECONDS = 0.5


class Voices:
    """An RTP socket for each end of each call; sends every 20 ms, counts what the other got."""

    def __init__(self) -> None:
        self.sockets: dict[tuple[int, str], socket.socket] = {}
        self.targets: dict[tuple[int, str], tuple[str, int]] = {}
        self.sent: dict[int, int] = defaultdict(int)
        self.got: dict[int, list[int]] = defaultdict(list)
        self._selector = selectors.DefaultSelector()
        self._slice = 0
        self._due = 0.0
        self.talking = False

    def port_of(self, call: int, who: str) -> int:
        """The audio port of one end."""
        if (call, who) not in self.sockets:
            made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            made.bind((LOOPBACK, 0))
            made.setblocking(False)
            self.sockets[call, who] = made
            self._selector.register(made, selectors.EVENT_READ, voice(call, who))
        port: int = self.sockets[call, who].getsockname()[1]
        return port

    def on_audio(self, call: int, who: str, address: tuple[str, int]) -> None:
        """Where this end sends."""
        self.targets[call, who] = address

    def tick(self, now: float) -> float:
        """Take what came, send what is due; the time of the next sending."""
        for key, _ in self._selector.select(0):
            self._take(key.fileobj, key.data)  # type: ignore[arg-type]
        if self._due < now - 1:
            self._due = now
        while self._due <= now:
            self._due += PTIME / SLICES
            self._slice = (self._slice + 1) % SLICES
            if self.talking:
                self._send_slice()
        return self._due

    def _send_slice(self) -> None:
        for (call, who), target in self.targets.items():
            if call % SLICES == self._slice:
                number = voice(call, who)
                count = self.sent[number]
                header = HEADER.pack(0x80, 0, count & 0xFFFF, count * 160, number)
                sound = MARK.pack(MAGIC, number, count).ljust(160, b"\xd5")
                self.sockets[call, who].sendto(header + sound, target)
                self.sent[number] = count + 1

    def _take(self, at: socket.socket, listener: int) -> None:
        while True:
            try:
                data = at.recv(2048)
            except BlockingIOError:
                return
            if data[12:16] == MAGIC:
                _, sender, count = MARK.unpack_from(data, 12)
                assert sender == listener ^ 1, "sound of another call"
                self.got[sender].append(count)

    def close(self) -> None:
        """Close all sockets."""
        self._selector.close()
        for each in self.sockets.values():
            each.close()


def voice(call: int, who: str) -> int:
    """A number for each end; the two of one call differ in the last bit."""
    return call * 2 + (who == "callee")


@pytest.mark.alone
@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_hundred_calls_with_sound_both_ways_lose_no_packet(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4096)), hard))
    voices = Voices()
    load = Load((LOOPBACK, 0), port_of=voices.port_of, on_audio=voices.on_audio)
    try:
        with Sidecar(
            tmp_path / "sidecar",
            pbx=f"{LOOPBACK}:{load.callee_port}",
            rules=rule("notice"),
            prompt=chirp(NOTICE_SECONDS),
            media_ports=port_range(2000),
        ) as sidecar:
            load.target = (LOOPBACK, sidecar.port)
            load.tick = voices.tick
            voices.talking = True
            load.place(CALLS, RATE, None)
            load.settle(SECONDS)
            assert len(load.calls) == CALLS
            voices.talking = False
            load.settle(0.5)  # what is under way arrives
            load.hang_up(RATE)
            sidecar.wait_idle()
            records = sidecar.wait_records(CALLS)
    finally:
        load.close()
        voices.close()

    assert load.result.completed == CALLS
    assert len(records) == CALLS
    assert len(voices.got) == 2 * CALLS, "both ends of every call were heard"
    for sender, counts in voices.got.items():
        first = counts[0]  # before it the gate was closed
        assert counts == list(range(first, voices.sent[sender])), f"sender {sender}"
        assert first * PTIME < NOTICE_SECONDS + 3
