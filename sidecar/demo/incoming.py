"""A call that comes to the telephone."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sidecar.demo.awaited import CallFailed
from sidecar.demo.call import Call, typed
from sidecar.demo.rtp_endpoint import RtpEndpoint
from sidecar.demo.sip_port import HeaderList
from sidecar.sip.dialog import Dialog
from sidecar.sip.errors import ParseError
from sidecar.sip.message import Request, Response
from sidecar.sip.offer_answer import Carrier, State
from sidecar.sip.reliable import ReliableProvisionals
from sidecar.sip.transactions import ServerTransaction

if TYPE_CHECKING:
    from sidecar.demo.phone import Phone


class IncomingCall(Call):
    """Got from `Phone.incoming`; `invite` is the INVITE as it came.

    Raises SdpError and ParseError where the INVITE can't be served.
    """

    def __init__(
        self, phone: Phone, transaction: ServerTransaction, local_tag: str, media: RtpEndpoint
    ) -> None:
        invite = transaction.request
        super().__init__(phone, invite.call_id, local_tag, media)
        self.invite: Request = invite
        self.dialog = Dialog.as_uas(invite, local_tag, phone.contact, transaction.flow)
        self._transaction = transaction
        self._answered = False
        self._pracked: asyncio.Future[Request | None] | None = None
        layer = phone.layer
        self._reliable = ReliableProvisionals(
            layer.timers,
            layer.durations,
            invite,
            transmit=layer.retransmit,
            failed=self._no_prack,
        )
        self.session.read(Carrier.INVITE, invite)

    async def ring(
        self,
        status: int | None = None,
        *,
        early_media: bool = False,
        reliable: bool = False,
        headers: HeaderList = (),
    ) -> Request | None:
        """Send 180, or 183 with a description and sound (`early_media`).

        With `reliable` (RFC 3262) waits for the PRACK and returns it; raises CallFailed where it
        doesn't come.
        """
        carrier = Carrier.RELIABLE if reliable else Carrier.PROVISIONAL
        body = self.session.write(carrier) if early_media else b""
        response = self._response(status or (183 if early_media else 180), headers, body)
        if not reliable:
            self.phone.respond(self._transaction, response)
            return None
        number = self._reliable.number(response)
        self._pracked = asyncio.get_running_loop().create_future()
        data = self.phone.respond(self._transaction, response)
        self._reliable.sent(number, data, self._transaction.flow, self.phone.now())
        self.phone.pump()
        prack = await self._pracked
        if prack is None:
            raise CallFailed(None, "no PRACK")
        return prack

    async def answer(
        self, *, headers: HeaderList = (), sdp: bool | bytes | None = True, wait: bool = True
    ) -> Request | None:
        """Answer 200 with the description that is due, or with `sdp`; `sdp=None` sends none.

        Waits for the ACK and returns it unless `wait` is False. Raises CallFailed where the call
        is over already or no ACK comes.
        """
        if self._over.is_set():
            raise CallFailed(None, "the call is over")
        exchange = self.session.exchange
        due = exchange.local is None or exchange.state is State.REMOTE_OFFER
        body = self.session.write(Carrier.FINAL, sdp) if due and sdp else b""
        self._answered = True
        self._reliable.stop()
        self.dialog_in_use().confirm()
        data = self.phone.respond(self._transaction, self._response(200, headers, body))
        acked = self.await_ack(data, self._transaction.flow)
        if not wait:
            return None
        ack = await acked
        if ack is None:
            raise CallFailed(None, "no ACK")
        return ack

    async def reject(self, status: int = 486, headers: HeaderList = ()) -> None:
        """Refuse the call, or redirect it (3xx with a Contact among `headers`)."""
        self._refuse(status, headers, "us")

    async def hang_up(self, headers: HeaderList = ()) -> Response | None:
        """End the call: BYE once answered, before that 603."""
        if self._answered or self._over.is_set():
            return await super().hang_up(headers)
        self._refuse(603, headers, "us")
        return None

    def on_cancel(self) -> None:
        """The caller gave up before we answered."""
        self._refuse(487, (), "peer")

    def on_offer(self, transaction: ServerTransaction, request: Request) -> None:
        """Answer an INVITE, UPDATE or PRACK within the call."""
        if request.method == "PRACK":
            try:
                status = 200 if self._reliable.acknowledge(request) else 481
            except ParseError:
                status = 400
            if status != 200:
                self.reply(transaction, request, status)
                return
        super().on_offer(transaction, request)
        if request.method == "PRACK" and self._pracked is not None and not self._pracked.done():
            self._pracked.set_result(request)

    def end(self, by: str) -> None:
        """Take note that the call is over."""
        self._reliable.stop()
        if self._pracked is not None and not self._pracked.done():
            self._pracked.set_result(None)
        super().end(by)

    def _response(self, status: int, headers: HeaderList, body: bytes = b"") -> Response:
        return self.dialog_in_use().response(
            self.invite, status, None, [*headers, *typed(body)], body
        )

    def _refuse(self, status: int, headers: HeaderList, by: str) -> None:
        if not self._answered and not self._over.is_set():
            self.phone.respond(self._transaction, self._response(status, headers))
            self.end(by)

    def _no_prack(self, _now: float) -> None:
        self._refuse(504, (), "failure")
