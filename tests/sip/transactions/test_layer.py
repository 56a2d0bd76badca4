"""How the layer finds transactions, where it answers to, and what it does under load."""

from __future__ import annotations

import pytest

from sidecar.sip.flow import Flow
from sidecar.sip.message import Request, respond
from sidecar.sip.transactions import (
    AckArrived,
    CancelArrived,
    RequestArrived,
    TransactionLayer,
)
from sidecar.timers import TimerHeap

FROM_NAT = Flow("UDP", ("192.0.2.1", 5060), ("203.0.113.9", 40123), "192.0.2.1:5060")


class TestOurRequests:
    def test_our_via_goes_on_top_and_the_request_stays_as_it_was(self, bench):
        here = bench()
        request = here.request("OPTIONS")
        before = request.encode()

        transaction = here.layer.send_request(request, here.flow, 0.0, owner="leg")
        here.drain()

        ((_, sent, flow),) = here.sent
        assert sent.headers.get_all("Via") == [
            "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK-ours-1;rport"
        ]
        assert sent.encode().split(b"\r\n")[1].startswith(b"Via: ")
        assert request.encode() == before
        assert flow == here.flow
        assert transaction.owner == "leg"
        assert transaction.branch == "z9hG4bK-ours-1"

    def test_branches_cannot_be_guessed(self, bench):
        here = bench()
        layer = TransactionLayer(TimerHeap())

        branches = {
            layer.send_request(here.request("OPTIONS"), here.flow, 0.0).branch for _ in range(100)
        }

        assert len(branches) == 100
        assert all(len(branch) >= len("z9hG4bK") + 18 for branch in branches)

    @pytest.mark.parametrize("method", ["ACK", "CANCEL"])
    def test_ack_and_cancel_are_not_sent_as_requests(self, bench, method):
        here = bench()

        with pytest.raises(ValueError, match=method):
            here.layer.send_request(here.request(method), here.flow, 0.0)

    def test_an_ack_to_a_2xx_has_no_transaction_and_can_be_repeated(self, bench):
        here = bench()

        data = here.layer.send_ack(here.request("ACK"), here.flow, 0.0)
        here.layer.transmit(data, here.flow)

        assert here.layer.take_outbox() == [(data, here.flow)] * 2
        assert b"\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK-ours-1;rport\r\n" in data
        assert len(here.layer) == len(here.timers) == 0


class TestResponses:
    def test_a_response_finds_its_transaction_by_branch_and_method(self, bench):
        here = bench()
        here.send("OPTIONS")
        second = here.send("OPTIONS")

        here.answer(200)

        assert [event.transaction for event in here.events] == [second]

    @pytest.mark.parametrize(
        ("there", "instead"),
        [
            ("branch=z9hG4bK-ours-1", "branch=z9hG4bK-other"),
            ("192.0.2.1:5060;", "192.0.2.77:5060;"),
            ("192.0.2.1:5060;", "192.0.2.1:5061;"),
            ("192.0.2.1:5060;", "192.0.2.1;"),
            ("OPTIONS", "INFO"),
            ("branch=", "nothing="),
            ("\r\nFrom:", "\r\nVia: SIP/2.0/UDP 198.51.100.1;branch=z9hG4bKx\r\nFrom:"),
        ],
    )
    def test_a_response_that_is_not_to_us_is_dropped_and_counted(self, bench, there, instead):
        here = bench()
        here.send("OPTIONS")
        response = respond(here.sent[0][1], 200, to_tag="theirs").encode().decode()
        assert there in response

        here.hear_bytes(response.replace(there, instead).encode())

        assert here.told() == []
        assert here.layer.counters.strays == 1

    def test_the_sent_by_of_a_response_is_compared_without_regard_to_case(self, bench):
        here = bench()
        here.flow = here.flow._replace(sent_by="Edge.Example.com:5060")
        here.send("OPTIONS")
        response = respond(here.sent[0][1], 200).encode()

        here.hear_bytes(response.replace(b"Edge.Example.com", b"edge.example.COM"))

        assert here.told() == ["ResponseArrived"]

    def test_a_late_response_is_a_stray(self, bench):
        here = bench()
        here.send("OPTIONS")
        here.run_until(40)

        here.answer(200)

        assert here.layer.counters.strays == 1


