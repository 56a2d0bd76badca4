"""What the kernel counts about a product's processes, and which machine this is."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


def describe() -> str:
    """One line: processor, cores, memory, kernel, Python."""
    cpu = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            cpu = line.split(":", 1)[1].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = os.getloadavg()[0]
    return (
        f"{cpu}, {os.cpu_count()} cores, {memory:.0f} GiB, Linux {platform.release()}, "
        f"Python {platform.python_version()}, load average {load:.1f}"
    )


def tree(root: int) -> list[int]:
    """The process and all its descendants."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has just ended
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found, pending = [], [root]
    while pending:
        pid = pending.pop()
        found.append(pid)
        pending.extend(parents.get(pid, ()))
    return found


def cpu_seconds(*roots: int) -> float:
    """User and system time of these processes, their descendants, and children that ended."""
    total = 0
    for root in roots:
        for pid in tree(root):
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            total += sum(int(field) for field in fields[11:15])
    return total / _TICK


def own_cpu_seconds(pid: int) -> float:
    """User and system time of this process alone."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


@dataclass(frozen=True)
class Memory:
    """Bytes: resident, and proportional (shared pages split among their users)."""

    resident: int
    proportional: int


def memory(*roots: int) -> Memory:
    """Memory of these processes and their descendants, from smaps_rollup."""
    sums = {"Rss": 0, "Pss": 0}
    for root in roots:
        for pid in tree(root):
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                name, _, rest = line.partition(":")
                if name in sums:
                    sums[name] += int(rest.split()[0]) * 1024
    return Memory(sums["Rss"], sums["Pss"])
