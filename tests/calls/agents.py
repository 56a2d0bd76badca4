"""A neighbour of the sidecar in memory: transactions and dialogs, and what the test makes of them.

Simple on purpose: it does what RFC 3261 asks of a user agent, and whatever else the test says.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from sidecar.sip.dialog import Dialog, id_of_request
from sidecar.sip.errors import ParseError
from sidecar.sip.flow import Flow
from sidecar.sip.headers import Headers
from sidecar.sip.message import Request, Response, respond
from sidecar.sip.parser import parse_message
from sidecar.sip.reliable import ReliableProvisionals, Retransmitter2xx, rack_for
from sidecar.sip.transactions import (
    AckArrived,
    CancelArrived,
    ClientTransaction,
    Event,
    RequestArrived,
    ResponseArrived,
    ServerTransaction,
    TimedOut,
    TransactionLayer,
    TransactionTimers,
)
from sidecar.timers import TimerHeap

if TYPE_CHECKING:
    from tests.calls.world import World

HeaderLines = Iterable[tuple[str, str]]
SDP_TYPE = ("Content-Type", "application/sdp")


def sdp(
    host: str,
    port: int = 4000,
    *,
    codecs: str = "0 8",
    direction: str = "sendrecv",
    more: str = "",
    version: int = 1,
) -> bytes:
    """A session description as a telephone writes it."""
    return (
        f"v=0\r\no=- 7 {version} IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP {codecs}\r\na={direction}\r\n{more}"
    ).encode()


def typed(body: bytes, headers: HeaderLines) -> list[tuple[str, str]]:
    """The headers, with the type of a body that has none."""
    lines = list(headers)
    if body and not any(name.lower() == "content-type" for name, _ in lines):
        lines.append(SDP_TYPE)
    return lines


def typed_as(kind: str) -> list[tuple[str, str]]:
    """The header of a body of that type."""
    return [("Content-Type", kind)]


class Asked:
    """A request of this neighbour's and its responses so far; `None` among them: no answer."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.transaction: ClientTransaction | None = None
        self.responses: list[Response] = []
        self.failed = False

    @property
    def statuses(self) -> list[int]:
        return [response.status for response in self.responses if response.status > 100]

    @property
    def final(self) -> Response | None:
        return next((r for r in self.responses if r.status >= 200), None)

    @property
    def status(self) -> int | None:
        return self.final.status if self.final is not None else None


class Outgoing(Asked):
    """A call that this neighbour makes."""

    def __init__(self, agent: Agent, request: Request, body: bytes) -> None:
        super().__init__(request)
        self.agent = agent
        self.body = body
        self.acks = True
        self.pracks = True
        self.answer_in_ack: bytes = b""
        self.answer_in_prack: bytes = b""
        self.early: dict[str, Dialog] = {}
        self.dialog: Dialog | None = None

    def on_response(self, response: Response) -> None:
        self.responses.append(response)
        tag = response.to_tag
        if response.status >= 300 or tag is None:
            return
        flow = self.agent.flow
        if tag not in self.early:
            self.early[tag] = Dialog.as_uac(self.request, response, self.agent.contact, flow)
        dialog = self.early[tag]
        if response.status >= 200:
            dialog.confirm(response)
            self.dialog = self.dialog or dialog
            if self.acks:
                self.ack(dialog)
        elif response.headers.get("RSeq") and self.pracks:
            self.prack(response)

    def ack(self, dialog: Dialog | None = None) -> None:
        dialog = dialog or self.dialog
        assert dialog is not None
        body = self.answer_in_ack
        ack = dialog.ack(self.request, typed(body, []), body)
        self.agent.layer.send_ack(ack, self.agent.flow, self.agent.world.now)
        self.agent.flush()

    def prack(self, response: Response) -> Asked:
        dialog = self.early[response.to_tag or ""]
        body = self.answer_in_prack
        headers = typed(body, [("RAck", rack_for(response))])
        return self.agent.ask(dialog, "PRACK", headers, body)

    def cancel(self, headers: HeaderLines = ()) -> None:
        assert self.transaction is not None
        self.agent.layer.cancel(self.transaction, self.agent.world.now, headers)
        self.agent.flush()

    def send(self, method: str, headers: HeaderLines = (), body: bytes = b"") -> Asked:
        """Send a request within the call."""
        dialog = self.dialog or next(iter(self.early.values()))
        return self.agent.ask(dialog, method, headers, body)

    def hang_up(self, headers: HeaderLines = ()) -> Asked:
        return self.send("BYE", headers)


