"""References to other dialogs (Replaces, Join, Target-Dialog, Refer-To), told for the other leg.

A neighbour names a dialog by the Call-ID and tags that it has with the sidecar. The other
neighbour knows the same call by those of its own leg.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote, unquote

from sidecar.calls.leg import Leg
from sidecar.sip.address import Address
from sidecar.sip.dialog import DialogId
from sidecar.sip.errors import ParseError
from sidecar.sip.message import Request
from sidecar.sip.uri import Uri

FindLeg = Callable[[DialogId], Leg | None]
REFERENCES = ("Replaces", "Join", "Target-Dialog")
_TAGS = {"Target-Dialog": ("local-tag", "remote-tag")}
_USUAL_TAGS = ("to-tag", "from-tag")


def mapped_references(request: Request, find: FindLeg) -> list[tuple[str, str]]:
    """Return Replaces, Join and Target-Dialog as the other leg's neighbour must see them.

    A reference to a dialog that is none of ours crosses as it came (RFC 3891 section 3).
    """
    return [
        (name, mapped_reference(name, value, find))
        for name in REFERENCES
        for value in request.headers.get_all(name)
    ]


def mapped_reference(name: str, value: str, find: FindLeg) -> str:
    """Return one reference told for the other leg."""
    leg = _named_leg(name, value, find)
    if leg is None or leg.other is None:
        return value
    _call_id, *parameters = (part.strip() for part in value.split(";"))
    ours_name, theirs_name = _TAGS.get(name, _USUAL_TAGS)
    there = leg.other.dialog
    kept = [part for part in parameters if part.partition("=")[0] not in (ours_name, theirs_name)]
    return ";".join(
        [
            there.call_id,
            f"{ours_name}={there.remote.tag or '0'}",
            f"{theirs_name}={there.local.tag or '0'}",
            *kept,
        ]
    )


def _named_leg(name: str, value: str, find: FindLeg) -> Leg | None:
    call_id, *parameters = (part.strip() for part in value.split(";"))
    ours_name, theirs_name = _TAGS.get(name, _USUAL_TAGS)
    tags = dict(part.partition("=")[::2] for part in parameters)
    return find((call_id, tags.get(ours_name, ""), tags.get(theirs_name, "")))


def replaced_leg(request: Request, find: FindLeg) -> Leg | None:
    """Return the leg whose dialog an INVITE is to take the place of; None for none of ours."""
    value = request.headers.get("Replaces")
    return _named_leg("Replaces", value, find) if value is not None else None


def mapped_refer_to(value: str, find: FindLeg, own_host: Callable[[Uri], Uri | None]) -> str:
    """Return a Refer-To whose target is reached through the sidecar (RFC 3515, RFC 3891).

    `own_host` gives the URI to use instead where the target's host is one that only the
    sidecar may be asked for. What can't be read crosses as it came.
    """
    try:
        address = Address.parse(value)
    except ParseError:
        return value
    uri = own_host(address.uri) or address.uri
    headers = tuple(
        (name, quote(mapped_reference("Replaces", unquote(text), find), safe=""))
        if name.lower() == "replaces" and text is not None
        else (name, text)
        for name, text in uri.headers
    )
    parameters = "".join(
        f";{name}" if text is None else f";{name}={text}" for name, text in address.parameters
    )
    return f"<{uri.with_(headers=headers)}>{parameters}"
