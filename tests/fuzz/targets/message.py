"""Messages: read or refused, answerable, and written so that they read the same again."""

from __future__ import annotations

from contextlib import suppress

from sidecar.sip.address import Address
from sidecar.sip.errors import ParseError
from sidecar.sip.history import history
from sidecar.sip.identity_change import IdentityWatch
from sidecar.sip.mailbox_signs import MailboxSigns
from sidecar.sip.message import Request, Response, respond
from sidecar.sip.parser import MAX_MESSAGE, MessageError, parse_message
from sidecar.sip.reliable import rseq_of
from sidecar.sip.session_timer import SessionExpires, min_se
from tests.fuzz import oracle


def attempt(data: bytes) -> None:
    """Read bytes as the wire brings them."""
    try:
        message = parse_message(data)
    except MessageError as refused:
        _answerable(refused)
        return
    written = message.encode()
    oracle.message(written)
    oracle.demand(len(written) <= 2 * MAX_MESSAGE, "a message grows", len(written))
    again = parse_message(written)
    oracle.demand(again.encode() == written, "another spelling the second time", written)
    oracle.demand(again.body == message.body, "another body", message.body, again.body)
    _look_at(message)
    if isinstance(message, Request):
        oracle.message(respond(message, 200, to_tag="t").encode())


def _answerable(refused: MessageError) -> None:
    oracle.demand(400 <= refused.status <= 599, "no refusal", refused.status)
    oracle.one_line(refused.reason)
    if refused.request is not None:
        oracle.message(respond(refused.request, refused.status, refused.reason, "t").encode())


def _look_at(message: Request | Response) -> None:
    """Ask for all that the call layer asks of a message that was taken."""
    _ = message.via, message.from_, message.to, message.cseq, message.call_id, message.contact
    for name in ("Contact", "Route", "Record-Route"):
        for line in message.headers.get_all(name):
            Address.parse_list(line)
    if isinstance(message, Request):
        _ = message.target
    else:
        rseq_of(message)
    IdentityWatch().changed(message)
    MailboxSigns(frozenset({"vm"}), forwarded=True).seen(message)
    for entry in history(message):
        with suppress(ParseError):
            oracle.demand(str(entry), "an empty entry", entry)
    SessionExpires.parse(message.headers.get("Session-Expires"))
    min_se(message.headers.get("Min-SE"))
