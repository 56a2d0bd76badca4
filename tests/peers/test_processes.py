"""The ports that tests give to peers are nobody else's."""

from __future__ import annotations

import socket
from collections import deque

import pytest

from . import processes
from .processes import LOOPBACK, free_port, free_ports, give_back, port_range

PEERS = ()


def test_no_port_is_given_out_twice_nor_the_one_after_it() -> None:
    ports = free_ports(50) + [free_port() for _ in range(50)]

    assert len({port + after for port in ports for after in (0, 1)}) == 200


def test_a_port_is_passed_over_where_a_phone_could_not_listen_for_tls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(processes.random, "sample", lambda ports, _count: list(ports))
    monkeypatch.setattr(processes, "_lately", deque())
    first = free_port()
    monkeypatch.setattr(processes, "_lately", deque())

    with socket.socket() as taken:
        taken.bind((LOOPBACK, first + 1))
        assert free_port() != first


def test_ranges_lie_apart_and_one_that_is_kept_is_not_given_out_again() -> None:
    kept = port_range(200, keep=True)
    try:
        first, wide = port_range(400), port_range(2000)
        many = [port_range(400) for _ in range(40)]
    finally:
        give_back(kept)

    assert first[1] < wide[0] or wide[1] < first[0]
    assert all(high < kept[0] or kept[1] < low for low, high in many)
