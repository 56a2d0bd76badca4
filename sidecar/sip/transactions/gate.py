"""Whether a new request is taken in at all; asked before anything is kept of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from sidecar.sip.flow import Flow
from sidecar.sip.message import Request


class Account(Protocol):
    """Where it is written down what a request takes, for as long as its transaction lives."""

    def release(self, size: int) -> None:
        """The request of so many bytes is forgotten."""


Gate = Callable[[Request, Flow, int, float], Account | None]
"""Takes in a request of so many bytes at a time; None: it is refused, and answered 503."""


class _NoAccount:
    def release(self, size: int) -> None:
        """Nothing is written down."""


_NO_ACCOUNT = _NoAccount()


def open_gate(_request: Request, _flow: Flow, _size: int, _now: float) -> Account:
    """Take every request in."""
    return _NO_ACCOUNT
