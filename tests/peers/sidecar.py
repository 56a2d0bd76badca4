"""The sidecar itself, as its users run it: a settings file and `consent-sidecar run -c FILE`."""

from __future__ import annotations

import json
import re
import sqlite3
import sys
import urllib.error
import urllib.request
import wave
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from .audio import RATE, Samples
from .processes import (
    LOOPBACK,
    PeerFailedError,
    Process,
    free_ports,
    port_range,
    udp_ports,
    wait_until,
)

START_SECONDS = 20.0
TOKEN = "not-a-secret-but-long-enough"
Record = dict[str, Any]


def rule(
    recording: str,
    *,
    name: str = "every-call",
    to: str = "",
    at: str = "answer",
    hear: Sequence[str] = ("caller", "callee"),
    more: str = "",
) -> str:
    """One table of a rules file: a policy for the numbers `to` (all, if empty), with its notice."""
    notice = ""
    if recording != "off":
        named = ", ".join(f'"{party}"' for party in hear)
        notice = f'notice = {{ language = "en", to = [{named}], at = "{at}" }}\n'
    match = f'match = {{ to = ["{to}"] }}\n' if to else ""
    return f'[[rule]]\nname = "{name}"\n{match}recording = "{recording}"\n{notice}{more}'


def chirp(seconds: float, low: float = 1600.0, high: float = 2600.0) -> Samples:
    """A rising tone that is like no speech, no 440 Hz and no 1 kHz, and found by its shape."""
    times = np.arange(round(seconds * RATE)) / RATE
    phase = 2 * np.pi * (low * times + (high - low) / (2 * seconds) * times**2)
    return (8000 * np.sin(phase)).astype(np.int16)


def write_prompt(folder: Path, sound: Samples, name: str = "recording-notice") -> None:
    """Put a sound into a prompts folder in place of the packaged English one."""
    target = folder / "en" / f"{name}.wav"
    target.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(target), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(sound.astype("<i2").tobytes())


def _seconds(text: str | None) -> float | None:
    """A time column as Unix seconds, as the capture and the phones tell time."""
    return None if text is None else datetime.fromisoformat(text).timestamp()


