"""Where a request comes from and where it goes: sides, targets, and what the rules are asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sidecar.calls.crossing.contact_seal import ContactSeal, Sealed
from sidecar.calls.crossing.header_policy import NO_SITE_HEADERS, SiteHeaders
from sidecar.calls.limits import Limits
from sidecar.consent.decision import CallFacts
from sidecar.sip.canonical import (
    IN_NAMES,
    IN_REQUEST_URI,
    context_left,
    number_of,
    written_parameters,
    written_uri,
    written_user,
)
from sidecar.sip.claims import addresses
from sidecar.sip.message import Request
from sidecar.sip.uri import Uri


class Peer(NamedTuple):
    """A neighbour the settings name. `kind` is "trunk" or "pbx".

    `media_from` are the networks that its media may come from besides what it signals (NAT).
    """

    kind: str
    name: str
    trusted: bool
    uris: tuple[Uri, ...]
    site: SiteHeaders = NO_SITE_HEADERS
    """What else the site passes on from it."""
    limits: Limits = Limits()
    media_from: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """From which neighbour to which, and what the rules are to be asked about it."""

    source: Peer
    destination: Peer
    facts: CallFacts
    called: Uri
    """Whom it is for: what `facts.to` was read in, and what the Request-URI is written from."""
    contact: Sealed | None = None
    """The destination's own Contact, where the request was sent to one."""

    @property
    def inbound(self) -> bool:
        """True for a call from a trunk to the PBX."""
        return self.source.kind == "trunk"


class Router:
    """Finds the other side of a request.

    Requests of a trunk go to the first PBX of the settings, whatever host they name. Requests of a
    PBX go to the trunk whose URI's host they name, else to the first trunk. Those to a Contact of
    a neighbour's that `seal` opens go to that neighbour. `own_hosts` are the hosts by which the
    sidecar itself is addressed.
    """

    def __init__(
        self,
        trunks: Mapping[str, Peer],
        pbxs: Mapping[str, Peer],
        own_hosts: Iterable[str],
        seal: ContactSeal,
    ) -> None:
        self._trunks = trunks
        self._pbxs = pbxs
        self._own = {host.lower() for host in own_hosts}
        self._house = self._own | {uri.host.lower() for peer in pbxs.values() for uri in peer.uris}
        self.seal = seal

    def peer(self, kind: str, name: str) -> Peer:
        """Return the neighbour of that kind and name."""
        return (self._trunks if kind == "trunk" else self._pbxs)[name]

    def contact(self, uri: Uri, source: Peer) -> Sealed | None:
        """Return the Contact of the other side that a URI holds; None where it holds none.

        `source` is whoever uses it. What it was not given, it has no use for.
        """
        found = self.seal.open(uri) if uri.parameters else None
        if found is None or found.kind == source.kind:
            return None
        others = self._trunks if found.kind == "trunk" else self._pbxs
        return found if found.name in others else None

    def route(self, request: Request, source: Peer, at: float | None = None) -> Route | None:
        """Return the way of a request, or None where the settings know no other side.

        `at` is when it came, in Unix seconds, where rules are to be asked about it.
        """
        contact = self.contact(request.target, source)
        called = contact.uri if contact is not None else request.target
        inbound = source.kind == "trunk"
        if contact is not None:
            destination: Peer | None = self.peer(contact.kind, contact.name)
        elif inbound:
            destination = next(iter(self._pbxs.values()), None)
        else:
            destination = self._named_trunk(called.host)
        if destination is None:
            return None
        trunk, pbx = (source, destination) if inbound else (destination, source)
        facts = CallFacts(
            direction="inbound" if inbound else "outbound",
            trunk=trunk.name,
            pbx=pbx.name,
            from_=_identity(request, source),
            to=number_of(called),
            at=at,
            headers=tuple(request.headers.items()),
        )
        return Route(source, destination, facts, called, contact)

    def _named_trunk(self, host: str) -> Peer | None:
        host = host.lower()
        trunks = self._trunks.values()
        named = (peer for peer in trunks if any(host == uri.host.lower() for uri in peer.uris))
        return next(named, next(iter(trunks), None))

    def request_uri(self, route: Route, target: Uri) -> Uri:
        """Return the Request-URI for `target` (one of the destination's URIs).

        Towards a PBX the target's host always replaces the one the trunk used. Towards a trunk a
        domain that the PBX named (its registrar's) stays; the sidecar's own name is replaced.
        """
        called, to_trunk = route.called, route.destination.kind == "trunk"
        named = called.scheme in ("sip", "sips") and not self.is_house(called.host)
        if to_trunk and named and route.contact is None:
            return written_uri(called, IN_REQUEST_URI)
        parameters = written_parameters(called.parameters, IN_NAMES)
        if not to_trunk:
            parameters += context_left(called)
        user = written_user(called, with_parameters=to_trunk)
        return Uri("sip", user, None, target.host, target.port, parameters)

    def is_house(self, host: str) -> bool:
        """Tell whether a host is the sidecar itself or a PBX: a name no trunk has a use for."""
        return host.lower() in self._house


def _identity(request: Request, source: Peer) -> str:
    """Return who calls: the asserted identity of a trusted side, else From (RFC 3325)."""
    if source.trusted:
        for asserted in addresses(request, "P-Asserted-Identity"):
            number = number_of(asserted.uri)
            if number:
                return number
    return number_of(request.from_.uri)