class TestRequests:
    def test_sent_by_is_part_of_what_a_request_is_known_by(self, bench):
        here = bench()
        via = "SIP/2.0/UDP {}:5060;branch=z9hG4bK-same"
        first = here.arrive(here.asked("OPTIONS", via=via.format("192.0.2.2"), in_dialog=True))

        second = here.arrive(here.asked("OPTIONS", via=via.format("192.0.2.3"), in_dialog=True))

        assert first is not second

    def test_the_method_is_part_of_what_a_request_is_known_by(self, bench):
        here = bench()
        here.arrive(here.asked("INFO", in_dialog=True))

        here.arrive(here.asked("BYE", in_dialog=True, number=2))

        assert here.told() == ["RequestArrived", "RequestArrived"]

    def test_a_request_comes_with_its_flow(self, bench):
        here = bench()

        here.hear(here.asked("OPTIONS"), FROM_NAT)

        (event,) = here.events
        assert isinstance(event, RequestArrived)
        assert event.flow == FROM_NAT
        assert event.request.method == "OPTIONS"

    def test_an_ack_to_nothing_is_told_without_a_transaction(self, bench):
        here = bench()

        here.hear(here.asked("ACK", to_tag="ours"))

        (event,) = here.events
        assert isinstance(event, AckArrived)
        assert event.transaction is None


class TestSymmetricResponses:
    def test_rport_is_answered_and_responses_go_back_to_the_source(self, bench):
        here = bench()
        via = "SIP/2.0/UDP 10.1.1.1:5060;branch=z9hG4bK-nat;rport"

        here.arrive(here.asked("INVITE", via=via), FROM_NAT)

        _, response, flow = here.sent[0]
        assert response.via.received == "203.0.113.9"
        assert response.via.rport == 40123
        assert flow.remote == ("203.0.113.9", 40123)

    def test_received_is_written_with_rport_even_where_it_equals_the_host(self, bench):
        here = bench()
        via = "SIP/2.0/UDP 203.0.113.9:5060;rport;branch=z9hG4bK-nat"

        here.arrive(here.asked("INVITE", via=via), FROM_NAT)

        assert here.sent[0][1].via.received == "203.0.113.9"

    def test_without_rport_responses_go_to_the_sent_by_port_of_the_source(self, bench):
        here = bench()
        via = "SIP/2.0/UDP gateway.example.com:5066;branch=z9hG4bK-old"

        here.arrive(here.asked("INVITE", via=via), FROM_NAT)

        _, response, flow = here.sent[0]
        assert response.via.received == "203.0.113.9"
        assert response.via.rport is None
        assert flow.remote == ("203.0.113.9", 5066)

    def test_without_rport_and_port_responses_go_to_5060(self, bench):
        here = bench()

        here.arrive(here.asked("INVITE", via="SIP/2.0/UDP a.example;branch=z9hG4bK-1"), FROM_NAT)

        assert here.sent[0][2].remote == ("203.0.113.9", 5060)

    def test_a_via_that_names_the_source_is_left_alone(self, bench):
        here = bench()

        here.arrive(here.asked("INVITE"))

        assert here.sent[0][1].headers.get("Via") == here.asked("INVITE").headers.get("Via")

    def test_a_received_and_rport_that_the_peer_wrote_are_replaced(self, bench):
        here = bench()
        via = "SIP/2.0/UDP 10.1.1.1;branch=z9hG4bK-f;received=198.51.100.1;rport=9"

        here.arrive(here.asked("INVITE", via=via), FROM_NAT)

        assert here.sent[0][1].headers.get_all("Via") == [
            "SIP/2.0/UDP 10.1.1.1;branch=z9hG4bK-f;received=203.0.113.9;rport=40123"
        ]

    def test_the_vias_below_the_top_one_stay_as_they_came(self, bench):
        here = bench()
        below = "SIP/2.0/UDP pc.example.org;branch=z9hG4bK-below;received=192.0.2.207"
        via = f"SIP/2.0/UDP 10.1.1.1;branch=z9hG4bK-top;rport, {below}"

        here.arrive(here.asked("INVITE", via=via), FROM_NAT)

        assert here.sent[0][1].headers.values("Via")[1:] == [below]

    def test_maddr_does_not_aim_our_responses_at_others(self, bench):
        here = bench()
        via = "SIP/2.0/UDP 10.1.1.1;branch=z9hG4bK-m;maddr=198.51.100.7"

        here.arrive(here.asked("INVITE", via=via), FROM_NAT)

        assert here.sent[0][2].remote[0] == "203.0.113.9"

    @pytest.mark.parametrize("method", ["CANCEL", "INVITE"])
    def test_answers_without_a_transaction_go_the_same_way(self, bench, method):
        here = bench(limit=0)
        via = "SIP/2.0/UDP 10.1.1.1:5060;branch=z9hG4bK-nat;rport"

        here.hear(here.asked(method, via=via), FROM_NAT)

        _, response, flow = here.sent[0]
        assert response.status in (481, 503)
        assert (response.via.received, response.via.rport) == ("203.0.113.9", 40123)
        assert flow.remote == ("203.0.113.9", 40123)

    def test_over_a_connection_responses_go_back_on_it(self, bench):
        here = bench("TCP")

        here.arrive(here.asked("INVITE", via="SIP/2.0/TCP 10.1.1.1:5066;branch=z9hG4bK-c"))

        assert here.sent[0][2] == here.flow


