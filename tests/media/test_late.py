"""A worker that gets too little time catches up: what came too late is dropped, not said late."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from sidecar.media import line
from sidecar.media.engine import Digit, MediaEvent, Opened, Side
from sidecar.media.ports import PortPool
from sidecar.media.protocol import Close, Open, Report, Start, decode_messages, encode
from sidecar.media.reactor import Reactor
from sidecar.media.session import Session, Surroundings
from sidecar.media.worker import Worker
from sidecar.rtp.telephone_event import TelephoneEvent

from .phones import SPEECH, WAIT_S, Phone

NEVER = 1e9


class Talk:
    """A session in this process, and whatever it reports; nothing moves of itself."""

    def __init__(self) -> None:
        self.reactor = Reactor()
        self.reports: list[MediaEvent] = []
        ports = PortPool("127.0.0.1", 32640, 32680)
        around = Surroundings(self.reactor, ports, {}, lambda _, event: self.reports.append(event))
        self.now = time.monotonic()
        self.session = Session(1, 1, around, self.now)
        self.caller, self.callee = Phone(), Phone()
        for side, phone in ((Side.A, self.caller), (Side.B, self.callee)):
            self.session.configure(side, 0, phone.remote(), self.now)
            self.session.gate(side, True, self.now)
        self.port = self.session.opened().ports_a[0]

    def say(self, payload: bytes = SPEECH, payload_type: int = 0) -> None:
        self.caller.send(self.port, payload, payload_type)

    def look(self) -> None:
        """What the worker does each second."""
        self.session.check_silence(self.now, NEVER, NEVER)

    def carry_one(self) -> None:
        """One packet of the caller, as the loop takes it."""
        self.reactor.serve(self.session.a.endpoints[0].line._rtp, self.now)


@pytest.fixture
def talk() -> Iterator[Talk]:
    talk = Talk()
    yield talk
    talk.session.close(talk.now)
    talk.reactor.close()
    talk.caller.close()
    talk.callee.close()


def test_packets_that_have_waited_for_too_long_are_dropped_and_counted(talk, monkeypatch):
    for _ in range(5):
        talk.say()
    monkeypatch.setattr(line, "LATE_S", -1.0)

    talk.look()

    assert talk.callee.hears_nothing()
    stats = talk.session.a.stats()
    assert (stats.received, stats.gated, stats.late, stats.relayed) == (5, 5, 5, 0)


def test_those_that_came_just_now_are_relayed(talk):
    talk.say()

    talk.look()
    talk.carry_one()

    assert not talk.callee.hears_nothing()
    stats = talk.session.a.stats()
    assert (stats.late, stats.relayed) == (0, 1)


def test_after_late_ones_the_next_are_relayed_as_before(talk, monkeypatch):
    talk.say()
    monkeypatch.setattr(line, "LATE_S", -1.0)
    talk.look()

    talk.say()
    talk.carry_one()

    assert not talk.callee.hears_nothing()
    assert talk.session.a.stats().relayed == 1


def test_a_key_that_comes_late_still_counts(talk, monkeypatch):
    talk.session.collect(Side.A, True, talk.now)
    for number in range(4):
        talk.caller.timestamp = 80_000
        talk.say(TelephoneEvent(1, number == 3, 10, 400).encode(), payload_type=101)
    monkeypatch.setattr(line, "LATE_S", -1.0)

    talk.look()

    (key,) = [event for event in talk.reports if isinstance(event, Digit)]
    assert (key.side, key.digit) == (Side.A, "1")


def test_the_kernel_tells_how_long_a_packet_has_waited(talk, monkeypatch):
    talk.say()
    later = time.time() + 5.0
    monkeypatch.setattr(time, "time", lambda: later)

    waited = line._waited(talk.session.a.endpoints[0].line._rtp)

    assert 5.0 <= waited < 5.0 + WAIT_S


def test_a_worker_that_is_behind_takes_all_its_commands_in_one_round():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    behind = Worker(theirs, {})
    ours.send(encode([Start("127.0.0.1", 32682, 32698, NEVER, NEVER)]))
    for number in range(1, 4):
        ours.send(encode([Open(number, 1)]))
        ours.send(encode([Close(number)]))

    behind._on_commands(time.monotonic())
    behind._flush()

    told = decode_messages(ours.recv(1 << 18))
    opened = [each for each in told if isinstance(each, Report) and isinstance(each.event, Opened)]
    assert len(opened) == 3
    assert not behind._sessions
    ours.close()
    theirs.close()
