"""What every peer test has: the `peer` marker, and a plain word about peers that are missing.

On a developer's machine a missing peer skips its tests; with CI set it fails them.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from . import asterisk, sdp_readers
from .audio import Samples
from .sidecar import chirp
from .sipp import Sipp, StartSipp

HERE = Path(__file__).parent
ADVICE = "run tests/peers/setup.sh"


def _missing(peer: str) -> str:
    match peer:
        case "sipp":
            return "" if shutil.which("sipp") else f"SIPp is not installed: {ADVICE}"
        case "asterisk":
            return asterisk.missing()
        case "baresip":
            return "" if find_spec("baresip") else "baresip-python is not installed"
        case "pyvoip":
            return "" if find_spec("pyVoIP") else "pyVoIP is not installed"
        case "sdp-transform":
            return sdp_readers.missing()
        case "wire":
            return "" if os.geteuid() == 0 else "watching the loopback interface needs root"
    raise ValueError(f"unknown peer {peer!r}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder that names its peers in `PEERS`."""
    for item in items:
        if HERE in item.path.parents:
            peers = getattr(getattr(item, "module", None), "PEERS", ())
            if peers:
                item.add_marker("peer")


@pytest.fixture(autouse=True, scope="module")
def _peers(request: pytest.FixtureRequest) -> None:
    lacking = [why for peer in getattr(request.module, "PEERS", ()) if (why := _missing(peer))]
    if lacking and os.environ.get("CI"):
        pytest.fail("; ".join(lacking))
    elif lacking:
        pytest.skip("; ".join(lacking))


@pytest.fixture
def sipp(tmp_path: Path) -> Iterator[StartSipp]:
    """Starts SIPps (arguments as `Sipp`'s, without the folder); none outlives the test."""
    with ExitStack() as started:

        def start(scenario: str, **arguments: Any) -> Sipp:
            made = Sipp(tmp_path, scenario, **arguments)
            started.callback(made.stop)
            return made

        yield start


@pytest.fixture(scope="session")
def notice() -> Samples:
    """A short notice that is easy to find again in what was heard."""
    return chirp(0.6)
