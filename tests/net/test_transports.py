"""Sockets and what comes in by them: garbage, strangers, slow and greedy peers."""

from __future__ import annotations

import asyncio
import socket

import pytest

from sidecar.demo.phone import Phone
from sidecar.errors import OperatorError
from sidecar.net import stream as stream_module
from sidecar.net.places import Neighbour
from sidecar.net.transports import Transports
from sidecar.sip.flow import Flow
from tests.net.conftest import make_service, write_settings
from tests.peers.processes import free_port

OPTIONS = (
    b"OPTIONS sip:x@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/%b 127.0.0.1:5;branch=z9hG4bK1;rport\r\n"
    b"From: <sip:a@b>;tag=1\r\nTo: <sip:x@b>\r\nCall-ID: %b\r\nCSeq: 1 OPTIONS\r\n"
    b"Content-Length: 0\r\n\r\n"
)


async def until(condition):
    async with asyncio.timeout(10):
        for _ in iter(condition, True):
            if condition():
                return
            await asyncio.sleep(0)


class Ports:
    """Transports that keep what arrives."""

    def __init__(self, *listen, neighbour_of=lambda _address: Neighbour("trunk.carrier", 100)):
        self.arrived: asyncio.Queue[tuple[bytes, Flow]] = asyncio.Queue()
        self.failed: asyncio.Queue[Flow] = asyncio.Queue()
        self.crowded: list[str] = []
        self.transports = Transports(
            listen,
            None,
            lambda data, flow: self.arrived.put_nowait((data, flow)),
            neighbour_of,
            self.failed.put_nowait,
            self.crowded.append,
        )

    async def __aenter__(self):
        await self.transports.start()
        return self

    async def __aexit__(self, *_exc):
        await self.transports.close()

    def address(self, transport):
        return next(a for t, a in self.transports.addresses if t == transport)


@pytest.fixture
async def udp_socket():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.setblocking(False)
        yield sock


async def test_datagrams_arrive_and_are_answered(udp_socket):
    loop = asyncio.get_running_loop()
    async with Ports(("udp", "127.0.0.1", 0)) as ports:
        await loop.sock_sendto(udp_socket, b"hello", ports.address("UDP"))
        data, flow = await ports.arrived.get()
        ports.transports.send(b"world", flow)
        answer = await loop.sock_recv(udp_socket, 100)

    assert (data, answer) == (b"hello", b"world")
    assert flow.remote == udp_socket.getsockname()


async def test_a_refused_datagram_stops_neither_reading_nor_writing(udp_socket):
    loop = asyncio.get_running_loop()
    nobody = ("127.0.0.1", free_port())
    async with Ports(("udp", "127.0.0.1", 0)) as ports:
        for _ in range(3):
            ports.transports.send(b"x", ports.transports.flow_to("UDP", nobody))
        ports.transports.send(b"y", ports.transports.flow_to("UDP", udp_socket.getsockname()))
        assert await loop.sock_recv(udp_socket, 100) == b"y"
        await loop.sock_sendto(udp_socket, b"hello", ports.address("UDP"))
        assert (await ports.arrived.get())[0] == b"hello"


async def test_a_stream_is_cut_into_messages_however_it_comes():
    message = OPTIONS % (b"TCP", b"a")
    async with Ports(("tcp", "127.0.0.1", 0)) as ports:
        _reader, writer = await asyncio.open_connection(*ports.address("TCP"))
        for byte in message:
            writer.write(bytes([byte]))
            await writer.drain()
        writer.write(message + message)
        arrived = [(await ports.arrived.get())[0] for _ in range(3)]
        writer.close()

    assert arrived == [message] * 3


async def test_a_ping_gets_its_pong():
    async with Ports(("tcp", "127.0.0.1", 0)) as ports:
        reader, writer = await asyncio.open_connection(*ports.address("TCP"))
        writer.write(b"\r\n\r\n")
        assert await reader.readexactly(2) == b"\r\n"
        writer.close()


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"INVITE sip:x SIP/2.0\r\nContent-Length: 99999999\r\n\r\n",
        b"x" * 100_000,
    ],
)
async def test_a_stream_that_is_no_sip_is_closed(data):
    async with Ports(("tcp", "127.0.0.1", 0)) as ports:
        reader, writer = await asyncio.open_connection(*ports.address("TCP"))
        writer.write(data)
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        writer.close()


async def test_a_peer_that_never_finishes_its_message_is_dropped(monkeypatch):
    monkeypatch.setattr(stream_module, "MESSAGE_WITHIN", 0.05)
    async with Ports(("tcp", "127.0.0.1", 0)) as ports:
        reader, writer = await asyncio.open_connection(*ports.address("TCP"))
        writer.write(b"OPTIONS sip:x SIP/2.0\r\n")
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        writer.close()


async def test_a_stranger_s_connection_is_dropped_unread():
    async with Ports(("tcp", "127.0.0.1", 0), neighbour_of=lambda _address: None) as ports:
        reader, writer = await asyncio.open_connection(*ports.address("TCP"))
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        writer.close()
        assert ports.arrived.empty()


def few(address):
    """Two neighbours of one address each, with two connections each."""
    return Neighbour(f"trunk.{address[0]}", 2)


async def dropped(reader):
    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)


