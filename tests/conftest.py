"""Which tests run beside each other when pytest-xdist runs several at once (`make test`).

The tests with real peers wait most of the time, the others compute. Those that compute stay in
one process, which is busy while the other processes wait for telephones; a module with peers
stays in one, too, so that its Asterisk is started once. What measures load or the pace of the
machine is marked `alone`: `make test` runs it when nothing else runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from xdist.scheduler import LoadScopeScheduling

WAITING = ("tests/peers/", "tests/project/test_container.py")


def lane(nodeid: str) -> str:
    """What runs in one process, one test after the other."""
    module = nodeid.partition("::")[0]
    return module if module.startswith(WAITING) else "computing"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Hand out whole lanes, that of the most tests first: the computing one."""
    from xdist.scheduler import LoadScopeScheduling

    class Lanes(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return lane(nodeid)

    return Lanes(config, log)
