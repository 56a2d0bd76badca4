"""Whether somebody else is now at the far end of a dialog.

A telephone system that transfers a call keeps the dialog and says in its next re-INVITE, UPDATE or
response who is there now: P-Asserted-Identity (RFC 3325), its forerunner Remote-Party-ID, or a
changed From (RFC 4916). The three are not compared with each other: one and the same person is
often +44 20 7946 0101 in From and 102 in P-Asserted-Identity.

Until the far end has answered, its messages only tell who will: a call that rings at one telephone
and is answered at another has one party, who is told as whoever answered.
"""

from __future__ import annotations

from typing import Literal

from sidecar.sip.address import Address
from sidecar.sip.claims import addresses, user_of
from sidecar.sip.message import Message, Request, Response
from sidecar.sip.uri import Uri

Source = Literal["P-Asserted-Identity", "Remote-Party-ID", "From"]

_NOBODY = frozenset(("anonymous", "unavailable", "unknown", "restricted", "private", "withheld"))
_SEPARATORS = str.maketrans("", "", "-.() ")
_DIGITS = frozenset("+0123456789*#abcd-.() ")
_SPEAKING_METHODS = frozenset(("INVITE", "UPDATE"))


class IdentityWatch:
    """Who is at the far end of one dialog, as far as its messages tell. Give each fork its own."""

    __slots__ = ("_answered", "_known")

    def __init__(self) -> None:
        self._answered = False
        self._known: dict[Source, frozenset[str]] = {}

    def changed(self, message: Request | Response) -> bool:
        """Take a message that the far end sent; tell whether it names somebody else than before.

        To be given: its INVITE and UPDATE requests, its responses of class 1xx and 2xx to ours.
        Others tell nothing. Naming nobody, or somebody who withholds the name, is no change, and
        what was known before stays known. Never raises.
        """
        if isinstance(message, Request):
            speaks = message.method in _SPEAKING_METHODS
            begins = message.method == "INVITE" and not _has_tag(message)
        else:
            method = (message.headers.get("CSeq") or "").rpartition(" ")[2]
            speaks = method in _SPEAKING_METHODS and 100 < message.status < 300
            begins = method == "INVITE" and speaks and message.status >= 200
        if not speaks:
            return False
        changed = False
        for source, users in _named(message):
            before = self._known.get(source)
            if before is not None and source == "From" and isinstance(message, Response):
                continue  # its To repeats ours, which may be older than what the far end said
            changed = changed or (before is not None and not before & users)
            self._known[source] = users
        counts = self._answered
        self._answered = counts or begins
        return counts and changed


def _named(message: Request | Response) -> list[tuple[Source, frozenset[str]]]:
    """Return whom a message names, by each of the headers that do."""
    asserted = _users(addresses(message, "P-Asserted-Identity"))
    parties = [a for a in addresses(message, "Remote-Party-ID") if _is_party(a)]
    # A response repeats the From of our request; its To is where the far end's From came from.
    written = addresses(message, "From" if isinstance(message, Request) else "To")
    named: list[tuple[Source, frozenset[str]]] = [
        ("P-Asserted-Identity", asserted),
        ("Remote-Party-ID", _users(parties)),
        ("From", _users(written)),
    ]
    return [(source, users) for source, users in named if users]


def _is_party(address: Address) -> bool:
    """Whether a Remote-Party-ID is about a party of this call, whose name isn't withheld.

    Which of the two words a peer uses for itself depends on the peer: both are taken.
    """
    party = (address.param("party") or "called").strip('"').lower()
    privacy = (address.param("privacy") or "off").strip('"').lower()
    return party in ("called", "calling") and privacy in ("off", "name")


def _users(found: list[Address]) -> frozenset[str]:
    return frozenset(user for address in found if (user := _person(address.uri)))


def _person(uri: Uri) -> str:
    """Return a user part, numbers without visual separators (RFC 3966 section 5.1.1)."""
    user = user_of(uri)
    if user in _NOBODY or uri.host.lower().endswith(".invalid"):
        return ""
    return user.translate(_SEPARATORS) if _DIGITS.issuperset(user) else user


def _has_tag(message: Message) -> bool:
    return any(address.tag is not None for address in addresses(message, "To"))
