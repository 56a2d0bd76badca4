"""CPU a call: the sidecar beside Kamailio + rtpengine and sippy's B2BUA, all driven by SIPp.

The same caller and callee scenarios, the same time off the hook, windows of the products in
turn, so that a noisy minute of the machine meets all of them. CPU is user and system time of
all the product's processes as the kernel counts it, from before a window's first call until
a second after its last.
"""

from __future__ import annotations

import tempfile
import time
import wave
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import sidecar
from bench import Row, median
from bench.machine import cpu_seconds, own_cpu_seconds
from bench.peers.products import Kamailio, Product, Sippy
from bench.peers.sidecar import NOTICE, NOTICE_SECONDS, OFF, PACKAGED, SidecarProduct
from tests.peers.processes import LOOPBACK, PeerFailedError, free_ports
from tests.peers.sipp import Sipp

WINDOWS = 3
SECONDS = 6.0
RATE = 200.0
SIPPY_RATE = 20.0  # it fails calls from 30 a second on
HOLD = 0.8
SETTLE = 1.0


@dataclass
class Case:
    """One column of figures: a product under one policy at one rate."""

    name: str
    product: Product
    callee_port: int
    number: str
    rate: float = RATE
    hold: float = HOLD
    costs: list[float] = field(default_factory=list)  # milliseconds a call, one a window
    roots: list[float] = field(default_factory=list)  # of which in the first process (signalling)
    calls: int = 0
    failed: int = 0

    def figure(self) -> str:
        """The median cost with the failures beside it."""
        return f"{median(self.costs):.2f} ms ({self.failed} of {self.calls} calls failed)"

    def split(self) -> str:
        """Where the time goes: the signalling process, and the others (media workers)."""
        root = median(self.roots)
        return f"signalling {root:.2f}, media {median(self.costs) - root:.2f}"

    def ratio(self, other: Case) -> float:
        """Median of the windows' ratios to another case."""
        return median([mine / its for mine, its in zip(self.costs, other.costs, strict=True)])


def packaged_seconds() -> float:
    """Length of the packaged English text that the PACKAGED numbers hear."""
    file = Path(sidecar.__file__).parent / "prompts" / "en" / "recording-consent.wav"
    with wave.open(str(file), "rb") as sound:
        return sound.getnframes() / sound.getframerate()


def measure(case: Case, folder: Path) -> None:
    """One window: a fresh SIPp pair, the product's CPU around it."""
    count = round(case.rate * SECONDS)
    bound = SECONDS + case.hold + 30
    callee = Sipp(
        folder, "uas_basic", port=case.callee_port, calls=count, limit=count, ring_ms=10,
        seconds=bound, trace=False,
    )  # fmt: skip
    try:
        pids = case.product.pids
        before, root_before = cpu_seconds(*pids), own_cpu_seconds(pids[0])
        caller = Sipp(
            folder, "uac_basic", remote=f"{LOOPBACK}:{case.product.port}", number=case.number,
            calls=count, rate=case.rate, limit=count, hold_ms=round(case.hold * 1000),
            seconds=bound, trace=False,
        )  # fmt: skip
        outcome = caller.finish()
        time.sleep(SETTLE)
        spent, root_spent = cpu_seconds(*pids) - before, own_cpu_seconds(pids[0]) - root_before
    finally:
        callee.stop()
    case.calls += outcome.calls
    case.failed += outcome.failed
    if not outcome.successful:
        raise PeerFailedError(
            f"{case.product.name}, {case.name}: no call succeeded\n{caller.why()}"
        )
    case.costs.append(spent * 1000 / outcome.successful)
    case.roots.append(root_spent * 1000 / outcome.successful)


def _cases(folder: Path, running: ExitStack) -> Iterator[Case]:
    ports = free_ports(3)
    for name in ("sidecar", "kamailio", "sippy"):
        (folder / name).mkdir()
    ours = running.enter_context(SidecarProduct(folder / "sidecar", ports[0]))
    kamailio = running.enter_context(Kamailio(folder / "kamailio", ports[1]))
    sippy = running.enter_context(Sippy(folder / "sippy", ports[2]))
    number = "2079460101"
    long = packaged_seconds()
    yield Case("off", ours, ports[0], OFF + number)
    yield Case("notice", ours, ports[0], NOTICE + number)
    yield Case("packaged", ours, ports[0], PACKAGED + number, hold=long + 0.3)
    yield Case("kamailio", kamailio, ports[1], OFF + number)
    yield Case("sippy", sippy, ports[2], OFF + number, rate=SIPPY_RATE)


def run() -> list[Row]:
    """Measure all products in turn, several windows each."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as running:
        folder = Path(name)
        cases = list(_cases(folder, running))
        for window in range(WINDOWS):
            for case in cases:
                place = folder / f"window-{window}-{case.name}"
                place.mkdir()
                measure(case, place)
    return _rows({case.name: case for case in cases})


def _rows(cases: dict[str, Case]) -> list[Row]:
    off, notice, packaged = cases["off"], cases["notice"], cases["packaged"]
    kamailio, sippy = cases["kamailio"], cases["sippy"]
    short = f"{NOTICE_SECONDS:g} s of notice to both"
    long = f"{packaged_seconds():.1f} s of notice to both"
    rows = [
        Row(f"CPU a call, {kamailio.product.name}", kamailio.figure(), f"{RATE:g} calls/s"),
        Row(f"CPU a call, {sippy.product.name}", sippy.figure(), f"{SIPPY_RATE:g} calls/s"),
    ]
    for what, case, goals in (
        ("policy off", off, ("", "")),
        (short, notice, ("<= 2.0 x", "<= 0.6 x")),
        (long, packaged, ("", "")),
    ):
        rows.append(Row(f"CPU a call, {what}", case.figure(), case.split()))
        rows.append(Row("", f"{case.ratio(kamailio):.2f} x", "Kamailio + rtpengine", goals[0]))
        rows.append(Row("", f"{case.ratio(sippy):.2f} x", "sippy b2bua_simple", goals[1]))
    return rows
