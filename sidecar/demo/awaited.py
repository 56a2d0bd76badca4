"""A request of the telephone whose final response somebody waits for."""

from __future__ import annotations

import asyncio
from typing import Protocol

from sidecar.sip.message import Response


class CallFailed(Exception):  # noqa: N818
    """A call or request came to nothing; `status` is what the peer answered, None for nothing."""

    def __init__(self, status: int | None, reason: str, response: Response | None = None) -> None:
        super().__init__(f"{status or 'no answer'}: {reason}")
        self.status = status
        self.reason = reason
        self.response = response


class Owner(Protocol):
    """Whom the telephone tells how a request of ours fares."""

    def on_response(self, response: Response) -> None:
        """A provisional, the final response, or a repeated 2xx to an INVITE."""

    def on_failure(self, reason: str) -> None:
        """There will be no response."""


class Awaited:
    """The owner of a request that only its final response matters of."""

    def __init__(self) -> None:
        self.responses: list[Response] = []
        self._final: asyncio.Future[Response | str] = asyncio.get_running_loop().create_future()

    async def final(self) -> Response:
        """Wait for the final response; raises CallFailed where none comes."""
        outcome = await asyncio.shield(self._final)
        if isinstance(outcome, str):
            raise CallFailed(None, outcome)
        return outcome

    def on_response(self, response: Response) -> None:
        """See `Owner`."""
        self.responses.append(response)
        if response.status >= 200 and not self._final.done():
            self._final.set_result(response)

    def on_failure(self, reason: str) -> None:
        """See `Owner`."""
        if not self._final.done():
            self._final.set_result(reason)
