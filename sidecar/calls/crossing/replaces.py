"""References to other dialogs (Replaces, Join, Target-Dialog, Refer-To), told for the other leg.

A neighbour names a dialog by the Call-ID and tags that it has with the sidecar. The other
neighbour knows the same call by those of its own leg. What names no dialog of that neighbour's
crosses from a trusted one only: it may have dialogs that don't go through the sidecar.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import quote, unquote

from sidecar.calls.legs.leg import Leg
from sidecar.calls.routing import Peer
from sidecar.errors import PeerError
from sidecar.sip.address import Address
from sidecar.sip.dialog import DialogId
from sidecar.sip.errors import ParseError
from sidecar.sip.message import Request
from sidecar.sip.uri import Uri

FindLeg = Callable[[DialogId], Leg | None]
_TAGS = {"Target-Dialog": ("local-tag", "remote-tag")}
_USUAL_TAGS = ("to-tag", "from-tag")
# A Call-ID (RFC 3261 section 25.1) and a tag, which is often more than a token.
_CALL_ID = re.compile(r"[\x21-\x2b\x2d-\x3a\x3c-\x7e]{1,512}+")
_TAG = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3d\x3f-\x7e]{0,256}+")


class Across(NamedTuple):
    """From whom to whom a reference is told."""

    find: FindLeg
    source: Peer
    destination: Peer


class Reference(NamedTuple):
    """A dialog as one header names it, seen from whoever gets it."""

    header: str
    dialog: DialogId
    early_only: bool = False

    @classmethod
    def read(cls, header: str, value: str) -> Reference:
        """Read one value; raises PeerError (400)."""
        call_id, *parameters = (part.strip() for part in value.split(";"))
        named = {
            name.strip().lower(): text.strip()
            for name, _, text in (part.partition("=") for part in parameters)
        }
        ours, theirs = _TAGS.get(header, _USUAL_TAGS)
        tags = named.get(ours, ""), named.get(theirs, "")
        if not _CALL_ID.fullmatch(call_id) or not all(map(_TAG.fullmatch, tags)):
            raise PeerError(400, f"Malformed {header}")
        early_only = header == "Replaces" and "early-only" in named
        return cls(header, (call_id, *tags), early_only)

    def __str__(self) -> str:
        ours, theirs = _TAGS.get(self.header, _USUAL_TAGS)
        call_id, our_tag, their_tag = self.dialog
        written = f"{call_id};{ours}={our_tag or '0'};{theirs}={their_tag or '0'}"
        return f"{written};early-only" if self.early_only else written

    def leg(self, find: FindLeg, source: Peer) -> Leg | None:
        """Return the leg with that neighbour that is named; None for a dialog of anybody else."""
        leg = find(self.dialog)
        return leg if leg is not None and leg.peer is source else None

    def told(self, across: Across) -> Reference:
        """Return it as the other leg's neighbour knows it (RFC 3891 section 3).

        Raises PeerError (481) where there is none that it could know.
        """
        leg = self.leg(across.find, across.source)
        if leg is None and across.source.trusted and across.find(self.dialog) is None:
            return self
        other = leg.other if leg is not None else None
        if other is None or other.peer is not across.destination:
            raise PeerError(481, "Dialog Does Not Exist")
        there = other.dialog
        dialog = (there.call_id, there.remote.tag or "", there.local.tag or "")
        return self._replace(dialog=dialog)


def mapped_references(request: Request, across: Across) -> list[tuple[str, str]]:
    """Return Replaces, Join and Target-Dialog of a request that opens a dialog.

    Raises PeerError: 400 for what can't be read or contradicts itself, 481 for a dialog to take
    the place of, or to join, that is not there (RFC 3891 section 3, RFC 3911 section 4). A
    Target-Dialog only vouches for its sender (RFC 4538): one that names nothing is left out.
    """

    def told(name: str, value: str) -> tuple[str, str]:
        return name, str(Reference.read(name, value).told(across))

    mapped = []
    if request.method == "INVITE":
        mapped += [told("Replaces", value) for value in request.headers.get_all("Replaces")]
        mapped += [told("Join", value) for value in request.headers.get_all("Join")]
    if len(mapped) > 1:
        raise PeerError(400, "More Than One Dialog To Replace")
    for value in request.headers.get_all("Target-Dialog"):
        with suppress(PeerError):
            mapped.append(told("Target-Dialog", value))
    return mapped


def replaced_leg(request: Request, find: FindLeg, source: Peer) -> Leg | None:
    """Return the leg whose dialog an INVITE is to take the place of; None for none of ours."""
    value = request.headers.get("Replaces")
    return Reference.read("Replaces", value).leg(find, source) if value is not None else None


def mapped_refer_to(request: Request, across: Across, reached: Callable[[Uri], Uri]) -> str:
    """Return the Refer-To of a REFER, whose target is reached through the sidecar (RFC 3515).

    `reached` gives the URI to use; it raises ParseError for what leads nowhere. Raises PeerError:
    400 for what can't be read, 403 for what is no telephone to call, 481 for a dialog that is not
    there.
    """
    lines = request.headers.get_all("Refer-To")
    if len(lines) != 1:
        raise PeerError(400, "Not One Refer-To")  # section 2.4.2
    try:
        address = Address.parse(lines[0])
    except ParseError:
        raise PeerError(400, "Malformed Refer-To") from None
    headers = [value for name, value in address.uri.headers if name.lower() == "replaces"]
    if len(headers) > 1:
        raise PeerError(400, "More Than One Dialog To Replace")
    if (address.uri.param("method") or "INVITE").upper() != "INVITE":
        raise PeerError(403, "Only Calls Can Be Transferred")
    try:
        uri = reached(address.uri)
    except ParseError:
        raise PeerError(403, "Only Telephones Can Be Called") from None
    if not headers:
        if uri.user is None and across.source.kind == "trunk":
            raise PeerError(403, "Only Telephones Can Be Called")
        return f"<{uri}>"
    there = Reference.read("Replaces", unquote(headers[0] or "")).told(across)
    return f"<{uri.with_(headers=(('Replaces', quote(str(there), safe='')),))}>"
