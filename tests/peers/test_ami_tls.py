"""The adapter's connection to the real Asterisk by TLS, and what it says of its secret."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.recorders.asterisk.adapter import AsteriskRecorder
from sidecar.tables.addresses import HostPort
from sidecar.tables.tls import trusting
from tests.recorders.told import alone

from .asterisk import LEAST, PASSWORD, Asterisk
from .processes import LOOPBACK, free_port

PEERS = ("asterisk",)


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Asterisk]:
    with Asterisk("tls", free_port(), tls=True) as running:
        yield running


async def problem(
    asterisk: Asterisk, authority: Path | None, *, host: str = LOOPBACK, secret: str = PASSWORD
) -> str:
    """Why the adapter has no connection; empty where it has."""
    address = HostPort(host, asterisk.ami_tls_port)
    tls = trusting(authority)
    recorder = AsteriskRecorder(address, LEAST, secret, carried_by_another=alone, tls=tls)
    await recorder.start()
    found = recorder.problem
    await recorder.close()
    return found


async def test_a_certificate_of_the_address_that_is_trusted_lets_the_adapter_in(
    asterisk: Asterisk,
) -> None:
    assert await problem(asterisk, asterisk.certificate) == ""


async def test_a_certificate_that_nobody_vouches_for_is_not_talked_to(asterisk: Asterisk) -> None:
    assert "can't be trusted" in await problem(asterisk, None)


async def test_a_certificate_of_another_address_is_not_talked_to(asterisk: Asterisk) -> None:
    async def hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(LOOPBACK, asterisk.ami_tls_port)
        await asyncio.gather(_pour(reader, back), _pour(there, writer))

    server = await asyncio.start_server(hand_on, "127.0.0.2", asterisk.ami_tls_port)
    async with server:
        found = await problem(asterisk, asterisk.certificate, host="127.0.0.2")

    assert "can't be trusted" in found


async def test_a_wrong_secret_is_refused_without_having_been_sent(asterisk: Asterisk) -> None:
    found = await problem(asterisk, asterisk.certificate, secret="not-the-secret")

    assert "did not let the user in" in found


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(4096):
        writer.write(data)
    writer.close()
