"""A session under commands and packets in any order, a stranger's among them: in this process."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator

import pytest

from sidecar.media.engine import MediaEvent, RemoteMedia, Side
from sidecar.media.ports import NoPorts, PortPool
from sidecar.media.prompts import encode_tones
from sidecar.media.protocol import Prompts
from sidecar.media.reactor import Reactor
from sidecar.media.session import Session, Surroundings
from sidecar.rtp.telephone_event import TelephoneEvent

from .phones import Phone

NAT = "127.0.0.2"
STRANGER = "127.0.0.5"


@pytest.fixture(scope="module")
def prompts() -> Prompts:
    notice = {codec: bytes(1600) for codec in ("PCMU", "PCMA", "G722")}
    return encode_tones() | {"en/notice": notice}


class World:
    """One session, the parties' sockets, one behind NAT, and a stranger's."""

    def __init__(self, seed: int, prompts: Prompts) -> None:
        self.random = random.Random(seed)
        self.reactor = Reactor()
        self.ports = PortPool("127.0.0.1", 36_000, 36_100)
        self.events: list[MediaEvent] = []
        around = Surroundings(
            self.reactor, self.ports, prompts, lambda _, event: self.events.append(event)
        )
        self.session = Session(1, 2, around, time.monotonic())
        self.phones = [Phone(), Phone(), Phone(), Phone(NAT)]
        self.stranger = Phone(STRANGER)
        if self.random.random() < 0.5:
            self.session.behind_nat(Side.A, (NAT,))

    def command(self) -> None:
        session, now = self.session, time.monotonic()
        side, on = self.random.choice(list(Side)), self.random.random() < 0.5
        self.random.choice(
            [
                lambda: session.configure(side, self.random.randint(0, 2), self._remote(), now),
                lambda: session.gate(side, on, now),
                lambda: session.play(side, "notice", "en/notice", now),
                lambda: session.stop(side, now),
                lambda: session.collect(side, on, now),
                lambda: session.press(side, self.random.choice(["1", "*9", "x", ""]), now),
                lambda: session.answered(now),
                lambda: session.check_silence(now, 1.0, 1.0),
                self._add_stream,
            ]
        )()

    def packets(self) -> None:
        """A few, of anything, from anyone, to any port."""
        opened = self.session.opened()
        for _ in range(self.random.randint(1, 8)):
            phone = self.random.choice([*self.phones, self.stranger])
            port = self.random.choice(opened.ports_a + opened.ports_b)
            payload_type = self.random.choice([0, 8, 9, 13, 72, 96, 97, 101])
            payload = os.urandom(160)
            if payload_type in (96, 101):
                end, duration = self.random.random() < 0.4, self.random.choice([160, 320, 65_535])
                payload = TelephoneEvent(self.random.randint(0, 20), end, 10, duration).encode()
            phone.sequence += self.random.choice([0, 0, 0, 1, -3, 500])
            phone.send(port, payload, payload_type)
            phone.send_raw(port + 1, os.urandom(self.random.randint(0, 60)))

    def serve(self) -> Iterator[None]:
        """Let the worker do what there is to do, as its loop does."""
        now = time.monotonic()
        for number, _ in self.reactor._poller.poll(0, 128):
            if handler := self.reactor._handlers.get(number):
                handler(now)
            yield
        self.reactor.pacer.run(now)
        self.reactor._timers.run(now)
        yield

    def close(self) -> None:
        self.session.close(time.monotonic())
        self.watched_at_the_end = len(self.reactor)
        for phone in (*self.phones, self.stranger):
            phone.close()
        self.reactor.close()

    def _add_stream(self) -> None:
        try:
            self.session.add_stream(time.monotonic())
        except NoPorts:
            return

    def _remote(self) -> RemoteMedia | None:
        phone = self.random.choice(self.phones)
        codec = self.random.choice(["PCMU", "PCMA", "G722", None])
        events = self.random.choice([None, 96, 101])
        kind = self.random.choice(["rtp", "rtp", "raw"])
        mux = self.random.choice([None, phone.port])
        remote = phone.remote(codec, telephone_event=events, kind=kind, rtcp_port=mux)
        return self.random.choice([None, remote, remote, remote])


@pytest.mark.parametrize("seed", range(25))
def test_a_stranger_never_becomes_a_party_and_nothing_is_left_open(
    seed: int, prompts: Prompts
) -> None:
    world = World(seed, prompts)
    for _ in range(80):
        world.command() if world.random.random() < 0.4 else world.packets()
        for _ in range(3):
            for _ in world.serve():
                _assert_no_stranger(world)
    assert world.stranger.hears_nothing()

    world.close()

    assert world.watched_at_the_end == 0
    assert world.ports.in_use == 0


def _assert_no_stranger(world: World) -> None:
    for party in (world.session.a, world.session.b):
        for endpoint in party.endpoints:
            if (lock := endpoint.line.lock) is not None:
                assert STRANGER not in (lock.target[0], (lock.source or lock.target)[0])
