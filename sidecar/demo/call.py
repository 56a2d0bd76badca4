"""What an outgoing and an incoming call of the telephone have in common."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sidecar.demo.awaited import CallFailed
from sidecar.demo.reinviting import Reinviting
from sidecar.demo.rtp_endpoint import RtpEndpoint
from sidecar.demo.session import Session
from sidecar.demo.sip_port import HeaderList
from sidecar.sip.dialog import Dialog
from sidecar.sip.flow import Flow
from sidecar.sip.message import Message, Request, Response
from sidecar.sip.offer_answer import Carrier, OfferAnswerError, Overlap, Role
from sidecar.sip.reliable import Retransmitter2xx
from sidecar.sip.sdp import SdpError, SessionDescription
from sidecar.sip.transactions import ServerTransaction

if TYPE_CHECKING:
    from sidecar.demo.phone import Phone

_ANSWERED_BY = {
    "INVITE": (Carrier.INVITE, Carrier.FINAL),
    "UPDATE": (Carrier.UPDATE, Carrier.UPDATE_OK),
    "PRACK": (Carrier.PRACK, Carrier.PRACK_OK),
}


def typed(body: bytes) -> list[tuple[str, str]]:
    """The Content-Type of a body that is a description or nothing."""
    return [("Content-Type", "application/sdp")] if body else []


class Call:
    """One dialog of the telephone, with its descriptions and its audio.

    `requests` are the peer's requests within the call, as they came. `refuse` maps a method to
    the status with which the peer's requests are refused from now on. `ended_by` is "us", "peer"
    or, where the call never came up or broke, "failure". `ack_missing` tells that the ACK to a
    2xx of ours never came; the call was then ended by BYE (RFC 3261 section 13.3.1.4). `problems`
    holds what was wrong with descriptions in responses and ACKs, which can't be answered.
    """

    def __init__(self, phone: Phone, call_id: str, local_tag: str, media: RtpEndpoint) -> None:
        self.phone = phone
        self.call_id = call_id
        self.local_tag = local_tag
        self.media = media
        self.session = Session(
            phone.host, media, phone.codecs, telephone_event=phone.telephone_event
        )
        self.dialog: Dialog | None = None
        self.requests: list[Request] = []
        self.refuse: dict[str, int] = {}
        self.ended_by: str | None = None
        self.ack_missing = False
        self.problems: list[SdpError | OfferAnswerError] = []
        self._over = asyncio.Event()
        self._inviting = False
        self._repeated_2xx: Retransmitter2xx | None = None
        self._acked: asyncio.Future[Request | None] | None = None

    @property
    def sent(self) -> list[Message]:
        """What was sent in this call, in order, repeated messages too."""
        return [message for message in self.phone.sent if message.call_id == self.call_id]

    @property
    def received(self) -> list[Message]:
        """What was received in this call, in order, repeated messages too."""
        return [message for message in self.phone.received if message.call_id == self.call_id]

    @property
    def local_sdp(self) -> SessionDescription | None:
        """Our description last agreed."""
        return self.session.exchange.local

    @property
    def remote_sdp(self) -> SessionDescription | None:
        """The peer's description last agreed."""
        return self.session.exchange.remote

    # What the person at the telephone does.

    async def hang_up(self, headers: HeaderList = ()) -> Response | None:
        """End the call with BYE; returns its answer, None where the call was over already."""
        if self._over.is_set():
            return None
        try:
            return await self.send_request("BYE", headers)
        finally:
            self.end("us")

    async def ended(self) -> None:
        """Wait until the call is over, whoever ended it."""
        await self._over.wait()

    async def send_request(
        self, method: str, headers: HeaderList = (), body: bytes = b""
    ) -> Response:
        """Send a request within the dialog and wait for its final response.

        Raises CallFailed where there is no dialog or no response.
        """
        dialog = self.dialog_in_use()
        return await self.phone.transact(dialog.request(method, headers, body), self._flow(dialog))

    async def reinvite(
        self, *, hold: bool = False, sdp: bool | bytes | None = True, headers: HeaderList = ()
    ) -> Response:
        """Offer anew: hold or not, our own bytes, or nothing (`sdp=None`, a delayed offer).

        Acknowledges a 2xx; returns the final response whatever it is.
        """
        dialog = self.dialog_in_use()
        self.session.direction = "sendonly" if hold else "sendrecv"
        body = self.session.write(Carrier.INVITE, sdp)
        invite = dialog.request("INVITE", [*headers, *typed(body)], body)
        self._inviting = True
        owner = Reinviting(self, dialog, invite)
        try:
            self.phone.send(invite, self._flow(dialog), owner)
            return await owner.final()
        finally:
            self._inviting = False

    async def update(self, *, hold: bool = False, sdp: bool | bytes | None = True) -> Response:
        """Send an UPDATE (RFC 3311), with an offer unless `sdp` is None."""
        self.session.direction = "sendonly" if hold else "sendrecv"
        body = self.session.write(Carrier.UPDATE, sdp)
        accepted = False
        try:
            response = await self.send_request("UPDATE", typed(body), body)
            accepted = response.status < 300
        finally:
            if not accepted:
                self.session.reject()
        if accepted:
            self.session.read(Carrier.UPDATE_OK, response)
        return response

    async def refer(self, target: str, headers: HeaderList = ()) -> Response:
        """Ask the peer to call `target` (RFC 3515)."""
        return await self.send_request("REFER", [("Refer-To", f"<{target}>"), *headers])

    async def info(self, body: bytes, content_type: str) -> Response:
        """Send an INFO."""
        return await self.send_request("INFO", [("Content-Type", content_type)], body)

    async def send_digits(self, digits: str) -> None:
        """Press keys and wait until they are sent (RFC 4733); raises ValueError as `press`."""
        await self.media.press(digits)

    # What the telephone does by itself.

    def on_request(self, transaction: ServerTransaction, request: Request) -> None:
        """Answer a request of the peer within this call."""
        self.requests.append(request)
        dialog = self.dialog_of(request)
        if not dialog.accepts(request):
            self.reply(transaction, request, 500)
        elif request.method in self.refuse:
            self.reply(transaction, request, self.refuse[request.method])
        elif request.method == "BYE":
            self.reply(transaction, request, 200)
            self.end("peer")
        elif request.method in _ANSWERED_BY:
            dialog.refresh_target(request)
            self.on_offer(transaction, request)
        else:
            self.reply(transaction, request, 202 if request.method == "REFER" else 200)

    def on_offer(self, transaction: ServerTransaction, request: Request) -> None:
        """Answer an INVITE, UPDATE or PRACK with whatever description is due."""
        carrier, answer_in = _ANSWERED_BY[request.method]
        if request.method == "INVITE" and self._inviting:
            self.reply(transaction, request, 491)
            return
        try:
            role = self.session.read(carrier, request)
            due = role is Role.OFFER or (role is Role.NONE and carrier is Carrier.INVITE)
            body = self.session.write(answer_in) if due else b""
        except SdpError as error:
            self.session.reject()
            self.reply(transaction, request, error.status)
        except OfferAnswerError as error:
            headers = [("Retry-After", "1")] if isinstance(error, Overlap) else []
            self.reply(transaction, request, error.status, headers)
        else:
            data = self.reply(transaction, request, 200, typed(body), body)
            if request.method == "INVITE":
                self.await_ack(data, transaction.flow)

    def on_ack(self, ack: Request) -> None:
        """The peer has our 2xx; its ACK may bring the answer to an offer in that."""
        if self._repeated_2xx is None or not self._repeated_2xx.active:
            return
        self._repeated_2xx.stop()
        self.read(Carrier.ACK, ack)
        if self._acked is not None and not self._acked.done():
            self._acked.set_result(ack)

    def reply(
        self,
        transaction: ServerTransaction,
        request: Request,
        status: int,
        headers: HeaderList = (),
        body: bytes = b"",
    ) -> bytes:
        """Answer a request of this call; returns the bytes sent."""
        response = self.dialog_of(request).response(request, status, None, headers, body)
        return self.phone.respond(transaction, response)

    def await_ack(self, data: bytes, flow: Flow) -> asyncio.Future[Request | None]:
        """Repeat a 2xx until its ACK comes; the result is the ACK, None where none came."""
        self._acked = asyncio.get_running_loop().create_future()
        layer = self.phone.layer
        self._repeated_2xx = Retransmitter2xx(
            layer.timers,
            layer.durations,
            (data, flow),
            self.phone.now(),
            transmit=layer.retransmit,
            failed=self._no_ack,
        )
        self.phone.pump()
        return self._acked

    def acknowledge(self, dialog: Dialog, invite: Request, response: Response) -> bytes:
        """Send the ACK to a 2xx, with the answer where that brought an offer.

        A 2xx whose description is of no use is acknowledged all the same, and BYE follows.
        """
        body = b""
        known = len(self.problems)
        if self.read(Carrier.FINAL, response) is Role.OFFER:
            body = self.session.write(Carrier.ACK)
        if len(self.problems) > known:
            self.phone.spawn(self.hang_up())
        return self.phone.acknowledge(dialog.ack(invite, typed(body), body), self._flow(dialog))

    def read(self, carrier: Carrier, message: Message) -> Role:
        """Account for a description that can't be refused; what is wrong goes to `problems`."""
        try:
            return self.session.read(carrier, message)
        except (SdpError, OfferAnswerError) as error:
            self.problems.append(error)
            return Role.NONE

    def end(self, by: str) -> None:
        """Take note that the call is over; stops the audio. Only the first time counts."""
        if self._over.is_set():
            return
        self.ended_by = by
        self.media.close()
        if self._repeated_2xx is not None:
            self._repeated_2xx.stop()
        if self._acked is not None and not self._acked.done():
            self._acked.set_result(None)
        self._over.set()

    def dialog_in_use(self) -> Dialog:
        """The dialog that requests of ours belong to; raises CallFailed where there is none."""
        if self.dialog is None:
            raise CallFailed(None, "there is no dialog yet")
        return self.dialog

    def dialog_of(self, _request: Request) -> Dialog:
        """The dialog that a request of the peer's belongs to."""
        return self.dialog_in_use()

    def _flow(self, dialog: Dialog) -> Flow:
        return self.phone.flow_of(dialog)

    def _no_ack(self, _now: float) -> None:
        self.ack_missing = True
        self.phone.spawn(self.hang_up())
