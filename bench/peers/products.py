"""Starting Kamailio + rtpengine and sippy's B2BUA, each as a plain relay from caller to callee."""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from tests.peers.processes import (
    LOOPBACK,
    Process,
    cache_folder,
    free_ports,
    listens,
    wait_until,
)

HERE = Path(__file__).parent
START_SECONDS = 10.0


class Product(Protocol):
    """Something that a call goes through. Use as a context manager."""

    name: str
    port: int  # UDP port that takes INVITEs

    @property
    def pids(self) -> tuple[int, ...]:
        """The roots of its process trees."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class _Processes:
    """The part that both have in common: several processes, ended together."""

    def __init__(self, folder: Path, callee_port: int) -> None:
        self.folder = folder
        self.callee_port = callee_port
        self.processes: list[Process] = []

    @property
    def pids(self) -> tuple[int, ...]:
        return tuple(process.pid for process in self.processes)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in reversed(self.processes):
            process.stop()

    def _start(self, command: list[str], port: int, env: dict[str, str] | None = None) -> None:
        name = Path(command[0]).name
        process = Process(name, command, self.folder / f"{name}.log", env=env)
        self.processes.append(process)

        def ready() -> bool:
            process.check()
            return listens(port)

        wait_until(f"{name} listens on {port}", ready, START_SECONDS)


class Kamailio(_Processes):
    """Kamailio with tm, rr and dialog, media through rtpengine in user space."""

    name = "Kamailio + rtpengine"
    children = 2

    def __enter__(self) -> Self:
        self.port, ng_port = free_ports(2)
        self._start(
            ["rtpengine", "--foreground", "--log-stderr", "--log-level=3", "--table=-1",
             f"--interface={LOOPBACK}", f"--listen-ng={LOOPBACK}:{ng_port}",
             "--port-min=40000", "--port-max=59999", f"--pidfile={self.folder}/rtpengine.pid"],
            ng_port,
        )  # fmt: skip
        modules = Path("/usr/lib") / str(sysconfig.get_config_var("MULTIARCH")) / "kamailio/modules"
        text = (HERE / "kamailio.cfg").read_text()
        for name, value in {
            "CHILDREN": self.children,
            "PORT": self.port,
            "MODULES": modules,
            "NG_PORT": ng_port,
            "CALLEE": self.callee_port,
        }.items():
            text = text.replace(f"@{name}@", str(value))
        configuration = self.folder / "kamailio.cfg"
        configuration.write_text(text)
        self._start(
            ["kamailio", "-DD", "-E", "-m", "256", "-M", "16", "-f", str(configuration),
             "-w", str(self.folder), "-Y", str(self.folder), "-P", f"{self.folder}/kamailio.pid"],
            self.port,
        )  # fmt: skip
        return self


class Sippy(_Processes):
    """sippy's b2bua_simple: a Python B2BUA, signalling only (media goes past it)."""

    name = "sippy b2bua_simple"

    def __enter__(self) -> Self:
        (self.port,) = free_ports(1)
        quiet = {"SIPLOG_LVL": "ERR", "SIPLOG_BEND": "file", "SIPLOG_LOGFILE_FILE": os.devnull}
        self._start(
            [str(cache_folder() / "sippy" / "bin" / "b2bua_simple"), "-f", "-l", LOOPBACK,
             "-p", str(self.port), "-n", f"{LOOPBACK}:{self.callee_port}"],
            self.port,
            env={"PATH": os.environ["PATH"], **quiet},
        )  # fmt: skip
        return self
