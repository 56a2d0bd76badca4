"""`python -m bench.endurance`: many calls for a long time; fails where memory grows with them.

Prints, every thousand calls, the memory of the signalling process and of the media workers, how
late the event loop came at worst (the sidecar's own metric) and how long a packet of a call that
is up all the time took through its worker at worst. See docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.load import Load
from bench.machine import describe, memory
from bench.peers.sidecar import NOTICE, OFF, SidecarProduct
from tests.peers.processes import LOOPBACK, free_ports

HOLD = 1.0
REST = 36.0
"""Seconds after which the last transaction of a call is over."""
SETTLED = 45.0
"""Seconds after which as many transactions end as begin."""
FILLED = 10_000
"""Calls after which all that is bounded has its full size (docs/benchmarks.md)."""
EACH = 1000
MOST_GROWTH = 100_000
"""Bytes a thousand calls, all processes: beyond this the run has failed."""
MOST_FAILED = 0.001
GOAL_PAUSE = 0.02
STARVED = 0.5
"""Seconds that a packet or the generator was late, after which memory is that of calls which wait:
the machine, or the rate, was too much, and growth says nothing."""


@dataclass
class Sample:
    """One look: memory in bytes, delays in seconds."""

    calls: int
    signalling: int
    workers: int
    loop: float
    packet: float
    late: float
    """How late the generator was: where it is much, the machine was busy with other things."""

    def line(self) -> str:
        """What is printed of it."""
        return (
            f"{self.calls:>8} calls  {self.signalling / 1e6:7.1f} MB  {self.workers / 1e6:6.1f} MB"
            f"  loop {self.loop * 1000:6.1f} ms  packet {self.packet * 1000:6.1f} ms"
            f"  (generator {self.late * 1000:6.1f} ms)"
        )


@dataclass
class Packets:
    """The process that sends packets through one call: see `bench.packets`."""

    ports: tuple[int, ...] = field(default_factory=lambda: tuple(free_ports(2)))

    def __enter__(self) -> Packets:
        command = [sys.executable, "-m", "bench.packets", *map(str, self.ports)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=5)

    def audio(self, call: int, who: str, address: tuple[str, int]) -> None:
        """Take where an end of a call has to send its audio; only the first call has any."""
        if call == 1:
            self._tell(f"{who} {address[0]} {address[1]}")

    def longest(self) -> float:
        """The longest delay of a packet since the last time, in seconds."""
        self._tell("?")
        assert self._process.stdout is not None
        return float(self._process.stdout.readline())

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        print(line, file=self._process.stdin, flush=True)


class Endurance:
    """One run against one sidecar."""

    def __init__(self, load: Load, product: SidecarProduct, packets: Packets) -> None:
        self._load = load
        self._product = product
        self._packets = packets
        self.samples: list[Sample] = []

    def run(self, rate: float, calls: int) -> None:
        """Place all the calls, and look every thousand."""
        load = self._load
        load.prefix = OFF  # the call that the packets go through is heard at once
        load.place(1, 1.0, None)
        load.settle(1.0)
        load.prefix = NOTICE
        while len(self.samples) * EACH < calls:
            load.place(EACH, rate, HOLD)
            self._look()
        load.settle(REST)
        self._look(more=0)

    def _look(self, more: int = EACH) -> None:
        root = self._product.pids[0]
        calls = (self.samples[-1].calls if self.samples else 0) + more
        total = memory(root).resident
        own = memory_of(root)
        sample = Sample(
            calls,
            own,
            total - own,
            self._product.metric("loop_lag_seconds"),
            self._packets.longest(),
            self._load.result.late,
        )
        self._load.result.late = 0.0
        self.samples.append(sample)
        print(sample.line(), flush=True)


def memory_of(pid: int) -> int:
    """Resident bytes of one process without its descendants."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096


def slope(samples: list[Sample]) -> float:
    """Growth of all processes in bytes a thousand calls: the line of least squares."""
    xs = [sample.calls / EACH for sample in samples]
    ys = [float(sample.signalling + sample.workers) for sample in samples]
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    across = sum((x - mean_x) ** 2 for x in xs)
    return sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True)) / across


@contextmanager
def _everything() -> Iterator[tuple[Load, SidecarProduct, Packets]]:
    with tempfile.TemporaryDirectory() as folder, Packets() as packets:
        ports = dict(zip(("caller", "callee"), packets.ports, strict=True))

        def port_of(call: int, who: str) -> int:
            return ports[who] if call == 1 else load.sink_port

        load = Load((LOOPBACK, 0), on_audio=packets.audio, port_of=port_of)
        try:
            with SidecarProduct(Path(folder), load.callee_port) as product:
                load.target = (LOOPBACK, product.port)
                yield load, product, packets
        finally:
            load.close()


def verdict(samples: list[Sample], load: Load, *, settled: int) -> list[str]:
    """What is wrong with the run; empty where nothing is. `settled`: calls after which memory
    should be what it will be.
    """
    problems = []
    looked = [each for each in samples[:-1] if each.calls >= settled]
    grown = slope(looked)
    print(f"growth {grown / 1e3:.1f} KB a thousand calls (at most {MOST_GROWTH / 1e3:.0f} KB)")
    print(
        f"longest delay of the loop {max(each.loop for each in samples) * 1000:.0f} ms, "
        f"of a packet {max(each.packet for each in samples) * 1000:.0f} ms "
        f"(goal {GOAL_PAUSE * 1000:.0f} ms), "
        f"of the generator {max(each.late for each in samples) * 1000:.0f} ms"
    )
    result = load.result
    failed = sum(result.failures.values())
    print(f"{result.completed} calls completed, failed: {dict(result.failures) or 'none'}")
    if grown > MOST_GROWTH:
        problems.append(f"memory grows by {grown / 1e3:.0f} KB a thousand calls")
    starved = max(max(each.packet, each.late) for each in looked)
    if starved > STARVED:
        problems.append(f"too much for this machine ({starved:.1f} s late): run it on a quiet one")
    if failed > MOST_FAILED * result.offered:
        problems.append(f"{failed} of {result.offered} calls failed")
    return problems


def main() -> int:
    """Run it; 1 where memory grows or calls fail."""
    parser = argparse.ArgumentParser(prog="bench.endurance", description=__doc__)
    parser.add_argument("--rate", type=float, default=100.0, help="calls a second")
    parser.add_argument("--seconds", type=float, default=600.0, help="how long they are placed")
    given = parser.parse_args()
    calls = round(given.rate * given.seconds)
    settled = max(FILLED, round(SETTLED * given.rate))
    if calls < settled + 2 * EACH:
        parser.error(f"growth shows after {settled} calls, and {calls} are too few")
    print(f"{describe()}\n{calls} calls, {given.rate:g} a second", flush=True)
    with _everything() as (load, product, packets):
        run = Endurance(load, product, packets)
        run.run(given.rate, calls)
        problems = verdict(run.samples, load, settled=settled)
    for problem in problems:
        print(f"FAILED: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
