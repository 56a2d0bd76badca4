from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import pytest

from sidecar.media.engine import QUARANTINE_S
from sidecar.media.ports import NoPorts, PortPair, PortPool


@contextlib.contextmanager
def taken(pool: PortPool, count: int, now: float = 0.0) -> Iterator[list[PortPair]]:
    pairs = [pool.take(now) for _ in range(count)]
    try:
        yield pairs
    finally:
        for pair in pairs:
            pair.close()


def test_a_pair_is_an_even_port_and_the_next() -> None:
    with taken(PortPool("127.0.0.1", 32501, 32507), 3) as pairs:
        assert sorted(pair.port for pair in pairs) == [32502, 32504, 32506]
        for pair in pairs:
            assert pair.rtp.getsockname()[1] == pair.port
            assert pair.rtcp.getsockname()[1] == pair.port + 1


def test_a_range_ends() -> None:
    pool = PortPool("127.0.0.1", 32500, 32503)
    with taken(pool, 2), pytest.raises(NoPorts):
        pool.take(0.0)


def test_a_port_rests_before_it_is_used_again() -> None:
    pool = PortPool("127.0.0.1", 32500, 32501)
    pool.give_back(pool.take(0.0), 10.0)
    with pytest.raises(NoPorts):
        pool.take(10.0 + QUARANTINE_S - 0.1)
    with taken(pool, 1, 10.0 + QUARANTINE_S):
        assert pool.in_use == 1


def test_a_port_of_another_program_is_passed_over() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", 32503))
        with taken(PortPool("127.0.0.1", 32500, 32505), 2) as pairs:
            assert sorted(pair.port for pair in pairs) == [32500, 32504]


def test_ports_that_strangers_may_still_know_rest_at_first() -> None:
    pool = PortPool("127.0.0.1", 32500, 32503)
    pool.avoid((32500,), 0.0)
    with taken(pool, 1) as (pair,):
        assert pair.port == 32502
        with pytest.raises(NoPorts):
            pool.take(1.0)
        with taken(pool, 1, QUARANTINE_S) as (rested,):
            assert rested.port == 32500


def test_a_twin_takes_what_the_connected_socket_does_not() -> None:
    with (
        taken(PortPool("127.0.0.1", 32500, 32501), 1) as (pair,),
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as party,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger,
    ):
        party.bind(("127.0.0.1", 0))
        pair.rtp.connect(party.getsockname())
        with pair.twin() as twin:
            for sock, word in ((party, b"party"), (stranger, b"stranger")):
                sock.sendto(word, ("127.0.0.1", pair.port))
            assert pair.rtp.recv(100) == b"party"
            assert twin.recv(100) == b"stranger"
