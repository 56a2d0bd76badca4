"""CPU for each relayed RTP packet: our worker, a plain C relay, rtpengine in user space.

All three carry the same streams (20 ms of G.711, both ways) one after the other in the same run.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import NamedTuple

from bench import Row, median
from bench.machine import memory
from sidecar.media.engine import Closed, MediaEvent, MediaSession, Opened, RemoteMedia, Side
from sidecar.media.local import LocalEngine
from sidecar.media.prompts import PromptLibrary

SESSIONS = 50
SECONDS = 6.0
ROUNDS = 3
CALLS_AT_ONCE = 100
PORTS = range(42000, 44000)
NG_PORT = 42999
HERE = Path(__file__).parent

Pairs = list[tuple[int, int]]
_cookies = itertools.count(1)


class Figure(NamedTuple):
    """Microseconds of CPU a packet, packets that got lost, and the longest delay in ms."""

    cost_us: float
    lost: int
    late_ms: float


class Talkers:
    """The generator: parties that send to wherever they are told."""

    def __init__(self, program: Path, sessions: int) -> None:
        self._process = subprocess.Popen(
            [program, str(sessions)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.ports = _read_pairs(self._process, sessions)

    def talk(self, seconds: float, to: Pairs, pid: int) -> Figure:
        """Talk through a relay, which is that process. Blocks."""
        assert self._process.stdin
        assert self._process.stdout
        before = cpu_ns(pid)
        ports = " ".join(str(port) for pair in to for port in pair)
        self._process.stdin.write(f"{seconds} {ports}\n")
        self._process.stdin.flush()
        sent, received, late_us = map(int, self._process.stdout.readline().split())
        cost = (cpu_ns(pid) - before) / max(received, 1) / 1000
        return Figure(cost, sent - received, late_us / 1000)

    def close(self) -> None:
        """End the process."""
        with self._process as process:
            process.terminate()


def cpu_ns(pid: int) -> int:
    """Nanoseconds on a processor, all threads."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks)


def build(folder: Path, name: str) -> Path:
    """Compile one of the C programs beside this file."""
    program = folder / name
    subprocess.run(["gcc", "-O2", "-o", program, HERE / f"{name}.c"], check=True)
    return program


