"""What is repeated until acknowledged: the 2xx to an INVITE, and reliable provisionals."""

from __future__ import annotations

import pytest

from sidecar.sip.errors import ParseError
from sidecar.sip.flow import Flow
from sidecar.sip.headers import Headers
from sidecar.sip.message import Request, respond
from sidecar.sip.reliable import (
    ReliableOrder,
    ReliableProvisionals,
    Retransmitter2xx,
    rack_for,
    rseq_of,
)
from sidecar.sip.transactions import TransactionTimers
from sidecar.timers import TimerHeap

UDP = Flow("UDP", ("192.0.2.1", 5060), ("192.0.2.2", 5060), "192.0.2.1:5060")
TCP = UDP._replace(transport="TCP", connection=3)


def request(method, **headers):
    return Request(
        method,
        "sip:callee@192.0.2.1",
        Headers(
            [
                ("Via", "SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK1"),
                ("From", "<sip:caller@192.0.2.2>;tag=a"),
                ("To", "<sip:callee@192.0.2.1>"),
                ("Call-ID", "1"),
                ("CSeq", f"{headers.pop('number', 7)} {method}"),
                *headers.items(),
            ]
        ),
    )


class Sender:
    """Notes when something was sent again, and when it was given up."""

    def __init__(self):
        self.heap = TimerHeap()
        self.again = []
        self.failures = []
        self.now = 0.0

    def transmit(self, data, flow):
        self.again.append((self.now, data, flow))

    def run_until(self, end):
        while (due := self.heap.next_deadline()) is not None and due <= end:
            self.now = due
            self.heap.run(due)
        self.now = end

    def times(self):
        return [at for at, _, _ in self.again]


@pytest.fixture
def sender():
    return Sender()


class TestTwoHundreds:
    def retransmitter(self, sender, flow=UDP):
        return Retransmitter2xx(
            sender.heap,
            TransactionTimers(),
            (b"200", flow),
            sender.now,
            transmit=sender.transmit,
            failed=sender.failures.append,
        )

    @pytest.mark.parametrize("flow", [UDP, TCP])
    def test_a_2xx_is_repeated_up_to_every_t2_on_any_transport(self, sender, flow):
        self.retransmitter(sender, flow)

        sender.run_until(100)

        assert sender.times() == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
        assert sender.again[0][1:] == (b"200", flow)
        assert sender.failures == [32]
        assert len(sender.heap) == 0

    def test_an_ack_ends_the_repetition(self, sender):
        retransmitter = self.retransmitter(sender)
        sender.run_until(2)
        assert retransmitter.active

        retransmitter.stop()
        retransmitter.stop()
        sender.run_until(100)

        assert sender.times() == [0.5, 1.5]
        assert sender.failures == []
        assert not retransmitter.active
        assert len(sender.heap) == 0

    def test_a_late_clock_sends_once_and_fails_no_earlier_than_it_should(self, sender):
        self.retransmitter(sender)

        sender.now = 20.0
        sender.heap.run(20.0)
        sender.run_until(100)

        assert sender.times() == [20, 21, 23, 27, 31]
        assert sender.failures == [32]


