"""Two layers joined by a network that loses, doubles and reorders what they send each other.

Packets live for less than half a second, so that the last retransmission of a request (31.5 s
after the first) finds the server transaction still there.
"""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.sip.flow import Flow
from sidecar.sip.headers import Headers
from sidecar.sip.message import Request, respond
from sidecar.sip.parser import parse_message
from sidecar.sip.reliable import Retransmitter2xx
from sidecar.sip.transactions import (
    AckArrived,
    CancelArrived,
    RequestArrived,
    ResponseArrived,
    TimedOut,
    TransactionLayer,
    TransactionTimers,
)
from sidecar.timers import TimerHeap

ADDRESS = {"caller": ("192.0.2.1", 5060), "callee": ("192.0.2.2", 5060)}
LATENCY = 0.01


@dataclass(frozen=True)
class Plan:
    """One request: when it is sent, how the callee answers, and whether the caller gives up."""

    method: str
    starts: float
    rings_after: float | None
    answers_after: float
    status: int
    cancels_after: float | None


seconds = st.sampled_from([0.0, 0.05, 0.3, 0.9, 2.0, 6.0])

plans = st.builds(
    Plan,
    method=st.sampled_from(["INVITE", "INVITE", "BYE", "OPTIONS"]),
    starts=seconds,
    rings_after=st.none() | seconds,
    answers_after=seconds,
    status=st.sampled_from([200, 200, 302, 486, 603]),
    cancels_after=st.none() | seconds,
)


@dataclass
class Weather:
    """What becomes of each packet: lost, delivered once, or doubled, each copy with its delay.

    Nothing is lost before `worsens`, so that things get under way first.
    """

    dice: Random
    loss: float
    worsens: float

    def copies(self, now: float) -> list[float]:
        if now >= self.worsens and self.dice.random() < self.loss:
            return []
        doubled = self.dice.random() < 0.2
        return [self.dice.choice([0.01, 0.05, 0.2, 0.45]) for _ in range(1 + doubled)]


weathers = st.builds(
    Weather,
    dice=st.integers(0, 2**32).map(Random),
    loss=st.sampled_from([0.0, 0.3, 0.6, 0.8, 0.9, 0.95, 1.0]),
    worsens=st.sampled_from([0.0, 0.0, 0.05, 0.5, 1.0, 3.0]),
)


