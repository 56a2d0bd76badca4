"""Which tests run beside each other when pytest-xdist runs several at once (`make test`).

The tests with real peers wait most of the time, the others compute. Those that compute stay in
one process, which is busy while the other processes wait for telephones. A module whose tests
share a peer stays in one process, too, so that the peer is started once; where each test starts
what it needs, each is handed out alone, and last: so all processes end at about the same time.
What measures load or the pace of the machine is marked `alone`: `make test` runs it when nothing
else runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from xdist.scheduler import LoadScopeScheduling

WAITING = ("tests/peers/", "tests/project/test_container.py")
COMPUTING = "computing"
EACH_ITS_OWN = tuple(f"tests/peers/test_{name}.py" for name in ("bad_input", "notice", "scenarios"))


def lane(nodeid: str) -> str:
    """What runs in one process, one test after the other."""
    module = nodeid.partition("::")[0]
    if not module.startswith(WAITING):
        return COMPUTING
    return nodeid if module in EACH_ITS_OWN else module


def turn(nodeid: str) -> int:
    """When a lane is begun: the longest first, the shortest last."""
    name = lane(nodeid)
    return 0 if name == COMPUTING else 2 if name == nodeid else 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what is begun first to the front; the order is else that of the files."""
    items.sort(key=lambda item: turn(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Hand out whole lanes, in the order in which they were collected."""
    from xdist.scheduler import LoadScopeScheduling

    class Lanes(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return lane(nodeid)

    config.option.loadscopereorder = False
    return Lanes(config, log)