class TestOldPeers:
    """Peers of RFC 2543, whose branch has no magic cookie or is missing."""

    VIA = "SIP/2.0/UDP 10.1.1.1:5060"

    @pytest.fixture(params=["", ";branch=1", ";branch=z9hg4BK1"])
    def via(self, request):
        return self.VIA + request.param

    def test_a_repeated_request_is_known_again(self, bench, via):
        here = bench()
        transaction = here.arrive(here.asked("INVITE", via=via), FROM_NAT)
        here.respond(transaction, 180)
        here.forget()

        here.hear(here.asked("INVITE", via=via), FROM_NAT)

        assert here.said() == ["180"]
        assert here.told() == []

    @pytest.mark.parametrize(
        "other",
        [
            {"uri": "sip:someone.else@192.0.2.1"},
            {"number": 2},
            {"via": "SIP/2.0/UDP 10.1.1.2:5060"},
        ],
    )
    def test_another_request_is_another_transaction(self, bench, other):
        here = bench()
        here.arrive(here.asked("BYE", in_dialog=True, via=self.VIA))

        here.arrive(here.asked("BYE", in_dialog=True, **{"via": self.VIA, **other}))

        assert here.told() == ["RequestArrived", "RequestArrived"]

    def test_the_ack_to_a_failure_is_known_by_the_tag_of_the_failure(self, bench, via):
        here = bench()
        transaction = here.arrive(here.asked("INVITE", via=via))
        here.respond(transaction, 486, tag="busy")
        here.forget()

        here.hear(here.asked("ACK", via=via, to_tag="other"))
        assert transaction.state == "completed"
        assert here.told() == ["AckArrived"]
        here.hear(here.asked("ACK", via=via, to_tag="busy"))

        assert transaction.state == "confirmed"
        assert here.told() == ["AckArrived"]

    def test_a_cancel_finds_its_invite(self, bench, via):
        here = bench()
        transaction = here.arrive(here.asked("INVITE", via=via))
        here.forget()

        here.hear(here.asked("CANCEL", via=via))

        assert here.said() == ["200"]
        assert here.events == [CancelArrived(transaction, here.events[0].request)]


class TestMergedRequests:
    def test_the_second_branch_of_a_forked_request_is_answered_482(self, bench):
        here = bench()
        here.arrive(here.asked("INVITE", "z9hG4bK-one"))

        here.hear(here.asked("INVITE", "z9hG4bK-two"))
        here.hear(here.asked("INVITE", "z9hG4bK-two"))

        assert here.said() == ["100", "482", "482"]
        assert here.told() == ["RequestArrived"]
        assert here.sent[1][1].to_tag == here.sent[2][1].to_tag is not None
        assert here.layer.counters.merged == 2

    def test_a_branch_that_comes_after_the_2xx_is_merged_too(self, bench):
        here = bench()
        here.respond(here.arrive(here.asked("INVITE", "z9hG4bK-one")), 200)

        here.hear(here.asked("INVITE", "z9hG4bK-two"))

        assert here.said()[-1] == "482"

    def test_a_request_tried_again_after_a_failure_is_a_new_one(self, bench):
        here = bench()
        here.respond(here.arrive(here.asked("INVITE", "z9hG4bK-one")), 503)

        here.arrive(here.asked("INVITE", "z9hG4bK-two"))

        assert here.told() == ["RequestArrived", "RequestArrived"]

    def test_the_next_request_of_the_same_call_is_a_new_one(self, bench):
        here = bench()
        here.arrive(here.asked("INVITE", "z9hG4bK-one"))

        here.arrive(here.asked("INVITE", "z9hG4bK-two", number=2))

        assert "482" not in here.said()

    def test_requests_within_a_dialog_are_never_merged(self, bench):
        here = bench()
        here.arrive(here.asked("INFO", "z9hG4bK-one", in_dialog=True))

        here.arrive(here.asked("INFO", "z9hG4bK-two", in_dialog=True))

        assert "482" not in here.said()

    def test_a_branch_that_comes_after_everything_has_ended_is_a_new_request(self, bench):
        here = bench()
        here.respond(here.arrive(here.asked("INVITE", "z9hG4bK-one")), 200)
        here.run_until(32)

        here.arrive(here.asked("INVITE", "z9hG4bK-two"))

        assert here.told() == ["RequestArrived", "RequestArrived"]


