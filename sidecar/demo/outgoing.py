"""A call that the telephone places."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sidecar.demo.awaited import Awaited, CallFailed
from sidecar.demo.call import Call, typed
from sidecar.demo.rtp_endpoint import RtpEndpoint
from sidecar.demo.sip_port import HeaderList
from sidecar.sip.dialog import Dialog
from sidecar.sip.flow import Flow
from sidecar.sip.message import Request, Response
from sidecar.sip.offer_answer import Carrier, OfferAnswer, Role
from sidecar.sip.reliable import ReliableOrder, rack_for, rseq_of
from sidecar.sip.transactions import ClientTransaction

if TYPE_CHECKING:
    from sidecar.demo.phone import Phone


@dataclass(slots=True)
class _Fork:
    """One of the dialogs that a forked INVITE opens, known by the peer's tag."""

    dialog: Dialog
    exchange: OfferAnswer
    order: ReliableOrder = field(default_factory=ReliableOrder)
    ack: bytes = b""


class OutgoingCall(Call):
    """Made by `Phone.invite`; `responses` are all the INVITE got, in order."""

    def __init__(
        self, phone: Phone, invite: Request, local_tag: str, media: RtpEndpoint, flow: Flow
    ) -> None:
        super().__init__(phone, invite.call_id, local_tag, media)
        self.invite = invite
        self.responses: list[Response] = []
        self._invite_flow = flow
        self._transaction: ClientTransaction | None = None
        self._unanswered = OfferAnswer()
        self._forks: dict[str, _Fork] = {}
        self._accepted: _Fork | None = None
        self._cancelled = False
        loop = asyncio.get_running_loop()
        self._rings: asyncio.Future[Response | None] = loop.create_future()
        self._why_not = ""
        self._final: asyncio.Future[Response | None] = loop.create_future()

    @property
    def status(self) -> int | None:
        """The final status, None while there is none (or there never will be)."""
        final = self._final.result() if self._final.done() else None
        return None if final is None else final.status

    @property
    def tags(self) -> list[str]:
        """The peer's tags, one for each dialog that the call has opened."""
        return list(self._forks)

    async def ringing(self) -> Response:
        """Wait for the first provisional beyond 100; raises CallFailed where none comes."""
        response = await asyncio.shield(self._rings)
        if response is None:
            raise CallFailed(self.status, "the call never rang")
        return response

    async def answered(self) -> Response:
        """Wait for the 2xx; raises CallFailed with the status of a failure, None for silence."""
        response = await self.final()
        if response.status >= 300:
            raise CallFailed(response.status, response.reason, response)
        return response

    async def final(self) -> Response:
        """Wait for the final response, whatever it is; raises CallFailed where none comes."""
        response = await asyncio.shield(self._final)
        if response is None:
            raise CallFailed(None, self._why_not)
        return response

    async def hang_up(self, headers: HeaderList = ()) -> Response | None:
        """End the call: CANCEL while there is no final response, BYE after.

        A 2xx that crosses the CANCEL is acknowledged and followed by BYE. Returns the answer to
        the INVITE or to the BYE, None where none came.
        """
        if self._final.done() or self._transaction is None:
            return await super().hang_up(headers)
        self._cancelled = True
        self.phone.cancel(self._transaction, headers)
        response = await asyncio.shield(self._final)
        if response is not None and response.status < 300:
            return await super().hang_up(headers)
        return response

    def start(self) -> None:
        """Send the INVITE; its body is written and accounted for in `session`."""
        self._unanswered = self.session.exchange.fork()
        self._transaction = self.phone.send(self.invite, self._invite_flow, self)

    def on_response(self, response: Response) -> None:
        """Take a response to the INVITE; see `Owner`."""
        self.responses.append(response)
        if response.status < 200:
            self._on_provisional(response)
        elif response.status < 300:
            self._on_success(response)
        else:
            self.session.reject()
            self._finish(response)
            self.end("us" if self._cancelled else "failure")

    def on_failure(self, reason: str) -> None:
        """See `Owner`."""
        self._why_not = reason
        self._finish(None)
        self.end("failure")

    def dialog_of(self, request: Request) -> Dialog:
        """The fork that the peer's tag belongs to."""
        fork = self._forks.get(request.from_tag or "")
        return self.dialog_in_use() if fork is None else fork.dialog

    def _on_provisional(self, response: Response) -> None:
        rseq = rseq_of(response)
        if response.to_tag is not None and self._accepted is None:
            fork = self._fork(response)
            if rseq is not None and fork.order.check(rseq) != "next":
                return
            fork.dialog.refresh_target(response)
            carrier = Carrier.PROVISIONAL if rseq is None else Carrier.RELIABLE
            role = self.read(carrier, response)
            if rseq is not None and self.phone.prack:
                self._prack(fork.dialog, response, role)
        if response.status > 100 and not self._rings.done():
            self._rings.set_result(response)

    def _on_success(self, response: Response) -> None:
        fork = self._fork(response)
        if fork.ack:
            self.phone.repeat(fork.ack, self.phone.flow_of(fork.dialog))
            return
        fork.dialog.confirm(response)
        fork.ack = self.acknowledge(fork.dialog, self.invite, response)
        if self._accepted is None:
            self._accepted = fork
            self._finish(response)
        else:
            # Another fork was answered too: only one can be talked to (RFC 3261 13.2.2.4).
            self.phone.send(fork.dialog.request("BYE"), self.phone.flow_of(fork.dialog), Awaited())
            self._use(self._accepted)

    def _prack(self, dialog: Dialog, response: Response, role: Role) -> None:
        body = self.session.write(Carrier.PRACK) if role is Role.OFFER else b""
        prack = dialog.request("PRACK", [("RAck", rack_for(response)), *typed(body)], body)
        self.phone.send(prack, self.phone.flow_of(dialog), Awaited())

    def _fork(self, response: Response) -> _Fork:
        """The dialog that a response belongs to, made where it is the first of its tag."""
        tag = response.to_tag or ""
        if tag not in self._forks:
            contact, flow = self.phone.contact, self._invite_flow
            dialog = Dialog.as_uac(self.invite, response, contact, flow)
            # The offer in the INVITE waits for an answer of each fork.
            self._forks[tag] = _Fork(dialog, self._unanswered.fork())
        self._use(self._forks[tag])
        return self._forks[tag]

    def _use(self, fork: _Fork) -> None:
        self.dialog = fork.dialog
        self.session.use(fork.exchange)

    def _finish(self, response: Response | None) -> None:
        if not self._rings.done():
            self._rings.set_result(None)
        if not self._final.done():
            self._final.set_result(response)
