"""The container image: its Dockerfile is sound, and what is built from it works."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project.repository import ROOT

BUILD = str(ROOT / "tools" / "build_image.sh")


def test_hadolint_has_nothing_to_say_about_the_dockerfile() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")

    run = subprocess.run([hadolint, "Dockerfile"], cwd=ROOT, capture_output=True, text=True)

    assert (run.returncode, run.stdout) == (0, "")


def test_the_image_runs_as_a_user_of_its_own_and_watches_its_health() -> None:
    last_stage = (ROOT / "Dockerfile").read_text().rpartition("\nFROM ")[2]

    assert "\nUSER 10064\n" in last_stage
    assert "/healthz" in last_stage.partition("HEALTHCHECK")[2]


@pytest.fixture(scope="module")
def image() -> str:
    if os.geteuid() != 0:
        if os.environ.get("CI"):
            pytest.fail("building the image needs root")
        pytest.skip("building the image needs root")
    build = subprocess.run([BUILD], cwd=ROOT, capture_output=True, text=True)
    assert build.returncode == 0, build.stderr[-3000:]
    return "localhost/consent-sidecar"


@pytest.mark.peer
@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("image")
def test_the_built_image_checks_its_own_configuration() -> None:
    command = [BUILD, "--run", "check", "-c", "/etc/consent-sidecar/sidecar.toml"]

    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

    assert run.returncode == 0, run.stdout + run.stderr
