"""What Asterisk's console says about recordings, and how they are named in actions.

File names come from Asterisk, but a dialplan may put callers' names into them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

_ID = re.compile(r"0x[0-9a-fA-F]{1,16}")
_HEADING = "MixMonitor ID\t"
_FILE = re.compile(r"/[^\x00-\x1f\x7f,()\"\\|]{1,500}")
NO_SUCH_ID = "0x1"
"""No instance can have this MixMonitorID: it would be an address."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One MixMonitor of a channel, as `mixmonitor list` tells it.

    Files are without their suffix; empty where there is none, or it isn't open yet.
    """

    id: str
    mixed: str = ""
    received: str = ""
    sent: str = ""

    @property
    def files(self) -> tuple[str, ...]:
        """Return the names of its files that are known."""
        return tuple(name for name in (self.mixed, self.received, self.sent) if name)


@dataclass(frozen=True, slots=True)
class Recording:
    """What is needed to take a recording up again: files with their suffix, empty for none."""

    mixed: str
    received: str
    sent: str

    @property
    def may_be_restarted(self) -> bool:
        """Whether each name can stand in an action without meaning anything else."""
        names = [name for name in (self.mixed, self.received, self.sent) if name]
        return bool(names) and all(map(is_plain_file, names))

    @property
    def options(self) -> str:
        """Return MixMonitor's options that append to the same files."""
        received = f"r({self.received})" if self.received else ""
        sent = f"t({self.sent})" if self.sent else ""
        return f"a{received}{sent}"


def is_plain_file(name: str) -> bool:
    """Whether a name is an absolute path without anything that MixMonitor's arguments split at."""
    return _FILE.fullmatch(name) is not None and ".." not in name.split("/")


def recording_of(instance: Instance, mixed: str) -> Recording:
    """Return how to take an instance up again. `mixed`: its file's whole name, empty for none.

    Nothing tells the suffixes of the other two files: they are taken to have the same.
    """
    suffix = PurePosixPath(mixed).suffix or ".wav"
    received, sent = (name and name + suffix for name in (instance.received, instance.sent))
    return Recording(mixed, received, sent)


def list_command(channel: str) -> str:
    """Return the command that lists a channel's MixMonitors, its name quoted as one word."""
    return f"mixmonitor list {quoted(channel)}"


def quoted(word: str) -> str:
    """Return a word as the console takes it in one piece, whatever is in it."""
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def parse_list(output: Iterable[str]) -> tuple[Instance, ...] | None:
    """Read what `list_command` answers; None: it is no list, there is no such channel."""
    lines = iter(output)
    if not next(lines, "").startswith(_HEADING):
        return None
    instances = []
    for line in lines:
        fields = line.split("\t")
        if _ID.fullmatch(fields[0]):
            names = [*fields[1:4], "", "", ""]
            instances.append(Instance(fields[0], *names[:3]))
    return tuple(instances)


def parse_bridges(output: Iterable[str]) -> dict[str, str]:
    """Read id and technology of each bridge from `bridge show all`."""
    found = {}
    for line in output:
        fields = line.split()
        if len(fields) >= 4 and fields[0] != "Bridge-ID":
            has_duration = ":" in fields[-1]
            found[fields[0]] = fields[-2 if has_duration else -1]
    return found


def parse_permissions(output: Iterable[str]) -> dict[str, frozenset[str]]:
    """Read what a user may "read" and "write" from `manager show user`."""
    found = {}
    for line in output:
        name, separator, value = line.partition(":")
        if separator and name.strip() in ("read perm", "write perm"):
            found[name.split()[0]] = frozenset(value.strip().split(","))
    return found
