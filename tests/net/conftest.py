"""A whole sidecar on loopback, with a notice of half a second that no voice is like."""

from __future__ import annotations

import wave
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from sidecar.demo.tones import tone
from sidecar.rules.live import LiveRules
from sidecar.service import Service
from sidecar.settings import load_settings
from tests.peers.processes import free_port, port_range

NOTICE_HZ = 2000
NOTICE_S = 0.5

RULES = """
[[rule]]
name = "announced"
match = { to = ["2*"] }
recording = "notice"
[[rule]]
name = "announced-first"
match = { to = ["3*"] }
recording = "notice"
notice = { at = "before-connect" }
[[rule]]
name = "asked-first"
match = { to = ["4*"] }
recording = "consent"
notice = { to = ["caller"], at = "before-connect" }
consent = { from = ["caller"], within = "5s" }
"""


SETTINGS = """rules = "rules.toml"
[sip]
listen = ["udp://{here}:{port}", "tcp://{here}:{port}"]
[pbx.main]
kind = "generic"
uri = "sip:{pbx}{transport}"
hosts = ["{pbx}"]
[trunk.carrier]
uri = "sip:{trunk}"
hosts = ["{trunk_hosts}"]
nat = {nat}
[media]
engine = "local"
address = "{host}"
ports = "{first}-{last}"
[prompts]
folder = "prompts"
[records]
database = "sqlite:///records.db"
[http]
listen = "127.0.0.1:{http}"
"""


def write_settings(
    folder: Path,
    *,
    host: str = "127.0.0.1",
    pbx_port: int,
    pbx_transport: str = "udp",
    port: int = 0,
    trunk_hosts: str = "",
    nat: bool = False,
    media_ports: int = 400,
) -> tuple[Path, int]:
    """Write a settings file; returns it and the SIP port."""
    port = port or free_port()
    here = f"[{host}]" if ":" in host else host
    (folder / "rules.toml").write_text(RULES)
    for name in ("recording-notice", "recording-consent"):
        prompt = folder / "prompts" / "en" / f"{name}.wav"
        prompt.parent.mkdir(parents=True, exist_ok=True)
        with wave.open(str(prompt), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(tone(NOTICE_HZ)[: int(8000 * NOTICE_S)].tobytes())
    first, last = port_range(media_ports)
    path = folder / "sidecar.toml"
    path.write_text(
        SETTINGS.format(
            here=here,
            port=port,
            pbx=f"{here}:{pbx_port}",
            transport="" if pbx_transport == "udp" else ";transport=tcp",
            trunk=f"{here}:{free_port()}",
            trunk_hosts=trunk_hosts or here,
            nat="true" if nat else "false",
            host=host,
            first=first,
            last=last,
            http=free_port(),
        )
    )
    return path, port


def make_service(path: Path) -> Service:
    settings = load_settings(path)
    return Service(settings, LiveRules.load(settings))


Started = Callable[..., Awaitable[tuple[Service, tuple[str, int]]]]


@pytest.fixture
async def sidecar(tmp_path: Path) -> AsyncIterator[Started]:
    """Start a sidecar: `service, address = await sidecar(pbx_port=...)`."""
    running: list[Service] = []

    async def start(**more: object) -> tuple[Service, tuple[str, int]]:
        path, port = write_settings(tmp_path, **more)  # type: ignore[arg-type]
        service = make_service(path)
        await service.start()
        running.append(service)
        return service, (str(more.get("host", "127.0.0.1")), port)

    yield start
    for service in running:
        await service.stop()
        assert service.b2bua.calls == {}
        assert service.media.sessions == 0