async def test_of_too_many_connections_the_one_silent_for_longest_is_dropped():
    async with Ports(("tcp", "127.0.0.1", 0), neighbour_of=few) as ports:
        streams = [await asyncio.open_connection(*ports.address("TCP")) for _ in range(2)]
        for number in (1, 0):
            streams[number][1].write(OPTIONS % (b"TCP", b"a"))
            await ports.arrived.get()
        streams.append(await asyncio.open_connection(*ports.address("TCP")))

        await dropped(streams[1][0])

        assert ports.crowded == ["trunk.127.0.0.1"]
        for number in (0, 2):
            streams[number][1].write(OPTIONS % (b"TCP", b"b"))
            await ports.arrived.get()
        for _reader, writer in streams:
            writer.close()


async def test_connections_of_one_neighbour_keep_out_no_other_and_none_of_our_own():
    tcp = ("tcp", "127.0.0.1", 0)
    async with Ports(tcp) as pbx, Ports(tcp, neighbour_of=few) as ports:
        address = ports.address("TCP")
        greedy = [await asyncio.open_connection(*address) for _ in range(20)]
        _, other = await asyncio.open_connection(*address, local_addr=("127.0.0.2", 0))
        other.write(OPTIONS % (b"TCP", b"a"))
        assert (await ports.arrived.get())[1].remote[0] == "127.0.0.2"

        flow = ports.transports.flow_to("TCP", pbx.address("TCP"))
        ports.transports.send(OPTIONS % (b"TCP", b"b"), flow)
        await pbx.arrived.get()

        for writer in (*(writer for _reader, writer in greedy), other):
            writer.close()


async def test_what_can_t_be_connected_to_is_told():
    async with Ports(("tcp", "127.0.0.1", 0)) as ports:
        flow = ports.transports.flow_to("TCP", ("127.0.0.1", free_port()))
        ports.transports.send(b"x", flow)

        assert await ports.failed.get() == flow


async def test_a_connection_is_used_again_and_made_anew_once_it_is_gone():
    async with Ports(("tcp", "127.0.0.1", 0)) as there, Ports(("tcp", "127.0.0.1", 0)) as here:
        message = OPTIONS % (b"TCP", b"a")
        flow = here.transports.flow_to("TCP", there.address("TCP"))
        here.transports.send(message, flow)
        _, first = await there.arrived.get()
        here.transports.send(message, flow)
        _, second = await there.arrived.get()
        (listener,) = there.transports._tcp
        for connection in tuple(listener._connections.values()):
            connection.abort()
        (own,) = here.transports._tcp
        await until(lambda: not own._connections)
        here.transports.send(message, flow)
        _, third = await there.arrived.get()

    assert first.connection == second.connection != third.connection


async def test_ipv4_and_ipv6_share_a_port():
    port = free_port()
    async with Ports(("udp", "0.0.0.0", port), ("udp", "::", port)) as ports:
        assert ports.transports.flow_to("UDP", ("::1", 5)).local[0] == "::"
        assert ports.transports.flow_to("UDP", ("127.0.0.1", 5)).local[0] == "0.0.0.0"
        assert ports.transports.flow_to("TCP", ("127.0.0.1", 5)) is None


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_port_in_use_is_the_operator_s_to_mend(transport):
    async with Ports((transport, "127.0.0.1", 0)) as ports:
        _, port = ports.address(transport.upper())
        other = Ports((transport, "127.0.0.1", port))
        with pytest.raises(OperatorError, match=f"{transport}://127.0.0.1:{port}"):
            await other.transports.start()


async def test_a_service_whose_port_is_in_use_leaves_nothing_behind(tmp_path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        path, _ = write_settings(tmp_path, pbx_port=free_port(), port=taken.getsockname()[1])
        service = make_service(path)

        with pytest.raises(OperatorError, match="can't listen"):
            await service.start()

    assert service.media.worker_pids == []


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00" * 50,
        b"\xff" * 65000,
        b"INVITE",
        b"OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK\r\n",
        b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKx\r\n\r\n",
        (OPTIONS % (b"UDP", b"b"))[:150],
        b"\r\n\r\n",
    ],
)
async def test_a_sidecar_that_got_garbage_serves_the_next(sidecar, udp_socket, data):
    loop = asyncio.get_running_loop()
    async with Phone(user="pbx") as pbx:
        _service, address = await sidecar(pbx_port=pbx.address[1])
        await loop.sock_sendto(udp_socket, data, address)
        await loop.sock_sendto(udp_socket, OPTIONS % (b"UDP", b"c"), address)
        while True:
            answer = await loop.sock_recv(udp_socket, 65536)
            if b"Call-ID: c\r\n" in answer:
                break

    assert answer.startswith(b"SIP/2.0 200")


async def test_strangers_get_no_answer(sidecar, udp_socket):
    loop = asyncio.get_running_loop()
    async with Phone(user="pbx") as pbx:
        service, address = await sidecar(pbx_port=pbx.address[1], trunk_hosts="192.0.2.1")
        await loop.sock_sendto(udp_socket, OPTIONS % (b"UDP", b"c"), address)
        rejected = "consent_sidecar_sip_rejected_total"
        labels = {"reason": "unknown_source"}
        await until(lambda: service.metrics.registry.get_sample_value(rejected, labels))

        with pytest.raises(BlockingIOError):
            udp_socket.recv(100)