@contextlib.contextmanager
def c_relay(program: Path, parties: Pairs) -> Iterator[tuple[Pairs, int]]:
    """The plain relay: its ports, its process."""
    with subprocess.Popen(
        [program, str(len(parties))], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        ports = _read_pairs(process, len(parties))
        process.stdin.writelines(f"{a} {b}\n" for a, b in parties)
        process.stdin.flush()
        try:
            yield ports, process.pid
        finally:
            process.terminate()


@contextlib.contextmanager
def rtpengine(parties: Pairs) -> Iterator[tuple[Pairs, int]]:
    """The media engine rtpengine in user space, its calls made by the ng protocol."""
    arguments = (
        "--table=-1 --interface=127.0.0.1 --foreground --log-level=2 --no-log-timestamps "
        f"--listen-ng=127.0.0.1:{NG_PORT} --port-min=43000 --port-max=43999"
    ).split()
    with (
        subprocess.Popen(["rtpengine", *arguments], stderr=subprocess.DEVNULL) as process,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control,
    ):
        control.connect(("127.0.0.1", NG_PORT))
        control.settimeout(0.2)
        try:
            _wait_for_ng(control)
            ports = [_ng_call(control, number, *pair) for number, pair in enumerate(parties)]
            yield ports, process.pid
        finally:
            process.terminate()


@contextlib.asynccontextmanager
async def worker(parties: Pairs, *, rewriting: bool) -> AsyncIterator[tuple[Pairs, int]]:
    """Our worker. rewriting: silence was sent before, so that every packet is renumbered."""
    engine = LocalEngine("127.0.0.1", PORTS, PromptLibrary())
    await engine.start()
    try:
        sessions = [await _open(engine, pair, gated=rewriting) for pair in parties]
        if rewriting:
            await asyncio.sleep(0.2)
            for session, _ in sessions:
                session.gate(Side.A, True)
                session.gate(Side.B, True)
        await asyncio.sleep(0.2)
        yield [ports for _, ports in sessions], engine.worker_pids[0]
    finally:
        await engine.close()


async def _open(
    engine: LocalEngine, parties: tuple[int, int], *, gated: bool
) -> tuple[MediaSession, tuple[int, int]]:
    opened: asyncio.Future[tuple[int, int]] = asyncio.get_running_loop().create_future()

    def on_event(event: MediaEvent) -> None:
        if isinstance(event, Opened):
            opened.set_result((event.ports_a[0], event.ports_b[0]))
        elif not isinstance(event, Closed):
            raise RuntimeError(event)

    session = engine.open(1, on_event)
    for side, port in zip(Side, parties, strict=True):
        session.gate(side, not gated)
        remote = RemoteMedia("127.0.0.1", port, codec="PCMU", payload_type=0, telephone_event=101)
        session.configure(side, 0, remote)
    return session, await opened


def _read_pairs(process: subprocess.Popen[str], count: int) -> Pairs:
    assert process.stdout
    lines = [process.stdout.readline().split() for _ in range(count)]
    return [(int(a), int(b)) for a, b in lines]


def _ng_call(control: socket.socket, number: int, port_a: int, port_b: int) -> tuple[int, int]:
    """One call by offer and answer. Returns the ports for A and for B."""
    call = {"call-id": f"bench-{number}", "from-tag": "a"}
    offer = {"command": "offer", **call, "sdp": _sdp(port_a)}
    answer = {"command": "answer", **call, "to-tag": "b", "sdp": _sdp(port_b)}
    port_for_b = _ng(control, offer)
    port_for_a = _ng(control, answer)
    return port_for_a, port_for_b


def _wait_for_ng(control: socket.socket) -> None:
    for _ in range(50):
        with contextlib.suppress(OSError):
            _ng(control, {"command": "ping"})
            return
        time.sleep(0.1)
    raise RuntimeError("rtpengine does not answer")


def _ng(control: socket.socket, message: dict[str, str]) -> int:
    """One request; the audio port of the answer's SDP, 0 where there is none."""
    body = "".join(f"{len(k)}:{k}{len(v)}:{v}" for k, v in sorted(message.items()))
    control.send(f"{next(_cookies)} d{body}e".encode())
    found = re.search(rb"m=audio (\d+)", control.recv(65535))
    return int(found.group(1)) if found else 0


def _sdp(port: int) -> str:
    return (
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"
    )


def run() -> list[Row]:
    """Measure all, print nothing. Needs gcc, and rtpengine for its line."""
    with tempfile.TemporaryDirectory() as name:
        return asyncio.run(_measure(build(Path(name), "relay"), build(Path(name), "talkers")))


async def _measure(relay: Path, talkers_program: Path) -> list[Row]:
    talkers = Talkers(talkers_program, SESSIONS)
    figures: dict[str, list[Figure]] = {}

    async def note(what: str, ports: Pairs, pid: int) -> None:
        await asyncio.to_thread(talkers.talk, 1.0, ports, pid)  # until sources are learned
        figure = await asyncio.to_thread(talkers.talk, SECONDS, ports, pid)
        figures.setdefault(what, []).append(figure)

    for _ in range(ROUNDS):
        with c_relay(relay, talkers.ports) as (ports, pid):
            await note("C relay", ports, pid)
        for what, rewriting in (("worker", False), ("worker, renumbering", True)):
            async with worker(talkers.ports, rewriting=rewriting) as (ports, pid):
                await note(what, ports, pid)
        if shutil.which("rtpengine"):
            with rtpengine(talkers.ports) as (ports, pid):
                await note("rtpengine", ports, pid)
    talkers.close()
    return _rows(figures) + await _many_calls(talkers_program)


def _rows(figures: dict[str, list[Figure]]) -> list[Row]:
    costs = {what: median([figure.cost_us for figure in each]) for what, each in figures.items()}
    rows = []
    for what, each in figures.items():
        late = max(figure.late_ms for figure in each)
        lost = sum(figure.lost for figure in each)
        figure = f"{costs[what]:.1f} us CPU/packet, {lost} lost, at most {late:.1f} ms late"
        beside, goal = "", ""
        if what.startswith("worker"):
            beside = f"{costs[what] / costs['C relay']:.2f} x C relay"
            goal = "1.5 x C relay"
            if "rtpengine" in costs:
                beside += f", {costs[what] / costs['rtpengine']:.2f} x rtpengine"
                goal += ", 0.7 x rtpengine"
        rows.append(Row(f"RTP relay, {SESSIONS} calls: {what}", figure, beside, goal))
    return rows


async def _many_calls(program: Path) -> list[Row]:
    """100 calls for 30 s through one worker, renumbered: nothing may be lost."""
    talkers = Talkers(program, CALLS_AT_ONCE)
    async with worker(talkers.ports, rewriting=True) as (ports, pid):
        resident = memory(pid).resident
        figure = await asyncio.to_thread(talkers.talk, 30.0, ports, pid)
    talkers.close()
    text = f"{figure.lost} lost, {figure.cost_us:.1f} us CPU/packet"
    what = f"RTP relay, {CALLS_AT_ONCE} calls for 30 s: worker"
    return [
        Row(what, text, "", "0 lost"),
        Row("worker with that many calls", f"{resident / 2**20:.1f} MiB resident"),
    ]
