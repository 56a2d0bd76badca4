"""The ports that tests give to peers are nobody else's."""

from __future__ import annotations

import socket
from collections import deque

import pytest

from . import processes
from .processes import LOOPBACK, free_port, free_ports

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
