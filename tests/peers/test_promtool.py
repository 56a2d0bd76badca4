"""Prometheus' own tool reads the metrics, and likes their names."""

from __future__ import annotations

import shutil
import subprocess

import aiohttp
import pytest

from sidecar.metrics import METHODS, Metrics
from sidecar.web import WebServer, create_app

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed"),
]


def check(text: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, timeout=30, check=False
    )


async def test_promtool_finds_nothing_wrong_with_a_scrape() -> None:
    metrics = Metrics()
    for method in METHODS:
        metrics.sip_request(method, "trunk")
    metrics.sip_response(200, "trunk")
    metrics.call_set_up(0.003)
    metrics.fail_closed("notice_failed")
    server = WebServer(create_app(metrics, lambda: []), port=0)
    await server.start()

    async with (
        aiohttp.ClientSession() as client,
        client.get(f"http://127.0.0.1:{server.port}/metrics") as answer,
    ):
        text = await answer.read()
    await server.stop()

    result = check(text)
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")


def test_promtool_would_have_found_a_bad_name() -> None:
    result = check(b"# TYPE consent_sidecar_calls counter\nconsent_sidecar_calls 1\n")

    assert result.returncode != 0
