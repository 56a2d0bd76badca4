"""Where a request comes from and where it goes: sides, targets, and what the rules are asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sidecar.consent.decision import CallFacts
from sidecar.sip.address import Address
from sidecar.sip.errors import ParseError
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
    media_from: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """From which neighbour to which, and what the rules are to be asked about it."""

    source: Peer
    destination: Peer
    facts: CallFacts

    @property
    def inbound(self) -> bool:
        """True for a call from a trunk to the PBX."""
        return self.source.kind == "trunk"


class Router:
    """Finds the other side of a request.

    Requests of a trunk go to the first PBX of the settings. Requests of a PBX go to the trunk
    whose URI's host they name, else to the first trunk. `own_hosts` are the hosts by which the
    sidecar itself is addressed.
    """

    def __init__(
        self, trunks: Mapping[str, Peer], pbxs: Mapping[str, Peer], own_hosts: Iterable[str]
    ) -> None:
        self._trunks = trunks
        self._pbxs = pbxs
        self._own = {host.lower() for host in own_hosts}

    def peer(self, kind: str, name: str) -> Peer:
        """Return the neighbour of that kind and name."""
        return (self._trunks if kind == "trunk" else self._pbxs)[name]

    def route(self, request: Request, source: Peer, at: float | None = None) -> Route | None:
        """Return the way of a request, or None where the settings know no other side.

        `at` is when it came, in Unix seconds, where rules are to be asked about it.
        """
        uri = Uri.parse(request.uri)
        inbound = source.kind == "trunk"
        others = self._pbxs if inbound else self._trunks
        destination = next(
            (peer for peer in others.values() if any(uri.host == own.host for own in peer.uris)),
            next(iter(others.values()), None),
        )
        if destination is None:
            return None
        trunk, pbx = (source, destination) if inbound else (destination, source)
        facts = CallFacts(
            direction="inbound" if inbound else "outbound",
            trunk=trunk.name,
            pbx=pbx.name,
            from_=_identity(request, source),
            to=uri.user_unescaped or "",
            at=at,
            headers=tuple(request.headers.items()),
        )
        return Route(source, destination, facts)

    def request_uri(self, original: str, destination: Peer, target: Uri) -> str:
        """Return the Request-URI for `target` (one of the destination's URIs).

        Towards a PBX the target's host always replaces the one the trunk used. Towards a trunk a
        domain that the PBX named (its registrar's) stays; the sidecar's own name is replaced.
        """
        uri = Uri.parse(original)
        named = uri.scheme in ("sip", "sips") and not self.is_house(uri.host)
        if destination.kind == "trunk" and named:
            return original
        parameters = tuple(p for p in uri.parameters if p[0].lower() == "user")
        return str(
            Uri(
                scheme="sip",
                user=uri.user,
                password=None,
                host=target.host,
                port=target.port,
                parameters=parameters,
                headers=(),
            )
        )

    def is_house(self, host: str) -> bool:
        """Tell whether a host is the sidecar itself or a PBX: a name no trunk has a use for."""
        return host.lower() in self._own or any(
            uri.host == host for peer in self._pbxs.values() for uri in peer.uris
        )


def _identity(request: Request, source: Peer) -> str:
    """Return who calls: the asserted identity of a trusted side, else From (RFC 3325)."""
    if source.trusted:
        for value in request.headers.values("P-Asserted-Identity"):
            user = _user(value)
            if user:
                return user
    return request.from_.uri.user_unescaped or ""


def _user(identity: str) -> str | None:
    try:
        return Address.parse(identity).uri.user_unescaped
    except ParseError:
        return None