class Served:
    """A request that came to this neighbour, to be answered."""

    def __init__(self, agent: Agent, transaction: ServerTransaction, request: Request) -> None:
        self.agent = agent
        self.transaction = transaction
        self.request = request
        self.cancelled = False

    @property
    def method(self) -> str:
        return self.request.method

    def respond(self, status: int, headers: HeaderLines = (), body: bytes = b"") -> bytes:
        dialog = self.agent.dialogs.get(id_of_request(self.request))
        if dialog is not None:
            made = dialog.response(self.request, status, None, typed(body, headers), body)
        else:
            made = respond(self.request, status, to_tag=self.agent.new_tag())
            made.body = body
            for name, value in typed(body, headers):
                made.headers.add(name, value)
        data = self.agent.layer.respond(self.transaction, made, self.agent.world.now)
        if self.method == "INVITE" and 200 <= status < 300 and dialog is not None:
            self.agent.repeat_until_ack(dialog, data, self.transaction.flow)
        self.agent.flush()
        return data


class Incoming(Served):
    """A call that comes to this neighbour."""

    def __init__(self, agent: Agent, transaction: ServerTransaction, request: Request) -> None:
        super().__init__(agent, transaction, request)
        self.tag = agent.new_tag()
        self.forks: dict[str, Dialog] = {}
        self.reliable: dict[str, ReliableProvisionals] = {}
        self.acks: list[Request] = []

    @property
    def dialog(self) -> Dialog:
        return self.fork(self.tag)

    def fork(self, tag: str) -> Dialog:
        """The dialog of one of the telephones behind this neighbour."""
        if tag not in self.forks:
            agent = self.agent
            self.forks[tag] = Dialog.as_uas(self.request, tag, agent.contact, agent.flow)
            agent.dialogs[self.forks[tag].id] = self.forks[tag]
        return self.forks[tag]

    def ring(
        self,
        status: int = 180,
        body: bytes = b"",
        *,
        tag: str = "",
        reliable: bool = False,
        headers: HeaderLines = (),
    ) -> None:
        """Send a provisional response."""
        agent, tag = self.agent, tag or self.tag
        made = self.fork(tag).response(self.request, status, None, typed(body, headers), body)
        if not reliable:
            agent.layer.respond(self.transaction, made, agent.world.now)
        else:
            sent = self.reliable.get(tag) or self._reliable(tag)
            number = sent.number(made)
            data = agent.layer.respond(self.transaction, made, agent.world.now)
            sent.sent(number, data, self.transaction.flow, agent.world.now)
        agent.flush()

    def answer(
        self,
        body: bytes | None = None,
        *,
        tag: str = "",
        status: int = 200,
        headers: HeaderLines = (),
    ) -> None:
        """Answer the call."""
        agent, dialog = self.agent, self.fork(tag or self.tag)
        body = sdp(agent.media) if body is None else body
        made = dialog.response(self.request, status, None, typed(body, headers), body)
        data = agent.layer.respond(self.transaction, made, agent.world.now)
        dialog.confirm()
        for provisionals in self.reliable.values():
            provisionals.stop()
        agent.repeat_until_ack(dialog, data, self.transaction.flow)
        agent.flush()

    def send(self, method: str, headers: HeaderLines = (), body: bytes = b"") -> Asked:
        """Send a request within the call."""
        return self.agent.ask(self.dialog, method, headers, body)

    def hang_up(self, headers: HeaderLines = ()) -> Asked:
        return self.send("BYE", headers)

    def _reliable(self, tag: str) -> ReliableProvisionals:
        agent = self.agent
        self.reliable[tag] = ReliableProvisionals(
            agent.timers,
            agent.layer.durations,
            self.request,
            transmit=agent.layer.retransmit,
            failed=lambda _now: None,
        )
        return self.reliable[tag]


