"""The real process: what it prints, how it ends."""

from __future__ import annotations

import asyncio
import re
import resource
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest

from sidecar import __version__
from tests.peers.processes import free_ports

Start = Callable[..., Awaitable[Process]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Start `consent-sidecar ...`; it is killed if the test leaves it running."""
    processes: list[Process] = []

    async def start_one(*arguments: str | Path) -> Process:
        command = (sys.executable, "-m", "sidecar", *map(str, arguments))
        processes.append(await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE))
        return processes[-1]

    yield start_one
    for process in processes:
        if process.returncode is None:
            process.kill()
            await process.communicate()


@pytest.fixture
def ports(config: Path) -> tuple[int, int]:
    """The SIP port and the HTTP port of the settings: free ones."""
    sip, http = free_ports(2)
    text = config.read_text().replace(":5070", f":{sip}")
    config.write_text(f'{text}\n[http]\nlisten = "127.0.0.1:{http}"\n')
    return sip, http


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


async def line_with(process: Process, words: str) -> str:
    """The next line on stderr that holds the words."""
    assert process.stderr is not None
    async for line in process.stderr:
        if words in line.decode():
            return line.decode()
    raise AssertionError(f"it ended without saying {words}")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_runs_until_it_is_told_to_stop_and_ends_well(
    start: Start, config: Path, ports: tuple[int, int], number: signal.Signals
) -> None:
    process = await start("run", "-c", config)
    started = await line_with(process, "event=started")
    async with (
        aiohttp.ClientSession() as client,
        client.get(f"http://127.0.0.1:{ports[1]}/healthz") as answer,
    ):
        healthy = answer.status

    process.send_signal(number)
    stopped = await line_with(process, "event=stopped")

    assert (healthy, await process.wait()) == (200, 0)
    assert f"version={__version__}" in started
    assert "level=info" in stopped


async def test_connections_are_bounded_by_its_own_limits_not_by_the_shell_s(
    start: Start, config: Path, ports: tuple[int, int]
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 512), hard))
    try:
        process = await start("run", "-c", config)
        await line_with(process, "event=started")
        limits = Path(f"/proc/{process.pid}/limits").read_text()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    (found,) = re.findall(r"^Max open files +([0-9]+) +([0-9]+)", limits, re.MULTILINE)
    assert found[0] == found[1]


async def test_wrong_settings_keep_it_from_starting(start: Start, config: Path) -> None:
    change(config, 'kind = "generic"', 'kind = "avaya"')

    process = await start("run", "-c", config)
    out, err = await process.communicate()

    assert (process.returncode, out) == (1, b"")
    assert err.decode().startswith(f"{config}:6: pbx.main.kind")
    assert len(err.splitlines()) == 1


async def test_rules_whose_own_tests_fail_keep_it_from_starting(start: Start, config: Path) -> None:
    change(config.parent / "rules.toml", 'expect = { rule = "support" }', "expect = { rule = '' }")

    process = await start("run", "-c", config)
    _out, err = await process.communicate()

    assert process.returncode == 1
    assert b"test[1]: rule is 'support', expected ''" in err


async def test_a_port_in_use_is_a_line_and_exit_code_1(
    start: Start, config: Path, ports: tuple[int, int]
) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", ports[0]))
        udp = f"udp://127.0.0.1:{ports[0]}"
        process = await start("run", "-c", config)
        _out, err = await process.communicate()

    line = err.splitlines()[-1].decode()
    assert process.returncode == 1
    assert b"Traceback" not in err
    assert b"event=stopped" not in err
    assert line == f"{config}:3: sip.listen: can't listen on {udp}: Address already in use"


async def test_a_web_port_in_use_is_a_line_and_exit_code_1(
    start: Start, config: Path, ports: tuple[int, int]
) -> None:
    with socket.create_server(("127.0.0.1", ports[1])):
        process = await start("run", "-c", config)
        _out, err = await process.communicate()

    line = err.splitlines()[-1].decode()
    assert process.returncode == 1
    assert line.startswith(f"{config}:")
    assert line.endswith(
        f": http.listen: can't listen on 127.0.0.1:{ports[1]}: Address already in use"
    )


async def test_a_key_of_contacts_that_others_may_read_is_a_line_and_exit_code_1(
    start: Start, config: Path, ports: tuple[int, int]
) -> None:
    key = config.parent / "contact.key"
    key.write_text("00" * 64)
    key.chmod(0o644)

    process = await start("run", "-c", config)
    _, errors = await asyncio.wait_for(process.communicate(), 20)

    assert process.returncode == 1
    assert f"{key}: records.database: others may read" in errors.decode()
    assert "Traceback" not in errors.decode()


async def test_a_token_that_might_be_guessed_is_a_line_and_exit_code_1(
    start: Start, config: Path, ports: tuple[int, int]
) -> None:
    config.write_text(config.read_text() + 'token = "short"\n')

    process = await start("run", "-c", config)
    _out, err = await asyncio.wait_for(process.communicate(), 20)

    line = err.splitlines()[-1].decode()
    assert process.returncode == 1
    assert line.startswith(f"{config}:{len(config.read_text().splitlines())}: http.token: ")


async def test_a_prompt_that_a_rule_needs_and_that_is_missing_is_told_at_the_start(
    start: Start, config: Path, ports: tuple[int, int]
) -> None:
    change(config.parent / "rules.toml", "recording-notice", "our-own-notice")

    process = await start("run", "-c", config)
    line = await line_with(process, "event=prompt_unusable")
    await line_with(process, "event=started")

    assert "level=error" in line
    assert "de/our-own-notice.wav" in line


async def test_a_hang_up_has_the_rules_read_anew(
    start: Start, config: Path, ports: tuple[int, int]
) -> None:
    process = await start("run", "-c", config)
    await line_with(process, "event=started")
    change(config.parent / "rules.toml", '"500*"', '["500*", "7*"]')

    process.send_signal(signal.SIGHUP)
    loaded = await line_with(process, "event=rules_loaded")
    change(config.parent / "rules.toml", 'to = "5001"', 'to = "+442079460101"')
    process.send_signal(signal.SIGHUP)
    refused = await line_with(process, "event=rules_refused")
    process.terminate()

    assert "version=" in loaded
    assert "rules.toml:13: test[1]" in refused
    assert "442079460101" not in refused
    assert await process.wait() == 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["--version"], 0), (["--help"], 0), ([], 2), (["sing"], 2), (["run", "--loud"], 2)],
)
async def test_exit_codes_tell_usage_from_success(
    start: Start, arguments: list[str], code: int
) -> None:
    process = await start(*arguments)
    out, err = await process.communicate()

    assert process.returncode == code
    assert b"Traceback" not in err
    if arguments == ["--version"]:
        assert out.decode() == f"consent-sidecar, version {__version__}\n"


async def test_a_reader_that_goes_away_early_is_no_traceback(start: Start, config: Path) -> None:
    process = await start("explain", "-c", config, "--from", "1", "--to", "2", "--json")
    assert process.stdout is not None
    process.stdout._transport.close()  # type: ignore[attr-defined]

    _out, err = await process.communicate()

    assert b"Traceback" not in err
