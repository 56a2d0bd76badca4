"""A small SIP telephone: everything that a test or the demo needs to be a caller or a callee.

It is built on the package's own pure layers, and knows nothing of what stands between two
telephones.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, Literal, Self

from sidecar.demo.awaited import CallFailed
from sidecar.demo.call import Call, typed
from sidecar.demo.incoming import IncomingCall
from sidecar.demo.outgoing import OutgoingCall
from sidecar.demo.rtp_endpoint import RtpEndpoint
from sidecar.demo.session import CODECS
from sidecar.demo.sip_port import HeaderList, SipPort, Trace
from sidecar.net.address import Address as SocketAddress
from sidecar.net.address import host_port, is_numeric
from sidecar.sip.address import Address
from sidecar.sip.dialog import Dialog
from sidecar.sip.errors import ParseError
from sidecar.sip.flow import Flow
from sidecar.sip.headers import Headers
from sidecar.sip.message import Request, Response, respond
from sidecar.sip.offer_answer import Carrier
from sidecar.sip.sdp import SdpError
from sidecar.sip.transactions import (
    AckArrived,
    CancelArrived,
    RequestArrived,
    ServerTransaction,
    TransactionTimers,
)
from sidecar.sip.transactions.durations import RFC_TIMERS
from sidecar.sip.uri import Uri

ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, REFER, NOTIFY, MESSAGE"
_WITHOUT_CALL = {"OPTIONS": 200, "MESSAGE": 200, "REGISTER": 200, "NOTIFY": 200}


class Phone(SipPort):
    """One telephone with its own SIP port; use it as `async with Phone(...) as phone`.

    `prack` off leaves reliable provisionals unacknowledged. `answers` says with which status
    requests outside of calls are answered. `codecs` may name PCMU and PCMA, `tone_hz` is what the
    telephone sends in place of silence, `echo` sends back what is heard. `trace` is told of every
    message as it is sent or received. What the wire saw and may lose: see `SipPort`.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        user: str = "phone",
        transport: Literal["udp", "tcp"] = "udp",
        codecs: tuple[str, ...] = CODECS,
        tone_hz: int | None = None,
        echo: bool = False,
        telephone_event: bool = True,
        trace: Trace | None = None,
        timers: TransactionTimers = RFC_TIMERS,
    ) -> None:
        super().__init__((host, port), transport, timers, trace)
        self.host = host
        self.user = user
        self.codecs = codecs
        self.tone_hz = tone_hz
        self.echo = echo
        self.telephone_event = telephone_event
        self.prack = True
        self.answers = dict(_WITHOUT_CALL)
        self.calls: dict[tuple[str, str], Call] = {}
        self._incoming: asyncio.Queue[IncomingCall] = asyncio.Queue()
        self._on_call: Callable[[IncomingCall], Awaitable[object]] | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Stop at once: no BYE is sent, ports are given back, tasks are ended."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for call in self.calls.values():
            call.end("failure")
        await super().close()

    @property
    def uri(self) -> str:
        """Where this telephone can be called."""
        transport = "" if self.transport == "udp" else ";transport=tcp"
        return f"sip:{self.user}@{host_port(*self.address)}{transport}"

    @property
    def contact(self) -> str:
        """The value of our Contact header."""
        return f"<{self.uri}>"

    # What the person at the telephone does.

    async def invite(
        self,
        target: str,
        *,
        via: SocketAddress | None = None,
        headers: HeaderList = (),
        sdp: bool | bytes | None = True,
        caller: str | None = None,
    ) -> OutgoingCall:
        """Call `target`, a URI, through `via` where given.

        `caller` is the URI to write into From in place of our own. `sdp` may be bytes to send as
        offer, or None to leave the offer to the callee. Returns when the INVITE is sent.
        """
        flow = self.flow_to(via or self._next_hop(Uri.parse(target)))
        media = await RtpEndpoint.open(self.host, self.tone_hz, echo=self.echo)
        tag = secrets.token_hex(4)
        request = self._request("INVITE", target, tag, headers, caller)
        request.headers.set("Contact", self.contact)
        if "Supported" not in request.headers:
            request.headers.add("Supported", "100rel")
        call = OutgoingCall(self, request, tag, media, flow)
        request.body = call.session.write(Carrier.INVITE, sdp)
        for name, value in typed(request.body):
            request.headers.add(name, value)
        self.calls[call.call_id, tag] = call
        call.start()
        return call

    async def incoming(self) -> IncomingCall:
        """Wait for the next call that comes in."""
        return await self._incoming.get()

    def auto_answer(self, *, ring_s: float = 0.0, early_media: bool = False) -> None:
        """From now on ring that long and answer every call; none shows in `incoming`."""

        async def take(call: IncomingCall) -> None:
            await call.ring(early_media=early_media)
            await asyncio.sleep(ring_s)
            try:
                await call.answer()
            except SdpError as error:
                await call.reject(error.status)

        self._on_call = take

    async def request(
        self,
        method: str,
        target: str,
        *,
        via: SocketAddress | None = None,
        headers: HeaderList = (),
        body: bytes = b"",
        caller: str | None = None,
    ) -> Response:
        """Send a request outside of any call and wait for its final response."""
        request = self._request(method, target, secrets.token_hex(4), headers, caller)
        request.body = body
        return await self.transact(request, self.flow_to(via or self._next_hop(Uri.parse(target))))

    def flow_of(self, dialog: Dialog) -> Flow:
        """Where the requests of a dialog go: its first route, or the remote target."""
        uri = Address.parse(dialog.route_set[0]).uri if dialog.route_set else dialog.remote_target
        if not is_numeric(uri.host):
            return dialog.flow
        return self.flow_to(self._next_hop(uri))

    def spawn(self, work: Coroutine[Any, Any, object]) -> None:
        """Run something that ends with the telephone at the latest."""
        task = asyncio.ensure_future(_unless_failed(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def on_arrival(self, event: RequestArrived | AckArrived | CancelArrived) -> None:
        """See `SipPort`."""
        if isinstance(event, RequestArrived):
            self._on_request(event.transaction, event.request)
        elif isinstance(event, AckArrived):
            call = self._call_of(event.request)
            if call is not None:
                call.on_ack(event.request)
        elif isinstance(event.transaction.owner, IncomingCall):
            event.transaction.owner.on_cancel()
        else:
            self.respond(event.transaction, respond(event.transaction.request, 487))

    def _on_request(self, transaction: ServerTransaction, request: Request) -> None:
        call = self._call_of(request)
        if call is not None:
            call.on_request(transaction, request)
        elif request.to_tag is not None:
            self.respond(transaction, respond(request, 481))
        elif request.method == "INVITE":
            self.spawn(self._ring(transaction, request))
        else:
            status = self.answers.get(request.method, 405)
            response = respond(request, status, to_tag=secrets.token_hex(4))
            response.headers.add("Allow", ALLOW)
            self.respond(transaction, response)

    async def _ring(self, transaction: ServerTransaction, request: Request) -> None:
        """Make a call of an INVITE, or answer it where it can't be one."""
        tag = secrets.token_hex(4)
        media = await RtpEndpoint.open(self.host, self.tone_hz, echo=self.echo)
        if transaction.finished:  # cancelled meanwhile
            media.close()
            return
        try:
            call = IncomingCall(self, transaction, tag, media)
        except ParseError as error:
            media.close()
            status = error.status if isinstance(error, SdpError) else 400
            self.respond(transaction, respond(request, status, to_tag=tag))
            return
        transaction.owner = call
        self.calls[call.call_id, tag] = call
        if self._on_call is None:
            self._incoming.put_nowait(call)
        else:
            await self._on_call(call)

    def _call_of(self, request: Request) -> Call | None:
        return self.calls.get((request.call_id, request.to_tag or ""))

    def _request(
        self, method: str, target: str, tag: str, headers: HeaderList, caller: str | None
    ) -> Request:
        items = Headers(
            [
                ("Max-Forwards", "70"),
                ("From", f"<{caller or self.uri}>;tag={tag}"),
                ("To", f"<{target}>"),
                ("Call-ID", f"{secrets.token_hex(8)}@{self.host}"),
                ("CSeq", f"1 {method}"),
                ("Allow", ALLOW),
            ]
        )
        for name, value in headers:
            items.add(name, value)
        return Request(method, target, items)

    def _next_hop(self, uri: Uri) -> SocketAddress:
        """Where a request to `uri` goes; raises ValueError for a name: nothing is looked up."""
        host = "127.0.0.1" if uri.host == "localhost" else uri.host
        if not is_numeric(host):
            raise ValueError(f"not an address: {uri.host}")
        return host, uri.port or 5060


async def _unless_failed(work: Coroutine[Any, Any, object]) -> None:
    """Do the work; a call that fails meanwhile is told by the call itself."""
    with suppress(CallFailed):
        await work