class Agent:
    """A trunk or a PBX.

    `answers` says how requests within calls are answered at once: a status, or None to leave it
    to the test (the newest is `served[-1]`). Offers in them are answered with `media`.
    """

    def __init__(self, world: World, name: str, host: str, media: str) -> None:
        self.world = world
        self.name = name
        self.host = host
        self.media = media
        self.timers = TimerHeap()
        self.layer = TransactionLayer(self.timers, TransactionTimers(timer_c=500.0))
        self.flow = Flow("UDP", (host, 5060), world.address, f"{host}:5060")
        self.contact = f"<sip:{name}@{host}:5060>"
        self.answers: dict[str, int | None] = {}
        self.silent = False
        self.received: list[Request | Response] = []
        self.served: list[Served] = []
        self.calls: list[Incoming] = []
        self.dialogs: dict[tuple[str, str, str], Dialog] = {}
        self.unacked: dict[tuple[str, str, str], Retransmitter2xx] = {}
        self._owners: dict[ClientTransaction, Callable[[Response | None], None]] = {}
        self._numbers = itertools.count(1)

    # What the test does.

    def call(
        self,
        to: str = "100",
        body: bytes | None = None,
        *,
        headers: HeaderLines = (),
        caller: str = "+4930123",
        call_id: str = "",
        tag: str = "",
        cseq: int = 1,
        uri: str = "",
        display: str = "",
        contact: str = "",
    ) -> Outgoing:
        """Send an INVITE; `body` is the offer (b"" for none)."""
        body = sdp(self.media) if body is None else body
        uri = uri or f"sip:{to}@{self.world.address[0]}"
        items = Headers(
            [
                ("Max-Forwards", "70"),
                ("From", f"{display}<sip:{caller}@{self.host}>;tag={tag or self.new_tag()}"),
                ("To", f"<{uri}>"),
                ("Call-ID", call_id or f"{self.name}-call-{next(self._numbers)}"),
                ("CSeq", f"{cseq} INVITE"),
                ("Contact", contact or self.contact),
            ]
        )
        for name, value in typed(body, headers):
            if name.lower() == "max-forwards":
                items.set(name, value)
            else:
                items.add(name, value)
        call = Outgoing(self, Request("INVITE", uri, items, body), body)
        call.transaction = self.send(call.request, call)
        return call

    def request(self, method: str, uri: str, headers: HeaderLines = (), body: bytes = b"") -> Asked:
        """Send a request outside of calls; headers among them replace the usual ones."""
        number = next(self._numbers)
        items = Headers(
            [
                ("Max-Forwards", "70"),
                ("From", f"<sip:{self.name}@{self.host}>;tag={self.new_tag()}"),
                ("To", f"<{uri}>"),
                ("Call-ID", f"{self.name}-request-{number}"),
                ("CSeq", f"{number} {method}"),
            ]
        )
        for name, value in headers:
            if name in items and name != "Contact":
                items.set(name, value)
            else:
                items.add(name, value)
        asked = Asked(Request(method, uri, items, body))
        asked.transaction = self.send(asked.request, asked)
        return asked

    def ask(
        self, dialog: Dialog, method: str, headers: HeaderLines = (), body: bytes = b""
    ) -> Asked:
        """Send a request within a dialog; a 2xx to an INVITE is acknowledged."""
        asked = Asked(dialog.request(method, typed(body, headers), body))

        def on_response(response: Response | None) -> None:
            if response is None:
                asked.failed = True
                return
            asked.responses.append(response)
            dialog.refresh_target(response)
            if method == "INVITE" and 200 <= response.status < 300:
                self.layer.send_ack(dialog.ack(asked.request), self.flow, self.world.now)

        asked.transaction = self.send(asked.request, on_response)
        return asked

    def send(
        self, request: Request, owner: Asked | Callable[[Response | None], None]
    ) -> ClientTransaction:
        """Start a transaction."""
        transaction = self.layer.send_request(request, self.flow, self.world.now)
        self._owners[transaction] = self._told(owner) if isinstance(owner, Asked) else owner
        self.flush()
        return transaction

    def throw(self, data: bytes) -> None:
        """Send any bytes at all."""
        self.world.carry(data, self.host, self.world.address[0])

    def new_tag(self) -> str:
        return f"{self.name}-tag-{next(self._numbers)}"

    def heard(self, what: str | int) -> list[Request | Response]:
        """The requests of a method, or the responses of a status, that reached this neighbour."""
        return [m for m in self.received if name_of(m) == str(what)]

    def asked_for(self, method: str) -> Request:
        """The newest request of that method that reached this neighbour."""
        found = self.heard(method)[-1]
        assert isinstance(found, Request)
        return found

    # What the world does.

    def receive(self, data: bytes) -> None:
        message = parse_message(data)
        self.received.append(message)
        if not self.silent:
            self.layer.receive(message, self.flow, self.world.now)
            self.flush()

    def run_timers(self) -> None:
        self.timers.run(self.world.now)
        self.flush()

    def flush(self) -> None:
        while events := self.layer.take_events():
            for event in events:
                self._dispatch(event)
        for data, flow in self.layer.take_outbox():
            self.world.carry(data, self.host, flow.remote[0])

    def repeat_until_ack(self, dialog: Dialog, data: bytes, flow: Flow) -> None:
        self.unacked[dialog.id] = Retransmitter2xx(
            self.timers,
            self.layer.durations,
            (data, flow),
            self.world.now,
            transmit=self.layer.retransmit,
            failed=lambda _now: self.unacked.pop(dialog.id, None) and None,
        )

    def _told(self, asked: Asked) -> Callable[[Response | None], None]:
        def tell(response: Response | None) -> None:
            if response is None:
                asked.failed = True
            elif isinstance(asked, Outgoing):
                asked.on_response(response)
            else:
                asked.responses.append(response)

        return tell

    def _dispatch(self, event: Event) -> None:
        match event:
            case ResponseArrived(transaction, response):
                owner = self._owners.get(transaction)
                if owner is not None:
                    owner(response)
            case RequestArrived(transaction, request, _flow):
                self._serve(transaction, request)
            case AckArrived(request, _flow, _transaction):
                repeated = self.unacked.pop(id_of_request(request), None)
                if repeated is not None:
                    repeated.stop()
                for call in self.calls:
                    if id_of_request(request) in [d.id for d in call.forks.values()]:
                        call.acks.append(request)
            case CancelArrived(transaction, request):
                self._cancelled(transaction)
            case TimedOut(transaction):
                owner = self._owners.get(transaction) if transaction else None  # type: ignore[arg-type]
                if owner is not None:
                    owner(None)

    def _serve(self, transaction: ServerTransaction, request: Request) -> None:
        if request.method == "INVITE" and request.to_tag is None:
            self.calls.append(Incoming(self, transaction, request))
            return
        served = Served(self, transaction, request)
        self.served.append(served)
        dialog = self.dialogs.get(id_of_request(request))
        if dialog is not None:
            dialog.refresh_target(request)
        for call in self.calls:
            sent = call.reliable.get(request.to_tag or "")
            if request.method == "PRACK" and sent is not None:
                try:
                    matched = sent.acknowledge(request)
                except ParseError:
                    matched = False
                if not matched:
                    served.respond(481)
                    return
        status = self.answers.get(request.method, 200)
        if status is None:
            return
        offered = request.headers.get("Content-Type") == "application/sdp"
        wants = offered and request.method in ("INVITE", "UPDATE") and status == 200
        served.respond(status, body=sdp(self.media, version=2) if wants else b"")

    def _cancelled(self, transaction: ServerTransaction) -> None:
        for served in (*self.calls, *self.served):
            if served.transaction is transaction:
                served.cancelled = True
                served.respond(487)


def name_of(message: Request | Response) -> str:
    return message.method if isinstance(message, Request) else str(message.status)
