"""A re-INVITE of the telephone, until its last response."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.demo.awaited import Awaited
from sidecar.sip.dialog import Dialog
from sidecar.sip.message import Request, Response

if TYPE_CHECKING:
    from sidecar.demo.call import Call


class Reinviting(Awaited):
    """The owner of a re-INVITE: acknowledges its 2xx, each time it comes."""

    def __init__(self, call: Call, dialog: Dialog, invite: Request) -> None:
        super().__init__()
        self._call = call
        self._dialog = dialog
        self._invite = invite
        self._ack = b""

    def on_response(self, response: Response) -> None:
        """Take a response; see `Owner`."""
        call = self._call
        if 200 <= response.status < 300 and self._ack:
            call.phone.repeat(self._ack, call.phone.flow_of(self._dialog))
        elif 200 <= response.status < 300:
            self._dialog.refresh_target(response)
            self._ack = call.acknowledge(self._dialog, self._invite, response)
        elif response.status >= 300:
            call.session.reject()
        super().on_response(response)

    def on_failure(self, reason: str) -> None:
        """See `Owner`."""
        self._call.session.reject()
        super().on_failure(reason)
