"""The log: one structured line an event on stderr."""

from __future__ import annotations

import logging
import sys
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor

ORDER = ("timestamp", "level", "event", "call")


def set_up_logging(*, verbose: bool = False, stream: TextIO | None = None) -> None:
    """Log to `stream` (stderr): key=value lines, or coloured ones on a terminal.

    By default events from level info up, which hold no personal data; `verbose` adds debug
    lines, which may, and says so once. Libraries are heard from level warning up.
    """
    stream = stream or sys.stderr
    level = logging.DEBUG if verbose else logging.INFO
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        printable,
    ]
    renderer = _renderer(stream)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    if verbose:
        structlog.get_logger(__name__).warning(
            "debug_log", note="these lines may hold personal data: numbers, addresses"
        )


def printable(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Text from a peer can't forge a line or act on the terminal: control characters go.

    Tracebacks keep their ends of line; the renderer of key=value lines escapes those.
    """
    for key, value in event.items():
        text = value if isinstance(value, str | int | float | None) else str(value)
        if isinstance(text, str) and not text.isprintable():
            kept = "\n" if key == "exception" else ""
            text = "".join(
                each if each.isprintable() or each == kept else "\N{REPLACEMENT CHARACTER}"
                for each in text
            )
        event[key] = text
    return event


def _renderer(stream: TextIO) -> Processor:
    if stream.isatty():
        return structlog.dev.ConsoleRenderer(colors=True)
    return structlog.processors.LogfmtRenderer(key_order=ORDER, drop_missing=True)
