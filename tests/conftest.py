"""Which tests run beside each other when pytest-xdist runs several at once (`make test`).

The tests with real peers wait most of the time, the others compute. So one process begins with
those that start sidecars without peers, one after the other, while the other processes wait for
telephones. A module whose tests share a peer stays in one process, so that the peer is started
once; where each test starts what it needs, each is handed out alone. What only computes comes
last, a folder at a time: so all processes end at about the same time. What measures load, or keeps
the time of packets, is marked `alone`: `make test` runs it when nothing else runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from xdist.scheduler import LoadScopeScheduling

ALONE = ("tests/media/", "tests/net/")
STARTING = ("tests/cli/", "tests/demo/")
WAITING = ("tests/peers/", "tests/project/test_container.py")
EACH_ITS_OWN = tuple(f"tests/peers/test_{name}.py" for name in ("bad_input", "notice", "scenarios"))


def lane(nodeid: str) -> tuple[int, str]:
    """When a test's lane is begun, and its name: what is in one lane runs in one process."""
    module = nodeid.partition("::")[0]
    if module.startswith(STARTING):
        return 0, "starting sidecars"
    if module in EACH_ITS_OWN:
        return 2, nodeid
    if module.startswith(WAITING):
        return 1, module
    return 3, "/".join(module.split("/")[:2])


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what is begun first to the front; the order is else that of the files."""
    for item in items:
        if item.nodeid.startswith(ALONE):
            item.add_marker("alone")
    items.sort(key=lambda item: lane(item.nodeid)[0])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Hand out whole lanes, in the order in which they were collected."""
    from xdist.scheduler import LoadScopeScheduling

    class Lanes(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return lane(nodeid)[1]

    config.option.loadscopereorder = False
    return Lanes(config, log)
