from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest
import structlog

from sidecar.cli.logging import set_up_logging


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


def test_an_event_is_a_line_of_keys_and_values(stream: io.StringIO) -> None:
    set_up_logging(stream=stream)

    structlog.get_logger().info("call_ended", disposition="answered", call="abc", seconds=1.5)

    (line,) = stream.getvalue().splitlines()
    assert line.startswith("timestamp=2")
    assert line.endswith("Z level=info event=call_ended call=abc disposition=answered seconds=1.5")


def test_a_peers_text_cannot_forge_a_line_or_act_on_the_terminal(stream: io.StringIO) -> None:
    set_up_logging(stream=stream)

    text = 'x"\r\nlevel=info\x1b[2J\udc80 é'
    structlog.get_logger().info("sip_rejected", problem=text, error=ValueError(text))

    (line,) = stream.getvalue().splitlines()
    shown = 'x\\"\ufffd\ufffdlevel=info\ufffd[2J\ufffd é'
    assert line.isprintable()
    assert line.endswith(f'problem="{shown}" error="{shown}"')


def test_a_traceback_stays_on_its_line(stream: io.StringIO) -> None:
    set_up_logging(stream=stream)

    try:
        raise ZeroDivisionError("by zero")
    except ZeroDivisionError as error:
        structlog.get_logger().critical("writer_broke", exc_info=error)

    (line,) = stream.getvalue().splitlines()
    assert "ZeroDivisionError: by zero" in line


def test_debug_lines_are_only_there_when_asked_for_and_come_with_a_warning(
    stream: io.StringIO,
) -> None:
    set_up_logging(stream=stream)
    structlog.get_logger().debug("request", caller="+4930123456")
    quiet = stream.getvalue()

    set_up_logging(verbose=True, stream=stream)
    structlog.get_logger().debug("request", caller="+4930123456")

    warning, line = stream.getvalue().splitlines()
    assert quiet == ""
    assert "personal data" in warning
    assert "caller=+4930123456" in line


def test_libraries_are_heard_in_the_same_form_but_never_their_debug_lines(
    stream: io.StringIO,
) -> None:
    set_up_logging(verbose=True, stream=stream)

    logging.getLogger("aiosqlite").debug("executing %s", "INSERT +4930123456")
    logging.getLogger("aiohttp.server").error("Error handling %s", "request")

    _warning, line = stream.getvalue().splitlines()
    assert line.endswith('level=error event="Error handling request"')


def test_colours_are_for_terminals() -> None:
    plain, terminal = io.StringIO(), Terminal()

    for stream in (plain, terminal):
        set_up_logging(stream=stream)
        structlog.get_logger().info("started")

    assert "\x1b[" not in plain.getvalue()
    assert "\x1b[" in terminal.getvalue()