class TestOverload:
    def full(self, bench, limit=4):
        here = bench(limit=limit)
        for index in range(limit):
            here.arrive(here.asked("OPTIONS", f"z9hG4bK-{index}", number=index))
        here.forget()
        return here

    @pytest.mark.parametrize("method", ["INVITE", "OPTIONS"])
    def test_above_the_limit_a_new_request_gets_503_and_no_transaction(self, bench, method):
        here = self.full(bench)

        here.hear(here.asked(method, "z9hG4bK-more", number=99))

        ((_, response, _),) = here.sent
        assert response.status == 503
        assert response.headers.get("Retry-After") == "5"
        assert here.told() == []
        assert len(here.layer) == 4
        assert here.layer.counters.overload == 1

    def test_what_ends_calls_still_gets_through_within_a_reserve(self, bench):
        here = self.full(bench)

        here.arrive(here.asked("BYE", "z9hG4bK-bye", in_dialog=True))
        here.hear(here.asked("BYE", "z9hG4bK-another", in_dialog=True))

        assert here.said() == ["503"]
        assert len(here.layer) == 5

    def test_what_is_known_already_is_served_as_ever(self, bench):
        here = bench(limit=1)
        transaction = here.arrive(here.asked("INVITE"))
        here.forget()

        here.hear(here.asked("INVITE"))
        here.hear(here.asked("CANCEL"))
        here.respond(transaction, 487)
        here.hear(here.asked("ACK", to_tag="ours"))

        assert here.said() == ["100", "200", "487"]
        assert transaction.state == "confirmed"

    def test_time_makes_room_again(self, bench):
        here = self.full(bench)

        here.run_until(32)
        here.arrive(here.asked("INVITE", "z9hG4bK-more", number=99))

        assert len(here.layer) == 1


class TestTransportErrors:
    def test_an_error_concerns_the_transactions_with_that_peer_only(self, bench):
        here = bench()
        here.send("OPTIONS")
        other = here.flow._replace(remote=("192.0.2.99", 5060))
        kept = here.layer.send_request(here.request("OPTIONS"), other, 0.0)

        here.layer.transport_failed(here.flow, 0.0)
        here.drain()

        assert here.told() == ["TransportFailed"]
        assert kept.state == "trying"

    def test_an_error_of_a_connection_leaves_the_other_connections_alone(self, bench):
        here = bench("TCP")
        here.send("OPTIONS")
        kept = here.layer.send_request(
            here.request("OPTIONS"), here.flow._replace(connection=8), 0.0
        )

        here.layer.transport_failed(here.flow, 0.0)
        here.drain()

        assert here.told() == ["TransportFailed"]
        assert kept.state == "trying"

    def test_an_error_of_no_certain_connection_concerns_all_to_that_peer(self, bench):
        here = bench("TCP")
        here.send("OPTIONS")
        here.send("OPTIONS")

        here.layer.transport_failed(here.flow._replace(connection=0), 0.0)
        here.drain()

        assert here.told() == ["TransportFailed", "TransportFailed"]
        assert len(here.layer) == len(here.timers) == 0


class TestMemory:
    def test_a_finished_transaction_keeps_its_request_while_its_events_are_handled(self, bench):
        here = bench()
        transaction = here.layer.send_request(here.request("OPTIONS"), here.flow, 0.0)
        here.drain()
        request = here.sent[0][1]
        assert isinstance(request, Request)
        here.layer.receive(respond(request, 200), here.flow, 0.0)

        events = here.layer.take_events()
        assert events[0].transaction.request.method == "OPTIONS"
        here.layer.take_events()

        with pytest.raises(LookupError, match="OPTIONS"):
            _ = transaction.request
        assert transaction.finished

    def test_a_timed_out_transaction_keeps_its_request_while_its_events_are_handled(self, bench):
        here = bench()
        here.layer.send_request(here.request("OPTIONS"), here.flow, 0.0)

        here.timers.run(32.0)

        (event,) = here.layer.take_events()
        assert event.transaction.request.method == "OPTIONS"
