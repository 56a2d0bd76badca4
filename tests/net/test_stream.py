"""What a connection is given time for, and which one goes."""

from __future__ import annotations

import asyncio

from sidecar.net import stream as stream_module
from sidecar.net.places import MOST_OWN, Neighbour, Places
from sidecar.net.stream import IDLE_FOR, MESSAGE_WITHIN, Connection
from sidecar.sip.flow import Flow

MESSAGE = b"OPTIONS sip:x SIP/2.0\r\nContent-Length: 0\r\n\r\n"


class FakeTimer:
    def __init__(self, at, callback):
        self.at, self.callback, self.cancelled = at, callback, False

    def cancel(self):
        self.cancelled = True


class FakeLoop:
    """A clock that the test moves."""

    def __init__(self):
        self.now = 0.0
        self.timers = []

    def call_later(self, delay, callback):
        self.timers.append(FakeTimer(self.now + delay, callback))
        return self.timers[-1]

    def pass_time(self, seconds):
        self.now += seconds
        for timer in list(self.timers):
            if not timer.cancelled and timer.at <= self.now:
                timer.cancelled = True
                timer.callback()


class FakeTransport(asyncio.Transport):
    aborted = False
    sent = b""

    def get_extra_info(self, name, default=None):
        return ("203.0.113.10", 5060)

    def is_closing(self):
        return self.aborted

    def abort(self):
        self.aborted = True

    def get_write_buffer_size(self):
        return 0

    def write(self, data):
        self.sent += data


class FakeListener:
    def __init__(self):
        self.messages = []

    def opened(self, connection):
        connection.flow = Flow("TCP", ("192.0.2.1", 5060), connection.remote, "192.0.2.1:5060", 1)

    def closed(self, connection):
        pass

    def heard(self, connection):
        pass

    def unreadable(self, connection, problem):
        pass

    def receive(self, data, flow):
        self.messages.append(data)


def connected(monkeypatch, *, own=False):
    loop, listener, transport = FakeLoop(), FakeListener(), FakeTransport()
    monkeypatch.setattr(stream_module.asyncio, "get_running_loop", lambda: loop)
    connection = Connection(listener, 1, own=own)
    connection.connection_made(transport)
    return loop, listener, transport, connection


def test_a_stream_whose_reads_always_end_inside_a_message_lives_as_long_as_each_completes(
    monkeypatch,
):
    loop, listener, transport, connection = connected(monkeypatch)
    connection.data_received(MESSAGE[:20])
    for _ in range(100):
        loop.pass_time(MESSAGE_WITHIN * 0.9)
        connection.data_received(MESSAGE[20:] + MESSAGE[:20])

    assert len(listener.messages) == 100
    assert not transport.aborted


def test_a_message_that_never_completes_is_given_its_time_once(monkeypatch):
    loop, _listener, transport, connection = connected(monkeypatch)
    connection.data_received(MESSAGE)
    for number in range(10):
        connection.data_received(MESSAGE[number : number + 1])
        loop.pass_time(MESSAGE_WITHIN / 9)

    assert transport.aborted


def test_a_connection_that_says_nothing_at_all_is_soon_closed(monkeypatch):
    loop, _listener, transport, connection = connected(monkeypatch)
    for _ in range(9):
        loop.pass_time(MESSAGE_WITHIN / 9)
        connection.data_received(b"\r\n" if not transport.aborted else b"")
        connection._framer._line_ends = 0  # each of them alone: no ping

    loop.pass_time(1.0)
    assert transport.aborted


def test_a_connection_of_our_own_or_one_that_was_used_may_be_idle_for_longer(monkeypatch):
    own_loop, _, own_transport, _ = connected(monkeypatch, own=True)
    own_loop.pass_time(IDLE_FOR - 1)
    loop, _, transport, connection = connected(monkeypatch)
    connection.data_received(MESSAGE)
    loop.pass_time(IDLE_FOR - 1)
    assert not own_transport.aborted
    assert not transport.aborted

    loop.pass_time(2.0)
    assert transport.aborted


class Seat:
    def __init__(self, number, *, own=False):
        self.number, self.own = number, own


def test_a_place_is_free_again_when_its_connection_has_left():
    places, trunk = Places(), Neighbour("trunk.carrier", 2)
    seats = [Seat(number) for number in range(4)]
    assert [places.take(seat, trunk) for seat in seats[:2]] == [None, None]

    places.leave(seats[0], trunk)

    assert places.take(seats[2], trunk) is None
    assert places.take(seats[3], trunk) is seats[1]


def test_connections_of_our_own_are_bounded_by_themselves():
    places, trunk = Places(), Neighbour("trunk.carrier", 1)
    places.take(Seat(0), trunk)
    own = [Seat(number, own=True) for number in range(1, MOST_OWN + 2)]

    leaving = [places.take(seat, trunk) for seat in own]

    assert leaving == [None] * MOST_OWN + [own[0]]