class TestSending:
    def provisionals(self, sender, first=41):
        return ReliableProvisionals(
            sender.heap,
            TransactionTimers(),
            request("INVITE"),
            transmit=sender.transmit,
            failed=sender.failures.append,
            first=first,
        )

    def send(self, provisionals, now=0.0):
        response = respond(request("INVITE"), 183, to_tag="b")
        rseq = provisionals.number(response)
        provisionals.sent(rseq, response.encode(), UDP, now)
        return response

    def test_numbers_go_up_by_one_and_require_100rel(self, sender):
        provisionals = self.provisionals(sender)

        responses = [self.send(provisionals), self.send(provisionals)]

        assert [response.headers.get("RSeq") for response in responses] == ["41", "42"]
        assert [response.headers.get("Require") for response in responses] == ["100rel"] * 2

    def test_the_first_number_is_random_and_leaves_room(self, sender):
        numbers = {
            self.provisionals(sender, None).number(respond(request("INVITE"), 180))
            for _ in range(20)
        }

        assert len(numbers) > 10
        assert all(1 <= number <= 2**30 for number in numbers)

    def test_a_provisional_is_repeated_at_doubling_gaps_until_it_fails(self, sender):
        provisionals = self.provisionals(sender)

        self.send(provisionals)
        sender.run_until(100)

        assert sender.times() == [0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
        assert sender.failures == [32]
        assert not provisionals.pending
        assert len(sender.heap) == 0

    def test_its_prack_ends_the_repetition(self, sender):
        provisionals = self.provisionals(sender)
        self.send(provisionals)
        sender.run_until(2)
        assert provisionals.pending

        assert provisionals.acknowledge(request("PRACK", RAck="41 7 INVITE"))

        sender.run_until(100)
        assert sender.times() == [0.5, 1.5]
        assert sender.failures == []
        assert not provisionals.pending

    @pytest.mark.parametrize(
        "rack", ["40 7 INVITE", "42 7 INVITE", "41 8 INVITE", "41 7 UPDATE", "41 7 invite"]
    )
    def test_a_prack_that_matches_nothing_is_refused_and_changes_nothing(self, sender, rack):
        provisionals = self.provisionals(sender)
        self.send(provisionals)

        assert not provisionals.acknowledge(request("PRACK", RAck=rack))

        assert provisionals.pending

    def test_a_second_prack_for_the_same_provisional_is_refused(self, sender):
        provisionals = self.provisionals(sender)
        self.send(provisionals)
        provisionals.acknowledge(request("PRACK", RAck="41 7 INVITE"))

        assert not provisionals.acknowledge(request("PRACK", RAck="41 7 INVITE"))

    @pytest.mark.parametrize(
        "headers",
        [{}, *({"RAck": rack} for rack in ("", "41", "41 7", "x 7 INVITE", "-1 7 INVITE"))],
    )
    def test_a_malformed_rack_is_the_peers_error(self, sender, headers):
        provisionals = self.provisionals(sender)

        with pytest.raises(ParseError):
            provisionals.acknowledge(request("PRACK", **headers))

    def test_a_final_response_ends_all_repetitions(self, sender):
        provisionals = self.provisionals(sender)
        self.send(provisionals)
        self.send(provisionals)

        provisionals.stop()
        sender.run_until(100)

        assert sender.again == sender.failures == []
        assert len(sender.heap) == 0

    def test_one_that_fails_ends_the_others_and_is_told_once(self, sender):
        provisionals = self.provisionals(sender)
        self.send(provisionals)
        self.send(provisionals)

        sender.run_until(100)

        assert sender.failures == [32]
        assert len(sender.heap) == 0


class TestReceiving:
    def test_numbers_are_taken_in_order_wherever_they_begin(self):
        order = ReliableOrder()

        assert [order.check(number) for number in (900, 901, 902)] == ["next"] * 3

    def test_a_repeated_number_is_a_duplicate(self):
        order = ReliableOrder()
        order.check(5)
        order.check(6)

        assert [order.check(number) for number in (6, 5, 1)] == ["duplicate"] * 3

    def test_a_number_after_a_gap_waits_for_the_missing_one(self):
        order = ReliableOrder()
        order.check(5)

        assert [order.check(number) for number in (7, 6, 7)] == ["gap", "next", "next"]

    def test_a_reliable_provisional_is_told_by_its_headers(self):
        response = respond(request("INVITE"), 183, to_tag="b")
        response.headers.add("Require", "Path, 100REL")
        response.headers.add("RSeq", "12")

        assert rseq_of(response) == 12
        assert rack_for(response) == "12 7 INVITE"

    @pytest.mark.parametrize(
        ("status", "headers"),
        [
            (183, {}),
            (183, {"RSeq": "1"}),
            (183, {"Require": "100rel"}),
            (183, {"RSeq": "one", "Require": "100rel"}),
            (100, {"RSeq": "1", "Require": "100rel"}),
            (200, {"RSeq": "1", "Require": "100rel"}),
        ],
    )
    def test_any_other_response_is_not_reliable(self, status, headers):
        response = respond(request("INVITE"), status)
        for name, value in headers.items():
            response.headers.add(name, value)

        assert rseq_of(response) is None
