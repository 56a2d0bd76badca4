"""Starting, watching and ending the processes that the peers are."""

from __future__ import annotations

import ctypes
import os
import random
import signal
import socket
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

LOOPBACK = "127.0.0.1"
NO_ETHERNET = (  # what the console says first in a network namespace of one's own
    "No ethernet interface found for seeding global EID. You will have to set it manually.\n"
)
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class PeerFailedError(AssertionError):
    """A peer did not do what the test needs of it; the text holds the end of its log."""


def _die_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def cache_folder() -> Path:
    """The folder that setup.sh fills; the same rule as there."""
    if named := os.environ.get("CONSENT_SIDECAR_PEERS"):
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "consent-sidecar-peers"


class Process:
    """One child process with its output in a file; dies with the tests at the latest."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        log: Path,
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.name = name
        self.log = log
        with log.open("ab") as out:
            self.popen = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=dict(env) if env is not None else None,
                cwd=cwd,
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - no threads hold locks here
            )

    @property
    def pid(self) -> int:
        """Process id, also of the process group."""
        return self.popen.pid

    def log_tail(self, lines: int = 40) -> str:
        """The last lines of what the process printed."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def check(self) -> None:
        """Raise PeerFailedError if the process has ended."""
        if self.popen.poll() is not None:
            raise PeerFailedError(
                f"{self.name} ended with code {self.popen.returncode}:\n{self.log_tail()}"
            )

    def wait(self, timeout: float) -> int:
        """Wait at most timeout seconds for the end; the exit code. Raises PeerFailedError."""
        try:
            return self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            self.stop()
            raise PeerFailedError(
                f"{self.name} was not done after {timeout:g} s:\n{self.log_tail()}"
            ) from None

    def stop(self, patience: float = 5.0) -> int:
        """SIGTERM, and SIGKILL to its whole group if it is not gone in time; the exit code."""
        if self.popen.poll() is None:
            self.popen.terminate()
            try:
                self.popen.wait(patience)
            except subprocess.TimeoutExpired:
                kill_group(self.pid)
        kill_group(self.pid)
        return self.popen.wait()


def kill_group(pid: int) -> None:
    """SIGKILL whatever is left of the process group that pid leads."""
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _lane() -> tuple[int, int]:
    """Which of how many processes of pytest-xdist this is: each takes ports of its own."""
    number = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    return int(number), int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))


def _own(ports: range, width: int = 1) -> list[range]:
    """The neighbouring ports, `width` a piece, that no other process of the tests gives out."""
    lane, lanes = _lane()
    share = len(ports) // lanes
    first = ports.start + lane * share
    return [range(low, low + width) for low in range(first, first + share - width + 1)]


def free_port() -> int:
    """A port that is free for UDP and TCP on loopback now."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """That many different even ports, each free for UDP and TCP on loopback now, as is the next.

    They lie below the ports that the kernel gives to sockets which ask for any: nobody takes
    one between here and its use. A baresip phone listens for TLS on the port after its own;
    where that were another phone's, the one that starts later would find it in use.
    """
    ports: list[int] = []
    own = [pair for pair in _own(range(2000, 5060), 2) if pair.start % 2 == 0]
    for pair in random.sample(own, len(own)):
        if len(ports) == count:
            break
        if pair.start not in _lately and all(
            _is_free(kind, port) for kind in _KINDS for port in pair
        ):
            ports.append(pair.start)
            _lately.append(pair.start)
    if len(ports) < count:
        raise PeerFailedError(f"no {count} free ports between 2000 and 5060")
    return ports


_KINDS = (socket.SOCK_DGRAM, socket.SOCK_STREAM)
_lately: deque[int] = deque(maxlen=200)


def _is_free(kind: socket.SocketKind, port: int) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_media_port() -> int:
    """An even port whose next three are free too: SIPp wants RTP and RTCP of sound and video.

    They end below 8888, where each SIPp opens a socket for its remote control.
    """
    own = [four for four in _own(range(5062, 8880), 4) if four.start % 4 == 2]
    for four in random.sample(own, len(own)):
        if all(_is_free(socket.SOCK_DGRAM, port) for port in four):
            return four.start
    raise PeerFailedError("no four free neighbouring ports between 5062 and 8880")


def udp_ports(low: int, high: int) -> set[int]:
    """The ports of a range, both ends included, on which anybody has a UDP socket."""
    lines = Path("/proc/net/udp").read_text().splitlines()[1:]
    bound = {int(line.split()[1].rpartition(":")[2], 16) for line in lines}
    return {port for port in bound if low <= port <= high}


_kept: list[range] = []
_ends = deque([random.choice(_own(range(10000, 32000))).start], maxlen=1)  # of the last one given


def port_range(width: int = 200, *, keep: bool = False) -> tuple[int, int]:
    """A range of UDP ports below the ephemeral ones, free now and not given out lately.

    Kept, it is given out again only after `give_back`: for who is there longer than one test.
    """
    taken = udp_ports(10000, 32000)
    own = [wanted for wanted in _own(range(10000, 32000), width) if wanted.start % 20 == 0]
    for wanted in sorted(own, key=lambda wanted: wanted.start < _ends[0]):
        if taken.isdisjoint(wanted) and all(
            wanted.stop <= other.start or other.stop <= wanted.start for other in _kept
        ):
            _ends.append(wanted.stop)
            if keep:
                _kept.append(wanted)
            return wanted.start, wanted.stop - 1
    raise PeerFailedError(f"no {width} free neighbouring ports between 10000 and 32000")


def give_back(ports: tuple[int, int]) -> None:
    """Let a range that was kept be given out again."""
    _kept.remove(range(ports[0], ports[1] + 1))


def wait_until(what: str, condition: Callable[[], bool], timeout: float = 10.0) -> None:
    """Look every 20 ms until the condition holds. Raises PeerFailedError when time is up."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise PeerFailedError(f"not within {timeout:g} s: {what}")
        time.sleep(0.02)


def listens(port: int) -> bool:
    """Whether any process has a UDP socket or a TCP listener on that port of loopback."""
    wanted = {f"0100007F:{port:04X}", f"00000000:{port:04X}"}
    for table, states in (("udp", {"07", "01"}), ("tcp", {"0A"})):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[1] in wanted and fields[3] in states:
                return True
    return False
