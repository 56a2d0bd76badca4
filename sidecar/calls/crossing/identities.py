"""The names in From, To, Contact and Refer-To as the other side sees them.

Numbers and domains cross, written anew; the PBX's own host names and addresses don't leave the
house. Whom a trunk sends a call, or a person, to leads through the sidecar.
"""

from __future__ import annotations

from sidecar.calls.routing import Peer, Route, Router
from sidecar.sip.address import Address
from sidecar.sip.canonical import (
    IN_NAMES,
    IN_REQUEST_URI,
    context_left,
    written_display,
    written_header_parameters,
    written_parameters,
    written_uri,
    written_user,
)
from sidecar.sip.errors import ParseError
from sidecar.sip.flow import Flow
from sidecar.sip.message import Request, Response
from sidecar.sip.uri import Uri

NOBODY = Uri("sip", "anonymous", host="anonymous.invalid")
"""Who calls where From is no address of a telephone (RFC 3323 section 4.1.1.3)."""
_IN_REDIRECTION = frozenset(("q", "expires"))


class Identities:
    """Writes the identity headers of the sidecar's own requests."""

    def __init__(self, router: Router) -> None:
        self._router = router

    def calling(self, original: Address, *, to_trunk: bool, flow: Flow, tag: str | None) -> str:
        """Return From: who calls, under our host where the PBX used its own, or none was used."""
        uri = original.uri
        if uri.opaque is not None:
            return _written(original, NOBODY, tag)
        ours = uri.scheme == "tel" or (to_trunk and self._router.is_house(uri.host))
        host, port = _host_of(flow) if ours else (uri.host, uri.port)
        return _written(original, _named(uri, host, port, to_trunk=to_trunk), tag)

    def called(self, request: Request, route: Route, target: Uri) -> str:
        """Return To: who is called, under the target's host where it named the sidecar or none.

        An untrusted side names there whom it names in the Request-URI: a PBX that goes by To is
        not to run what no rule was asked about. What is within a dialog goes by the dialog, and a
        registration by whose it is.
        """
        original = request.to
        uri, to_trunk = original.uri, route.destination.kind == "trunk"
        calls = original.tag is None and request.method != "REGISTER"
        if calls and not route.source.trusted:
            named = _named(route.called, target.host, target.port, to_trunk=to_trunk)
            return _written(original, named, None)
        away = uri.scheme not in ("sip", "sips") or (to_trunk and self._router.is_house(uri.host))
        host, port = (target.host, target.port) if away else (uri.host, uri.port)
        return _written(original, _named(uri, host, port, to_trunk=to_trunk), original.tag)

    def via_sidecar(self, uri: Uri, source: Peer, flow: Flow) -> Uri:
        """Return the URI of somebody whom a side is sent to by another, `source`, on a flow.

        Whom a trunk names is reached through the sidecar, so that the call is judged; whom a PBX
        names only where it is one of the house. Raises ParseError for what is no telephone.
        """
        if source.kind == "pbx" and not self._router.is_house(uri.host):
            return written_uri(uri, IN_REQUEST_URI)
        if uri.opaque is not None:
            raise ParseError("Unsupported URI Scheme")
        return _named(uri, *_host_of(flow), to_trunk=source.kind == "pbx")

    def redirected(self, response: Response, source: Peer, flow: Flow) -> list[tuple[str, str]]:
        """Return the Contacts of a 3xx of `source`, on the flow to whoever asked.

        What can't be reached through the sidecar, or names nobody, is left out.
        """
        contacts = []
        if 300 <= response.status < 400:
            for value in response.headers.values("Contact"):
                address = Address.parse_list(value)[0]
                if address.wildcard:
                    continue
                try:
                    uri = self.via_sidecar(address.uri, source, flow)
                except ParseError:
                    continue
                if uri.user is not None or source.kind == "pbx":
                    known = written_header_parameters(address.parameters, _IN_REDIRECTION)
                    contacts.append(("Contact", str(Address(None, uri, known))))
        return contacts


def _named(uri: Uri, host: str, port: int | None, *, to_trunk: bool) -> Uri:
    """Return whom a URI names, at a host."""
    parameters = written_parameters(uri.parameters, IN_NAMES)
    if uri.scheme == "tel":
        parameters = (("user", "phone"),)  # RFC 3261 section 19.1.6
    if not to_trunk:
        parameters += context_left(uri)
    user = written_user(uri, with_parameters=to_trunk)
    scheme = "sips" if uri.scheme == "sips" else "sip"
    return Uri(scheme, user, None, host.lower(), port, parameters)


def _written(original: Address, uri: Uri, tag: str | None) -> str:
    parameters = (("tag", tag),) if tag else ()
    return str(Address(written_display(original.display), uri, parameters))


def _host_of(flow: Flow) -> tuple[str, int]:
    host, _, port = flow.sent_by.rpartition(":")
    return host.strip("[]"), int(port)
