from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from click.testing import Result

from sidecar.metrics import Metrics
from sidecar.web import WebServer, create_app
from tests.web.conftest import TOKEN, StubControl, new_server

Command = Callable[..., Result]


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop in a thread: the command line asks and waits as any program does."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def serve(loop: asyncio.AbstractEventLoop) -> Iterator[Callable[[WebServer], int]]:
    """Start a server and return its port; it is stopped with the test."""
    started = []

    def start(server: WebServer) -> int:
        asyncio.run_coroutine_threadsafe(server.start(), loop).result(10)
        started.append(server)
        return server.port

    yield start
    for server in started:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)


@pytest.fixture
def control(config: Path) -> StubControl:
    return StubControl(config)


def point(config: Path, port: int, host: str = "127.0.0.1", token: str | None = TOKEN) -> None:
    """Let the settings name a listener and a token."""
    http = f'\n[http]\nlisten = "{host}:{port}"\n'
    if token is not None:
        (config.parent / "token").write_text(f"{token}\n")
        (config.parent / "token").chmod(0o600)
        http += 'token = { file = "token" }\n'
    config.write_text(config.read_text() + http)


@pytest.fixture
def running(config: Path, control: StubControl, serve: Callable[[WebServer], int]) -> StubControl:
    """A server that the settings point to, and the stub behind it."""
    point(config, serve(new_server(control)))
    return control


def test_live_calls_are_a_table_the_newest_first(
    command: Command, config: Path, running: StubControl
) -> None:
    running.add()
    running.add(
        started_at=1_767_268_860.0,
        direction="outbound",
        caller="",
        rule="",
        recording="stopped",
        held_by=("caller", "operator"),
        fail_closed="recorder_unconfirmed",
    )

    result = command("calls", "-c", config)

    heading, newest, oldest = result.stdout.splitlines()
    assert result.exit_code == 0
    assert heading.split()[:4] == ["STARTED", "DIRECTION", "CALLER", "CALLEE"]
    assert newest.split()[:3] == ["2026-01-01T12:01:00.000Z", "outbound", "-"]
    assert "(defaults)" in newest
    assert "stopped by caller and operator, failed closed: recorder_unconfirmed" in newest
    assert oldest.split()[2:] == [
        "+4930123456", "5001", "up", "support", "consent", "granted", "recording", "read_back",
        "call-0",
    ]  # fmt: skip


def test_as_json_each_call_is_a_line(command: Command, config: Path, running: StubControl) -> None:
    running.add()
    running.add()

    lines = command("calls", "-c", config, "--json").stdout.splitlines()

    assert sorted(json.loads(line)["call_id"] for line in lines) == ["call-0", "call-1"]


def test_the_list_can_be_shortened_and_says_so(
    command: Command, config: Path, running: StubControl
) -> None:
    for _ in range(3):
        running.add()

    result = command("calls", "-c", config, "-n", "1")

    assert result.stdout.splitlines()[2:] == ["(3 calls; -n lists more)"]


@pytest.mark.usefixtures("running")
def test_without_calls_there_is_the_heading_alone(command: Command, config: Path) -> None:
    result = command("calls", "-c", config)

    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 1


def told(result: Result) -> str:
    """The one line on stderr of a command that found something wrong."""
    assert result.exit_code == 1
    assert result.stdout == ""
    line, end = result.stderr.split("\n")
    assert end == ""
    return line


def test_that_no_sidecar_runs_is_said_in_one_line(command: Command, config: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, never listening: nobody else gets it meanwhile
        point(config, taken.getsockname()[1])

        line = told(command("calls", "-c", config))

    assert "no sidecar answers there: Connection refused; is it running?" in line


def test_that_these_settings_have_no_token_is_said_without_asking(
    command: Command, config: Path
) -> None:
    point(config, 1, token=None)

    assert told(command("calls", "-c", config)).startswith(
        f"{config}: http.token: the API is switched off"
    )


def test_that_the_running_sidecar_has_no_api_is_said_in_its_words(
    command: Command, config: Path, serve: Callable[[WebServer], int]
) -> None:
    point(config, serve(WebServer(create_app(Metrics(), list), port=0)))

    assert "the API is switched off: set token in [http]" in told(command("calls", "-c", config))


def test_that_the_running_sidecar_has_another_token_is_said(
    command: Command, config: Path, control: StubControl, serve: Callable[[WebServer], int]
) -> None:
    point(config, serve(new_server(control, token="another-token-than-ours")))

    with structlog.testing.capture_logs():  # of the sidecar, which has a process of its own else
        result = command("calls", "-c", config)

    assert "has another token than these settings" in told(result)


def test_a_token_that_could_be_guessed_is_refused(command: Command, config: Path) -> None:
    point(config, 1, token="hush")

    line = told(command("calls", "-c", config))

    assert "http.token: must be 16 or more" in line
    assert "hush" not in line


def test_check_tells_of_a_token_that_could_be_guessed(command: Command, config: Path) -> None:
    point(config, 9464, token="hush")

    line = told(command("check", "-c", config))

    at = 1 + next(
        n for n, text in enumerate(config.read_text().splitlines()) if text.startswith("token")
    )
    assert line.startswith(f"{config}:{at}: http.token: must be 16 or more")


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-x\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 500 No\r\nContent-Length: 4\r\n\r\noops",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{",
        b"",
    ],
)
def test_what_answers_and_is_no_sidecar_is_said_to_be_none(
    command: Command, config: Path, answer: bytes
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        point(config, other.getsockname()[1])

        def serve_once() -> None:
            connection, _ = other.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(answer)

        thread = threading.Thread(target=serve_once)
        thread.start()
        line = told(command("calls", "-c", config))
        thread.join()

    assert "no consent-sidecar" in line or "no sidecar answers there" in line


def test_what_another_program_says_cannot_act_on_the_terminal(
    command: Command, config: Path
) -> None:
    body = json.dumps({"error": "\x1b[2J\x07gone"}).encode()
    head = b"HTTP/1.1 404 No\r\nContent-Length: %d\r\n\r\n" % len(body)
    with socket.create_server(("127.0.0.1", 0)) as other:
        point(config, other.getsockname()[1])

        def serve_once() -> None:
            connection, _ = other.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(head + body)

        thread = threading.Thread(target=serve_once)
        thread.start()
        line = told(command("calls", "-c", config))
        thread.join()

    assert line.isprintable()
    assert line.endswith("gone")


@pytest.mark.parametrize("limit", ["0", "1001", "many"])
def test_a_limit_that_is_none_is_wrong_usage(command: Command, config: Path, limit: str) -> None:
    assert command("calls", "-c", config, "-n", limit).exit_code == 2


def test_a_sidecar_that_listens_on_every_address_is_asked_on_loopback(
    command: Command, config: Path, control: StubControl, serve: Callable[[WebServer], int]
) -> None:
    control.add()
    point(config, serve(new_server(control)), host="0.0.0.0")

    assert "call-0" in command("calls", "-c", config).stdout