class Sidecar:
    """One running sidecar between a trunk and a PBX. Use as a context manager."""

    def __init__(
        self,
        folder: Path,
        *,
        pbx: str,
        rules: str,
        trunk: str = "",
        prompt: Samples | None = None,
        media_ports: tuple[int, int] | None = None,
        port: int = 0,
        pbx_hosts: Sequence[str] = (),
        trunk_hosts: Sequence[str] = (LOOPBACK,),
        recorder: Mapping[str, str] | None = None,
        prompts: Mapping[str, Samples] | None = None,
        database: Path | None = None,
        mailboxes: str = "",
        trusted: bool = False,
    ) -> None:
        """`pbx` and `trunk` are host:port; `prompt` replaces the packaged notice, `port` is
        the one of SIP where it must be known before; `database` is one shared with others;
        `mailboxes` is how SIP names those of the PBX, like "vm*"; `trusted`: the trunk."""
        self._trusted = trusted
        self._mailboxes = mailboxes
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        own, self.http_port, spare = free_ports(3)
        self.port = port or own
        self.pbx = pbx
        self.trunk = trunk or f"{LOOPBACK}:{spare}"
        self.media_ports = media_ports or port_range(400)
        self.pbx_hosts = tuple(pbx_hosts) or (pbx,)
        self.trunk_hosts = tuple(trunk_hosts)
        self._recorder = recorder
        self._killed = False
        self.database = database or folder / "records.db"
        self.settings = folder / "sidecar.toml"
        (folder / "rules.toml").write_text(rules)
        sounds = dict(prompts or {})
        if prompt is not None:
            sounds["recording-notice"] = prompt
        for name, sound in sounds.items():
            write_prompt(folder / "prompts", sound, name)
        (folder / "token").write_text(TOKEN)
        self.settings.write_text(self._settings(bool(sounds)))

    def _settings(self, own_prompt: bool) -> str:
        hosts = {
            name: ", ".join(f'"{host}"' for host in listed)
            for name, listed in (("pbx", self.pbx_hosts), ("trunk", self.trunk_hosts))
        }
        low, high = self.media_ports
        prompts = '[prompts]\nfolder = "prompts"\n' if own_prompt else ""
        return f"""rules = "rules.toml"
[sip]
listen = ["udp://{self.address}", "tcp://{self.address}"]
[pbx.main]
kind = "asterisk"
uri = "sip:{self.pbx}"
hosts = [{hosts["pbx"]}]
limits = {{ calls = 10000, rate = "1000/s" }}
[trunk.carrier]
uri = "sip:{self.trunk}"
hosts = [{hosts["trunk"]}]
trusted = {str(self._trusted).lower()}
limits = {{ calls = 10000, rate = "1000/s" }}
[media]
engine = "local"
address = "{LOOPBACK}"
ports = "{low}-{high}"
reserved = 0
{prompts}{self._recorder_table()}{self._voicemail_table()}[records]
database = "sqlite:///{self.database}"
[http]
listen = "{LOOPBACK}:{self.http_port}"
token = {{ file = "token" }}
"""

    def _recorder_table(self) -> str:
        if self._recorder is None:
            return ""
        lines = [f'{name} = "{value}"\n' for name, value in self._recorder.items()]
        return "[pbx.main.recorder]\n" + "".join(lines)

    def _voicemail_table(self) -> str:
        return f'[pbx.main.voicemail]\nusers = ["{self._mailboxes}"]\n' if self._mailboxes else ""

    def api(self, path: str, body: object = None) -> tuple[int, Any]:
        """A request to the API: status and answer; a POST where there is a body."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"http://{LOOPBACK}:{self.http_port}/api/v1/{path}",
            data,
            {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=15) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    @property
    def address(self) -> str:
        """host:port of its SIP socket (UDP and TCP)."""
        return f"{LOOPBACK}:{self.port}"

    def uri(self, number: str) -> str:
        """A number as a SIP URI at the sidecar."""
        return f"sip:{number}@{self.address}"

    def __enter__(self) -> Self:
        self.process = Process(
            "sidecar", self.command("run", "-c", str(self.settings)), self.folder / "sidecar.log"
        )
        try:
            wait_until("the sidecar is healthy", self._healthy, START_SECONDS)
        except PeerFailedError as failure:
            self.process.stop()
            raise PeerFailedError(f"{failure}\n{self.process.log_tail()}") from None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        code = self.process.stop(patience=15)
        if kind is not None:
            return
        if "Traceback" in self.process.log.read_text(errors="replace"):
            raise PeerFailedError(
                f"the sidecar met an error of its own:\n{self.process.log_tail()}"
            )
        if code != 0 and not self._killed:
            raise PeerFailedError(f"the sidecar ended with code {code}:\n{self.process.log_tail()}")

    @staticmethod
    def command(*arguments: str) -> list[str]:
        """The command line of `consent-sidecar`, with this interpreter."""
        return [sys.executable, "-m", "sidecar", *arguments]

    @property
    def pids(self) -> tuple[int, ...]:
        """The root of its process tree."""
        return (self.process.pid,)

    def kill(self) -> None:
        """SIGKILL to the whole group, as a crash of the machine would."""
        self._killed = True
        self.process.popen.kill()
        self.process.stop()

    def get(self, path: str) -> str:
        """An HTTP GET at the sidecar. Raises urllib.error.URLError."""
        with urllib.request.urlopen(f"http://{LOOPBACK}:{self.http_port}{path}", timeout=5) as page:
            body: bytes = page.read()
        return body.decode()

    def _healthy(self) -> bool:
        self.process.check()
        try:
            self.get("/healthz")
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False
        return True

    def metric(self, name: str, **labels: str) -> float:
        """The sum of a metric's samples that have these labels; `consent_sidecar_` is added."""
        total = 0.0
        for found in re.finditer(
            rf"^consent_sidecar_{name}(?:\{{(.*)\}})? (\S+)$", self.get("/metrics"), re.MULTILINE
        ):
            have = dict(re.findall(r'(\w+)="([^"]*)"', found[1] or ""))
            if labels.items() <= have.items():
                total += float(found[2])
        return total

    def records(self) -> list[Record]:
        """All call records, oldest first."""
        connection = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)
        try:
            cursor = connection.execute("SELECT * FROM cdr ORDER BY started_at")
            names = [column[0] for column in cursor.description]
            rows = [dict(zip(names, row, strict=True)) for row in cursor]
        finally:
            connection.close()
        for row in rows:
            row.update({name: _seconds(row[name]) for name in names if name.endswith("_at")})
        return rows

    def wait_records(self, count: int, timeout: float = 10.0) -> list[Record]:
        """All records, once there are so many that have ended. Raises PeerFailedError."""

        def ended() -> bool:
            return sum(row["ended_at"] is not None for row in self.records()) >= count

        wait_until(f"{count} ended call records", ended, timeout)
        return self.records()

    def wait_idle(self, timeout: float = 10.0) -> None:
        """Until no call lives and no media port is bound. Raises PeerFailedError: a leak."""
        wait_until("no call is left", lambda: self.metric("calls_active") == 0, timeout)
        wait_until("no media port is left", lambda: not udp_ports(*self.media_ports), timeout)
