"""Whole calls over real sockets: UDP, TCP, mixed and IPv6, with audio, notice and record."""

from __future__ import annotations

import asyncio

import pytest

from sidecar.demo.echo_pbx import echo_pbx
from sidecar.demo.phone import Phone
from sidecar.demo.tones import tone_spans
from tests.net.conftest import NOTICE_HZ, NOTICE_S
from tests.peers.processes import free_port

TRANSPORTS = [("udp", "udp"), ("tcp", "tcp"), ("udp", "tcp"), ("tcp", "udp")]


async def finished(service):
    """The one record, once the call has left it."""
    async with asyncio.timeout(10):
        while True:
            (record,) = await service.records.list(10)
            if record.ended_at is not None:
                return record


@pytest.mark.parametrize(("trunk", "pbx_side"), TRANSPORTS)
async def test_a_call_of_every_transport(sidecar, trunk, pbx_side):
    async with (
        Phone(user="pbx", tone_hz=700, transport=pbx_side) as pbx,
        Phone(user="caller", tone_hz=1000, transport=trunk) as caller,
    ):
        pbx.auto_answer()
        service, address = await sidecar(pbx_port=pbx.address[1], pbx_transport=pbx_side)
        there = await caller.invite(f"sip:100@127.0.0.1:{address[1]}", via=address)
        await there.answered()
        await there.media.hear(20)
        await there.hang_up()
        record = await finished(service)

    assert (record.disposition, record.ended_by) == ("answered", "caller")
    assert record.recording_policy == "off"


@pytest.mark.parametrize("number", ["200", "300"])
async def test_neither_is_heard_before_both_have_heard_the_notice(sidecar, number):
    async with (
        echo_pbx(tone_hz=700, ring_s=0.05) as pbx,
        Phone(user="caller", tone_hz=1000) as caller,
    ):
        service, address = await sidecar(pbx_port=pbx.address[1])
        there = await caller.invite(f"sip:{number}@127.0.0.1:{address[1]}", via=address)
        await there.answered()
        await there.media.until(lambda: _heard(there, 700))
        (here,) = pbx.calls.values()
        await here.media.until(lambda: _heard(here, 1000))
        await there.hang_up()
        record = await finished(service)

    for call, tone, noticed_at in (
        (there, 700, record.notice_caller_at),
        (here, 1000, record.notice_callee_at),
    ):
        blocks = call.media.blocks()
        (notice,) = tone_spans(blocks, NOTICE_HZ)
        assert notice.seconds == pytest.approx(NOTICE_S, abs=0.03)
        assert noticed_at == pytest.approx(notice.end, abs=0.02)
        assert tone_spans(blocks, tone)[0].start >= noticed_at - 0.02
        other = record.notice_callee_at if tone == 700 else record.notice_caller_at
        assert tone_spans(blocks, tone)[0].start >= other - 0.02


async def test_reliable_provisionals_over_the_wire(sidecar):
    async with Phone(user="pbx") as pbx, Phone(user="caller") as caller:
        service, address = await sidecar(pbx_port=pbx.address[1])
        there = await caller.invite(f"sip:100@127.0.0.1:{address[1]}", via=address)
        here = await pbx.incoming()
        await here.ring(183, reliable=True, early_media=True)
        await here.answer()
        await there.answered()
        await there.hang_up()
        await finished(service)

    assert any(getattr(m, "method", "") == "PRACK" for m in here.received)


async def test_a_call_over_ipv6(sidecar):
    async with (
        Phone("::1", user="pbx", tone_hz=700) as pbx,
        Phone("::1", user="caller", tone_hz=1000) as caller,
    ):
        pbx.auto_answer()
        service, address = await sidecar(host="::1", pbx_port=pbx.address[1])
        there = await caller.invite(f"sip:100@[::1]:{address[1]}", via=address)
        await there.answered()
        await there.media.hear(10)
        await there.hang_up()
        record = await finished(service)

    assert record.disposition == "answered"


async def test_a_pbx_that_can_t_be_connected_to_is_answered_for_at_once(sidecar):
    async with Phone(user="caller") as caller:
        service, address = await sidecar(pbx_port=free_port(), pbx_transport="tcp")
        there = await caller.invite(f"sip:100@127.0.0.1:{address[1]}", via=address)

        response = await there.final()
        record = await finished(service)

    assert response.status == 503
    assert (record.disposition, record.ended_by) == ("failed", "sidecar")


async def test_stopping_says_goodbye_on_every_call(sidecar):
    async with Phone(user="pbx") as pbx, Phone(user="caller") as caller:
        pbx.auto_answer()
        service, address = await sidecar(pbx_port=pbx.address[1])
        there = await caller.invite(f"sip:100@127.0.0.1:{address[1]}", via=address)
        await there.answered()
        (here,) = pbx.calls.values()

        await service.stop()
        await there.ended()
        await here.ended()

    assert (there.ended_by, here.ended_by) == ("peer", "peer")


def _heard(call, tone):
    return len(call.media.received) % 10 == 0 and bool(tone_spans(call.media.blocks()[-20:], tone))
