"""A fake manager interface, and the adapter at it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from sidecar.recorders.asterisk.adapter import AsteriskRecorder
from sidecar.recorders.asterisk.patience import Patience
from sidecar.tables.addresses import HostPort

from .fake_ami import FakeAmi
from .told import alone


@pytest.fixture
async def fake() -> AsyncIterator[FakeAmi]:
    async with FakeAmi() as running:
        yield running


@pytest.fixture
async def recorder(
    fake: FakeAmi, request: pytest.FixtureRequest
) -> AsyncIterator[AsteriskRecorder]:
    """One with the times of the product, unless a test gives others."""
    address = HostPort("127.0.0.1", fake.port)
    patience = getattr(request, "param", Patience())
    made = AsteriskRecorder(
        address, "consent", "secret", carried_by_another=alone, patience=patience
    )
    await made.start()
    yield made
    await made.close()
