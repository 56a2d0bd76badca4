"""How many connections each neighbour may have, and which one goes when there are too many."""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple, Protocol

MOST_OWN = 64
"""Connections that the sidecar itself keeps to one neighbour; they count among nobody's own."""


class Neighbour(NamedTuple):
    """Whoever is behind an address, as far as transports need to know."""

    name: str
    connections: int
    """How many it may have."""


class Seat(Protocol):
    """A connection, as far as its place is concerned."""

    number: int
    own: bool
    """Whether the sidecar has made it."""


class Places:
    """The connections of all neighbours, each neighbour's in the order of their last sign of life.

    Those that the sidecar makes stand apart: a neighbour that opens connection after connection
    keeps the sidecar from none of its own.
    """

    def __init__(self) -> None:
        self._seats: dict[tuple[str, bool], OrderedDict[int, Seat]] = {}

    def take(self, seat: Seat, neighbour: Neighbour) -> Seat | None:
        """Give a new connection its place; return the one that has to go for it, if any."""
        seats = self._seats.setdefault((neighbour.name, seat.own), OrderedDict())
        most = MOST_OWN if seat.own else neighbour.connections
        leaving = seats.popitem(last=False)[1] if len(seats) >= most else None
        seats[seat.number] = seat
        return leaving

    def heard_of(self, seat: Seat, neighbour: Neighbour) -> None:
        """Take note that a connection was used."""
        seats = self._seats[neighbour.name, seat.own]
        if seat.number in seats:
            seats.move_to_end(seat.number)

    def leave(self, seat: Seat, neighbour: Neighbour) -> None:
        """Forget a connection."""
        seats = self._seats.get((neighbour.name, seat.own))
        if seats is not None:
            seats.pop(seat.number, None)
            if not seats:
                del self._seats[neighbour.name, seat.own]
