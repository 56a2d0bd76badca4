"""The names in From, To and Contact as the other side sees them.

Numbers and domains cross; the PBX's own host names and addresses don't leave the house.
"""

from __future__ import annotations

from sidecar.calls.routing import Router
from sidecar.sip.address import Address
from sidecar.sip.flow import Flow
from sidecar.sip.uri import Uri


class Identities:
    """Writes the identity headers of the sidecar's own requests."""

    def __init__(self, router: Router) -> None:
        self._router = router

    def calling(self, original: Address, *, to_trunk: bool, flow: Flow, tag: str) -> str:
        """Return From: who calls, under our host where the PBX used its own."""
        uri = _bare(original.uri)
        if to_trunk:
            uri = self.via_sidecar(uri, flow) or uri
        return str(Address(original.display, uri, (("tag", tag),)))

    def called(self, original: Address, *, to_trunk: bool, target: Uri) -> str:
        """Return To: who is called, under the target's host where it named the sidecar."""
        uri = _bare(original.uri)
        if to_trunk and self._router.is_house(uri.host):
            uri = uri.with_(host=target.host, port=target.port)
        return str(Address(original.display, uri, ()))

    def via_sidecar(self, uri: Uri, flow: Flow) -> Uri | None:
        """Return a PBX's URI as one that leads through the sidecar; None for any other URI."""
        if not self._router.is_house(uri.host):
            return None
        host, _, port = flow.sent_by.rpartition(":")
        return uri.with_(host=host.strip("[]"), port=int(port))


def _bare(uri: Uri) -> Uri:
    """Return a URI without headers, which From and To can't have (RFC 3261 table 1)."""
    return uri.with_(headers=()) if uri.headers else uri
