"""Which methods and bodies cross: method by type by who sends it. All else is refused.

What stands here is all there is (docs/boundary.md shows it). A request with another method is
answered 405, with another body 415; in a response, where a refusal would do harm, the body is left
out and the rest goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from sidecar.sip import dtmf_info, small_bodies
from sidecar.sip.media_type import MediaType

SDP = "application/sdp"


class Senders(Enum):
    """From whom something is taken."""

    ANYONE = "anyone"
    TRUSTED = "the PBX or a trusted trunk"
    AMONG_TRUSTED = "between the PBX and a trusted trunk, both ways"
    RULE = 'anyone, where the rule says messages = "allow"'


@dataclass(frozen=True, slots=True)
class Method:
    """One method that the sidecar carries or answers."""

    name: str
    senders: Senders
    why: str


METHODS: tuple[Method, ...] = (
    Method("INVITE", Senders.ANYONE, "makes and changes calls"),
    Method("ACK", Senders.ANYONE, "completes an INVITE"),
    Method("CANCEL", Senders.ANYONE, "gives an INVITE up"),
    Method("BYE", Senders.ANYONE, "ends a call, whatever else is wrong with it"),
    Method("OPTIONS", Senders.ANYONE, "answered by the sidecar; within a call it crosses"),
    Method("PRACK", Senders.ANYONE, "completes a reliable 18x"),
    Method("UPDATE", Senders.ANYONE, "changes a call"),
    Method("INFO", Senders.ANYONE, "keys, and the wish for a whole picture"),
    Method("REFER", Senders.ANYONE, "transfers"),
    Method("NOTIFY", Senders.ANYONE, "tells how a transfer goes, and of waiting messages"),
    Method("SUBSCRIBE", Senders.ANYONE, "asks for such; for which packages, see below"),
    Method("REGISTER", Senders.TRUSTED, "a PBX registers at its carrier, never the other way"),
    Method("PUBLISH", Senders.AMONG_TRUSTED, "who is where is nobody else's business"),
    Method("MESSAGE", Senders.RULE, "what people write (docs/messages.md)"),
)

EVENTS = ("refer", "message-summary")
"""Packages that anyone may subscribe to and notify of; others only a trusted side. `talk`, `hold`
and `check-sync` make a telephone act by itself."""


def _sdp_is_elsewhere(_type: MediaType, _body: bytes) -> bytes | None:
    return None


def _key(content_type: MediaType, body: bytes) -> bytes | None:
    key = dtmf_info.parse(content_type.name, body)
    if key is None:
        return None
    return dtmf_info.write(content_type.name, key.digit, key.duration_ms, ended=key.ended)


def _by(write: Callable[[bytes], bytes | None]) -> Callable[[MediaType, bytes], bytes | None]:
    return lambda _type, body: write(body)


def _as_it_came(_type: MediaType, body: bytes) -> bytes | None:
    return body


@dataclass(frozen=True, slots=True)
class Body:
    """One type of body, in which requests it crosses, and how."""

    name: str
    methods: tuple[str, ...]
    senders: Senders
    how: str
    reference: str
    write: Callable[[MediaType, bytes], bytes | None]
    """Gives the body to send; None where it is not understood."""
    why: str = ""
    answers: bool = False
    """Whether it crosses in responses to these methods too."""


TEXT_METHODS = ("MESSAGE", "INFO", "NOTIFY")

BODIES: tuple[Body, ...] = (
    Body(
        SDP,
        ("INVITE", "ACK", "PRACK", "UPDATE"),
        Senders.ANYONE,
        "written from the model (boundary-sdp.md); out of a multipart body, it alone",
        "RFC 3264, RFC 6337",
        _sdp_is_elsewhere,
        "the other methods neither offer nor answer",
        answers=True,
    ),
    Body(
        dtmf_info.RELAY,
        ("INFO",),
        Senders.ANYONE,
        "the one key and its duration",
        "in use, not registered",
        _key,
    ),
    Body(
        dtmf_info.PLAIN,
        ("INFO",),
        Senders.ANYONE,
        "the one key",
        "in use, not registered",
        _key,
    ),
    Body(
        dtmf_info.EVENT,
        ("INFO",),
        Senders.ANYONE,
        "the one key, its duration, and whether it has ended",
        "RFC 4733 2.3; in INFO in use, not registered",
        _key,
    ),
    Body(
        "application/media_control+xml",
        ("INFO",),
        Senders.ANYONE,
        "the one wish for a whole picture, in fixed words",
        "RFC 5168",
        _by(small_bodies.media_control),
    ),
    Body(
        "message/sipfrag",
        ("NOTIFY",),
        Senders.ANYONE,
        "the status line alone, with the registered phrase",
        "RFC 3420, RFC 3515",
        _by(small_bodies.sipfrag),
    ),
    Body(
        "application/simple-message-summary",
        ("NOTIFY",),
        Senders.ANYONE,
        "yes or no, the account, the numbers; not the headers of single messages",
        "RFC 3842",
        _by(small_bodies.message_summary),
    ),
    *(
        Body(
            name,
            ("NOTIFY", "PUBLISH"),
            Senders.AMONG_TRUSTED,
            "as it came: nothing in it moves a call",
            reference,
            _as_it_came,
            "who is where is nobody else's business, and a note in it is a message",
        )
        for name, reference in (
            ("application/pidf+xml", "RFC 3863"),
            ("application/dialog-info+xml", "RFC 4235"),
            ("application/reginfo+xml", "RFC 3680"),
            ("application/conference-info+xml", "RFC 4575"),
            ("application/rlmi+xml", "RFC 4662"),
        )
    ),
    Body(
        "application/resource-lists+xml",
        ("SUBSCRIBE",),
        Senders.AMONG_TRUSTED,
        "as it came: nothing in it moves a call",
        "RFC 5367",
        _as_it_came,
    ),
    *(
        Body(
            name,
            TEXT_METHODS,
            Senders.RULE,
            "as it came: it is people's own",
            reference,
            _as_it_came,
            "a message by whatever method it comes",
        )
        for name, reference in (
            ("text/plain", "RFC 3428"),
            ("text/html", "RFC 2854"),
            ("message/cpim", "RFC 3862"),
            ("message/imdn+xml", "RFC 5438"),
            ("application/im-iscomposing+xml", "RFC 3994"),
        )
    ),
)

KNOWN_TYPES = frozenset(body.name for body in BODIES)

_METHODS = {method.name: method for method in METHODS}
_BODIES = {(method, body.name): body for body in BODIES for method in body.methods}
_TEXTS = frozenset(body.name for body in BODIES if body.senders is Senders.RULE)
_MACHINE = frozenset({"message/sip", "message/sipfrag", "message/http"})
"""Types named message/… that are no message to people."""


def method_senders(name: str) -> Senders | None:
    """Return who may send a method; None where the sidecar does not know it."""
    method = _METHODS.get(name)
    return method.senders if method is not None else None


def body_row(method: str, content_type: MediaType) -> Body | None:
    """Return how a type crosses in a request of that method; None where it does not."""
    return _BODIES.get((method, content_type.name))


def is_text(content_type: MediaType) -> bool:
    """Tell whether a type holds what people write, under whatever method it comes (promise 5)."""
    kind, name = content_type.kind, content_type.name
    return name in _TEXTS or kind == "text" or (kind == "message" and name not in _MACHINE)


def allowed(senders: Senders, *, sender_trusted: bool, trunk_trusted: bool) -> bool:
    """Tell whether a side may send what is taken from `senders`; rules are asked elsewhere."""
    if senders is Senders.TRUSTED:
        return sender_trusted
    return trunk_trusted or senders is not Senders.AMONG_TRUSTED


def accepted(method: str, *, sender_trusted: bool, trunk_trusted: bool) -> str:
    """Return the Accept header of a 415: the types that this side may send with the method."""
    names = [
        body.name
        for body in BODIES
        if method in body.methods
        and body.senders is not Senders.RULE
        and allowed(body.senders, sender_trusted=sender_trusted, trunk_trusted=trunk_trusted)
    ]
    return ", ".join(names)


def methods_for(*, sender_trusted: bool, trunk_trusted: bool) -> str:
    """Return the Allow header of a 405: the methods that this side may send."""
    return ", ".join(
        method.name
        for method in METHODS
        if method.senders is not Senders.RULE
        and allowed(method.senders, sender_trusted=sender_trusted, trunk_trusted=trunk_trusted)
    )