class Network:
    """Carries packets between the two layers, and plays the transaction user at both ends."""

    def __init__(self, transport, plans, weather=None):
        self.transport = transport
        self.plans = plans
        self.weather = weather
        self.heap = TimerHeap()
        numbers = itertools.count()
        self.layers = {
            name: TransactionLayer(self.heap, branch=lambda: f"z9hG4bK{next(numbers)}")
            for name in ADDRESS
        }
        self.seen = Counter()
        self.cancelled = Counter()
        self.finals = {}
        self.ends = Counter()
        self.ackless = {}
        self.now = 0.0

    def run(self):
        for index, plan in enumerate(self.plans):
            self.heap.schedule(plan.starts, lambda now, index=index: self.start(index, now))
        steps = 0
        while (due := self.heap.next_deadline()) is not None:
            self.now = max(self.now, due)
            self.heap.run(self.now)
            self.drain()
            steps += 1
            assert steps < 20_000

    def drain(self):
        busy = True
        while busy:
            busy = False
            for name, layer in self.layers.items():
                for event in layer.take_events():
                    busy = True
                    getattr(self, name)(event)
                for data, _ in layer.take_outbox():
                    busy = True
                    self.carry(name, data)

    def carry(self, name, data):
        other = "callee" if name == "caller" else "caller"
        copies = self.weather.copies(self.now) if self.weather else [LATENCY]
        for delay in copies:
            self.heap.schedule(
                self.now + delay,
                lambda now: self.layers[other].receive(parse_message(data), self.flow(other), now),
            )

    def flow(self, name):
        other = "callee" if name == "caller" else "caller"
        host, port = ADDRESS[name]
        return Flow(self.transport, ADDRESS[name], ADDRESS[other], f"{host}:{port}", 1)

    # The caller.

    def start(self, index, now):
        plan = self.plans[index]
        request = Request(
            plan.method,
            "sip:callee@192.0.2.2",
            Headers(
                [
                    ("Max-Forwards", "70"),
                    ("From", f"<sip:caller@192.0.2.1>;tag=c{index}"),
                    ("To", "<sip:callee@192.0.2.2>"),
                    ("Call-ID", f"call-{index}"),
                    ("CSeq", f"1 {plan.method}"),
                    ("Contact", "<sip:192.0.2.1>"),
                ]
            ),
        )
        layer = self.layers["caller"]
        transaction = layer.send_request(request, self.flow("caller"), now, owner=index)
        if plan.method == "INVITE" and plan.cancels_after is not None:
            self.heap.schedule(now + plan.cancels_after, lambda now: layer.cancel(transaction, now))

    def caller(self, event):
        index = event.transaction.owner
        if isinstance(event, TimedOut):
            self.ends[index] += 1
        elif isinstance(event, ResponseArrived) and event.response.status >= 200:
            response = event.response
            if index not in self.finals:
                self.ends[index] += 1
            self.finals[index] = response.status
            if response.status < 300 and response.cseq.method == "INVITE":
                headers = Headers(
                    [
                        ("Max-Forwards", "70"),
                        *((n, v) for n, v in response.headers.items() if n in ("From", "To")),
                        ("Call-ID", response.call_id),
                        ("CSeq", "1 ACK"),
                    ]
                )
                ack = Request("ACK", "sip:callee@192.0.2.2", headers)
                self.layers["caller"].send_ack(ack, self.flow("caller"), self.now)

    # The callee.

    def callee(self, event):
        if isinstance(event, RequestArrived):
            index = int(event.request.call_id.removeprefix("call-"))
            self.seen[index] += 1
            self.answer_later(self.plans[index], event)
        elif isinstance(event, CancelArrived):
            self.cancelled[event.request.call_id] += 1
            self.respond(event.transaction, event.transaction.request, 487, self.now)
        elif isinstance(event, AckArrived):
            waiting = self.ackless.get(event.request.call_id)
            if waiting is not None:
                waiting.stop()

    def answer_later(self, plan, event):
        def later(delay, status):
            self.heap.schedule(
                self.now + delay,
                lambda now: self.respond(event.transaction, event.request, status, now),
            )

        if plan.rings_after is not None and plan.method == "INVITE":
            later(plan.rings_after, 180)
        later(plan.answers_after, plan.status)

    def respond(self, transaction, request, status, now):
        layer = self.layers["callee"]
        response = respond(request, status, to_tag="callee")
        data = layer.respond(transaction, response, now)
        if data and status == 200 and request.method == "INVITE":
            self.ackless[request.call_id] = Retransmitter2xx(
                self.heap,
                TransactionTimers(),
                (data, transaction.flow),
                now,
                transmit=layer.retransmit,
                failed=lambda _: None,
            )


def check(network):
    network.run()

    assert len(network.layers["caller"]) == len(network.layers["callee"]) == 0
    assert len(network.heap) == 0
    assert all(network.seen[index] <= 1 for index in range(len(network.plans)))
    assert all(network.seen[index] == 1 for index in network.finals)
    assert all(count == 1 for count in network.cancelled.values())
    assert all(network.ends[index] == 1 for index in range(len(network.plans)))


@settings(max_examples=200, deadline=None)
@given(st.lists(plans, min_size=1, max_size=4), weathers)
def test_whatever_is_lost_everything_ends_and_each_request_is_seen_once(plans, weather):
    check(Network("UDP", plans, weather))


@settings(max_examples=40, deadline=None)
@given(st.lists(plans, min_size=1, max_size=4))
def test_over_connections_everything_ends_and_each_request_is_seen_and_answered(plans):
    network = Network("TCP", plans)

    check(network)

    assert set(network.finals) == set(range(len(plans)))
