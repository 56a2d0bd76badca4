"""Which tests run beside each other when pytest-xdist runs several at once (`make test`).

The tests with real peers wait most of the time, the others compute. Those that compute are one
group, so that they keep one process busy while the other processes wait for telephones; a
module with peers is a group of its own, so that its Asterisk is started once. What measures
load or the pace of the machine is marked `alone`: `make test` runs it when nothing else runs.
"""

from __future__ import annotations

from pathlib import Path

import pytest

PEERS = Path(__file__).parent / "peers"


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give every test its group; the big one first, so that it is not what is waited for."""
    items.sort(key=lambda item: PEERS in item.path.parents)
    for item in items:
        group = item.path.stem if PEERS in item.path.parents else "computing"
        item.add_marker(pytest.mark.xdist_group(group))
