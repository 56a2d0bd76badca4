"""Who has no part in a call fires RTP at every port of a running sidecar, over real sockets."""

from __future__ import annotations

import asyncio

import pytest

from sidecar.demo.echo_pbx import echo_pbx
from sidecar.demo.phone import Phone
from sidecar.demo.rtp_endpoint import RtpEndpoint
from sidecar.demo.tones import tone_spans
from sidecar.records.record import Consent
from sidecar.rtp.packet import Packet
from sidecar.rtp.telephone_event import TelephoneEvent
from tests.media.phones import Phone as Socket
from tests.net.conftest import NOTICE_HZ, NOTICE_S

SPEECH = b"\x2a" * 160


@pytest.fixture
def muted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Telephones that send nothing but keys, as with voice activity detection."""
    monkeypatch.setattr(RtpEndpoint, "_send_sound", lambda *_: None)


class Stranger:
    """Plain UDP sockets, one at each of these addresses."""

    def __init__(self, *addresses: str) -> None:
        self.sockets = [Socket(address) for address in addresses]

    def press_one(self, ports: range) -> None:
        """Three packets of the key 1 to each port."""
        for number in range(3):
            event = TelephoneEvent(1, number > 0, 10, 800).encode()
            packet = Packet(101, 100 + number, 4000, 77, number == 0, event).encode()
            for port in ports:
                for each in self.sockets:
                    each.send_raw(port, packet)

    def speak(self, ports: range) -> None:
        for port in ports:
            self.sockets[0].send(port, SPEECH)

    def close(self) -> None:
        for each in self.sockets:
            each.close()


async def test_a_stranger_gets_neither_the_consent_nor_the_prompt_nor_the_call(sidecar, muted):
    stranger = Stranger("127.0.0.2", "127.0.0.1")  # also at another port of the caller's address
    async with Phone(user="pbx") as pbx, Phone(user="caller") as caller:
        service, address = await sidecar(pbx_port=pbx.address[1])
        ports = service._settings.media.ports
        there = await caller.invite(f"sip:400@127.0.0.1:{address[1]}", via=address)
        await there.answered()

        async with asyncio.timeout(5):
            while not _asked(there):
                stranger.press_one(ports)
                stranger.speak(ports)
                await asyncio.sleep(0.02)
        for _ in range(20):
            stranger.press_one(ports)
            stranger.speak(ports)
            await asyncio.sleep(0.02)

        (record,) = await service.records.list(10)
        assert record.consent is not Consent.GRANTED
        assert not pbx.calls
        assert all(each.hears_nothing() for each in stranger.sockets)

        await there.media.press("1")
        async with asyncio.timeout(5):
            here = await pbx.incoming()
            await here.answer()
        await there.hang_up()
        record = await _finished(service)
    stranger.close()
    assert record.consent is Consent.GRANTED
    notice = tone_spans(there.media.blocks(), NOTICE_HZ)[0]
    assert notice.seconds == pytest.approx(NOTICE_S, abs=0.03)
    assert record.notice_caller_at == pytest.approx(notice.end, abs=0.05)


async def test_behind_nat_prompt_and_keys_are_those_of_the_source_in_its_networks(sidecar, muted):
    """The description names a place where nobody listens; the trunk's network is known."""
    stranger, nowhere, outside = Stranger("127.0.0.77"), Socket("127.0.0.9"), Socket("127.0.0.2")
    async with echo_pbx(tone_hz=700) as pbx, Phone(user="caller") as caller:
        service, address = await sidecar(
            pbx_port=pbx.address[1], trunk_hosts="127.0.0.0/30", nat=True
        )
        ports = service._settings.media.ports
        there = await caller.invite(
            f"sip:400@127.0.0.1:{address[1]}", via=address, sdp=_sdp(nowhere)
        )
        answer = await there.answered()
        port = int(answer.body.split(b"m=audio ")[1].split()[0])
        for _ in range(20):
            stranger.press_one(ports)
            stranger.speak(ports)
            await asyncio.sleep(0.02)
        (record,) = await service.records.list(10)
        assert record.notice_caller_at is None

        heard = await _talk(outside, port, packets=100)
        assert heard.count(heard[0]) < 50, "a tone, not silence alone"
        await _press_one(outside, port)
        await _talk(outside, port, packets=20)
        await there.hang_up()
        record = await _finished(service)
    assert record.notice_caller_at is not None
    assert record.consent is Consent.GRANTED
    assert stranger.sockets[0].hears_nothing()
    for each in (stranger, nowhere, outside):
        each.close()


def _asked(call) -> bool:
    """Whether the caller has heard the question to its end."""
    spans = tone_spans(call.media.blocks(), NOTICE_HZ)
    return bool(spans) and spans[0].seconds >= NOTICE_S - 0.03


def _sdp(at: Socket) -> bytes:
    return (
        f"v=0\r\no=- 1 1 IN IP4 {at.address}\r\ns=-\r\nc=IN IP4 {at.address}\r\nt=0 0\r\n"
        f"m=audio {at.port} RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"
    ).encode()


async def _talk(phone: Socket, port: int, packets: int) -> list[bytes]:
    """Send so many packets; the payloads that came meanwhile."""
    heard = []
    for _ in range(packets):
        phone.send(port, SPEECH)
        await asyncio.sleep(0.02)
        while data := _received(phone):
            heard.append(Packet.parse(data).payload)
    return heard


def _received(phone: Socket) -> bytes:
    try:
        return phone.socket.recv(4096)
    except BlockingIOError:
        return b""


async def _press_one(phone: Socket, port: int) -> None:
    phone.timestamp += 1600
    for number in range(8):
        phone.sequence += 1
        event = TelephoneEvent(1, number >= 5, 10, 160 * min(number + 1, 5)).encode()
        packet = Packet(101, phone.sequence, phone.timestamp, phone.ssrc, number == 0, event)
        phone.send_raw(port, packet.encode())
        await asyncio.sleep(0.02)


async def _finished(service):
    async with asyncio.timeout(10):
        while True:
            (record,) = await service.records.list(10)
            if record.ended_at is not None:
                return record
            await asyncio.sleep(0.02)
