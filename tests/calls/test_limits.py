"""What a neighbour may ask: calls, their rate, ports, ringing time, memory, lines of the log."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from sidecar.calls import limits as limits_module
from sidecar.calls.limits import Account, Limits, Pool
from tests.calls.agents import sdp
from tests.calls.world import OFF, PBX_MEDIA, TRUNK_MEDIA

SEVEN_MORE = "".join(f"m=video {6000 + 2 * number} RTP/AVP 31\r\n" for number in range(7))
EIGHT_STREAMS = sdp(TRUNK_MEDIA, more=SEVEN_MORE)


def hits(w, limit, neighbour="trunk.carrier"):
    return w.counted("limits_hit_total", neighbour=neighbour, limit=limit)


def refused(there):
    return there.status == 503 and there.final.headers.get("Retry-After") == "5"


class TestRate:
    def test_calls_past_the_rate_get_503_until_it_allows_more(self, world):
        w = world(OFF, limits=Limits(rate=2))
        calls = [w.trunk.call() for _ in range(10)]
        w.settle()
        assert [refused(each) for each in calls] == [False] * 8 + [True] * 2
        assert hits(w, "rate") == 2

        w.now += 1.0
        more = [w.trunk.call() for _ in range(3)]
        w.settle()
        assert [refused(each) for each in more] == [False, False, True]
        for each in calls + more:
            each.cancel()
        w.settle()

    def test_a_refused_call_leaves_no_transaction(self, world):
        w = world(OFF, limits=Limits(rate=1))
        calls = [w.trunk.call() for _ in range(4)]
        w.settle()
        held = len(w.b2bua.layer)

        for _ in range(100):
            w.trunk.call()
            w.settle()

        assert len(w.b2bua.layer) == held
        assert len(w.pbx.calls) == 4
        for each in calls:
            each.cancel()
        w.settle()

    def test_a_flood_leaves_few_records_and_few_lines(self, world):
        w = world(OFF, limits=Limits(rate=1))
        with capture_logs() as lines:
            for _ in range(500):
                w.trunk.call()
                w.settle()
                w.now += 0.001
            w.pass_time(61)

        assert hits(w, "rate") == 496
        records = [each for each in w.records.finished if each.disposition.value == "refused"]
        assert 20 <= len(records) <= 25
        told = [line for line in lines if line["event"] == "limit_reached"]
        assert len(told) <= 25
        (rest,) = [line for line in lines if line["event"] == "log_lines_kept_back"]
        assert rest["lines"] == 496 - len(told)

    def test_other_requests_may_come_ten_times_as_often(self, world):
        w = world(OFF, limits=Limits(rate=1))
        for _ in range(41):
            w.trunk.request("OPTIONS", "sip:192.0.2.1")
            w.settle()

        assert hits(w, "requests") == 1

    def test_a_limit_of_a_trunk_is_none_of_the_pbx(self, world):
        w = world(OFF, limits=Limits(rate=1, calls=1))
        calls = [w.trunk.call() for _ in range(6)]
        w.settle()
        out = [w.pbx.call(body=sdp(PBX_MEDIA)) for _ in range(6)]
        w.settle()

        assert [each.final for each in out] == [None] * 6
        for each in (*calls[:1], *out):
            each.cancel()
        w.settle()


class TestCalls:
    def test_more_calls_at_once_than_allowed_are_refused_until_one_ends(self, world):
        w = world(OFF, limits=Limits(calls=2))
        first, second, third = (w.trunk.call() for _ in range(3))
        w.settle()
        assert refused(third)
        assert hits(w, "calls") == 1

        first.cancel()
        w.settle()
        fourth = w.trunk.call()
        w.settle()
        assert fourth.final is None
        second.cancel()
        fourth.cancel()
        w.settle()

    def test_a_call_over_the_limit_can_still_be_ended(self, world):
        w = world(OFF, limits=Limits(calls=1, rate=1))
        there, _here = w.talk()
        for _ in range(10):
            w.trunk.call()
        w.settle()

        there.hang_up()
        w.settle()

        assert ("answered", "caller") in [
            (each.disposition.value, each.ended_by.value) for each in w.records.finished
        ]


class TestPorts:
    def test_calls_with_eight_streams_leave_the_reserve_to_the_pbx(self, world):
        w = world(OFF, pool=Pool(streams=250, reserved=20))
        calls = [w.trunk.call(body=EIGHT_STREAMS) for _ in range(31)]
        w.settle()
        out = w.pbx.call(body=sdp(PBX_MEDIA))
        w.settle()

        assert [each.final for each in calls[:25]] == [None] * 25
        assert all(refused(each) for each in calls[25:])
        assert hits(w, "ports") == 6
        assert out.final is None
        for each in (*calls[:25], out):
            each.cancel()
        w.settle()

    def test_ports_count_until_they_have_rested(self, world):
        w = world(OFF, pool=Pool(streams=10, reserved=20))
        first = w.trunk.call(body=EIGHT_STREAMS)
        w.settle()
        first.cancel()
        w.settle()

        at_once = w.trunk.call(body=EIGHT_STREAMS)
        w.settle()
        assert refused(at_once)
        w.pass_time(5.1)
        later = w.trunk.call(body=EIGHT_STREAMS)
        w.settle()
        assert later.final is None
        later.cancel()
        w.settle()

    def test_streams_that_are_added_past_the_limit_are_declined(self, world):
        w = world(OFF, pool=Pool(streams=5, reserved=0))
        there, _here = w.talk()
        there.send("INVITE", [("Content-Type", "application/sdp")], EIGHT_STREAMS)
        w.settle()

        assert hits(w, "ports") == 1
        assert len(w.media.ports_a) == 1
        there.hang_up()
        w.settle()


class TestRinging:
    def test_progress_gives_the_time_anew_but_not_for_ever(self, world):
        w = world(OFF, limits=Limits(ringing=60.0))
        there = w.trunk.call()
        w.settle()
        here = w.pbx.calls[0]
        for _ in range(4):
            here.ring()
            w.settle()
            w.pass_time(50)
        assert there.final is None
        here.ring()
        w.pass_time(41)

        assert there.status == 408
        assert here.cancelled
        assert w.ended == ("no_answer", "sidecar")
        assert hits(w, "ringing") == 1

    def test_a_call_that_was_answered_has_no_ringing_time(self, world):
        w = world(OFF, limits=Limits(ringing=60.0))
        there, _here = w.talk()
        w.pass_time(600)

        assert w.b2bua.calls
        there.hang_up()
        w.settle()

    def test_early_media_without_an_answer_ends_as_well(self, world):
        w = world(OFF)
        there = w.trunk.call()
        w.settle()
        w.pbx.calls[0].ring(183, sdp(PBX_MEDIA))
        w.pass_time(181)

        assert there.status == 408


class TestMemory:
    def test_requests_of_one_neighbour_are_bounded_in_bytes(self, monkeypatch):
        monkeypatch.setattr(limits_module, "MOST_BYTES", 100_000)
        account = Account(Limits(), Pool(), trunk=True)

        taken = [account.over_by_request("INFO", 0.0, inside=False, size=60_000) for _ in range(3)]

        assert taken == ["", "bytes", "bytes"]
        account.release(60_000)
        assert account.over_by_request("INFO", 0.0, inside=False, size=60_000) == ""

    def test_all_neighbours_together_are_bounded_in_bytes(self, monkeypatch):
        monkeypatch.setattr(limits_module, "MOST_BYTES_OF_ALL", 100_000)
        pool = Pool()
        first, second = (Account(Limits(), pool, trunk=False) for _ in range(2))

        assert first.over_by_request("INFO", 0.0, inside=False, size=60_000) == ""
        assert second.over_by_request("INFO", 0.0, inside=False, size=60_000) == "bytes"

    def test_trunks_together_leave_room_for_what_a_pbx_asks(self, monkeypatch):
        monkeypatch.setattr(limits_module, "MOST_TRANSACTIONS", 10)
        pool = Pool()
        trunks = [Account(Limits(), pool, trunk=True) for _ in range(3)]
        pbx = Account(Limits(), pool, trunk=False)

        taken = [
            trunk.over_by_request("OPTIONS", 0.0, inside=False, size=10)
            for trunk in trunks
            for _ in range(10)
        ]

        assert taken == [""] * 14 + ["transactions"] * 16
        assert pbx.over_by_request("INVITE", 0.0, inside=False, size=10) == ""

    def test_what_ends_a_call_has_room_when_nothing_else_has(self, monkeypatch):
        monkeypatch.setattr(limits_module, "MOST_TRANSACTIONS", 4)
        account = Account(Limits(), Pool(), trunk=True)
        for _ in range(4):
            account.over_by_request("MESSAGE", 0.0, inside=False, size=1)

        assert account.over_by_request("MESSAGE", 0.0, inside=False, size=1) == "transactions"
        assert account.over_by_request("BYE", 0.0, inside=True, size=1) == ""

    def test_everything_is_given_back_once_it_is_forgotten(self, world):
        w = world(OFF)
        there, _here = w.talk()
        there.hang_up()
        w.settle()
        w.pass_time(100)

        accounts = [w.b2bua.gate.account_of(peer) for peer in (w.trunk_peer, w.pbx_peer)]
        assert [(each.calls, each.transactions, each.bytes) for each in accounts] == [(0, 0, 0)] * 2
        assert w.b2bua.gate._pool.bytes == 0


class TestLines:
    @pytest.mark.parametrize("junk", [b"INVITE sip:x SIP/2.0\r\n\r\n", b"hello\r\n\r\n"])
    def test_rubbish_as_fast_as_it_comes_writes_few_lines(self, world, junk):
        w = world(OFF)
        with capture_logs() as lines:
            for _ in range(1000):
                w._put(junk, w.trunk.host, "192.0.2.1")
            w.settle()
            w.pass_time(61)

        assert w.counted("sip_rejected_total", reason="malformed") == 1000
        assert len(lines) <= 25
        assert [line["lines"] for line in lines if line["event"] == "log_lines_kept_back"] == [980]
