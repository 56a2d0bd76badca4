"""A session that knows no more than what the PBX was told."""

from __future__ import annotations

import asyncio

from sidecar.recorders.recorder import (
    Answerer,
    AnswererCallback,
    Confirmed,
    EventCallback,
    Failed,
    Finished,
    Order,
    Proof,
    RecorderEvent,
    Status,
)


class ToldSession:
    """A session that knows only what the PBX was told at the set-up: see RecorderSession.

    A PBX that was told not to record counts as held and as stopped.
    """

    def __init__(self, told: Order, on_event: EventCallback) -> None:
        self._on_event = on_event
        self._proof = Proof.NONE
        self.told = told
        self.closed = False

    def hold(self) -> None:
        """See RecorderSession."""
        self.give(Order.HOLD)

    def release(self) -> None:
        """See RecorderSession."""
        self.give(Order.RELEASE)

    def stop(self) -> None:
        """See RecorderSession."""
        self.give(Order.STOP)

    def give(self, order: Order) -> None:
        """Carry out an order, as far as that is possible."""
        if self.agrees(order):
            self.confirm(order, Proof.TOLD)
        else:
            self.fail(order, "unsupported")

    def agrees(self, order: Order) -> bool:
        """Whether what the PBX was told last is what an order asks for."""
        return (order is Order.RELEASE) == (self.told is Order.RELEASE)

    def status(self) -> None:
        """See RecorderSession."""
        self.tell(Status(None, self._proof))

    def sdp_says(self, recording: bool) -> None:
        """See RecorderSession."""

    def answered(self, on_answerer: AnswererCallback) -> None:
        """See RecorderSession."""
        on_answerer(Answerer.UNKNOWN)

    def close(self) -> None:
        """See RecorderSession."""
        if not self.closed:
            self.tell(Finished(self.rung(), None))
            self.closed = True

    def rung(self) -> Proof:
        """Return how far the call is proven at its end."""
        return self._proof

    def confirm(self, order: Order, proof: Proof) -> None:
        """Tell that an order was carried out."""
        self._proof = proof
        self.tell(Confirmed(order, proof))

    def fail(self, order: Order, reason: str) -> None:
        """Tell that it can't be."""
        self._proof = Proof.NONE
        self.tell(Failed(order, reason))

    def tell(self, event: RecorderEvent) -> None:
        """Tell an event, after the call that it answers has returned. Nothing follows Finished."""
        if not self.closed:
            asyncio.get_running_loop().call_soon(self._on_event, event)
