"""Signs by which a PBX's messages give away that a mailbox has taken, or will take, a call.

Most PBXs give none: the answer of Asterisk's VoiceMail() looks like a telephone's. Those that do
use one of these:

- *features*: a Contact with `actor="msg-taker"` (RFC 3840 section 10.16), unless it says
  `automata="FALSE"`. `automata` alone (10.15) is no sign: menus, conferences and queues are
  automata too. `msg-taker` alone is: whatever it is, it takes messages;
- *cause*: a Contact, or the last target of History-Info, with the URI parameter `target`
  (RFC 4458 section 2.1): a service URI for the person whose call was diverted. `cause` without
  `target` is written into any diverted target (RFC 7544) and only tells that the call was
  forwarded;
- *user*: a user part that the operator named, in Contact, in the last target of History-Info, or
  in P-Asserted-Identity;
- *forwarded*: the call is no longer where it was sent: 181, a Diversion (RFC 5806), `cause`, or a
  Reason in History-Info. To another phone as likely as to a mailbox, so only where the operator
  says that his PBX forwards to mailboxes.
"""

from __future__ import annotations

from typing import Literal, Protocol

from sidecar.sip.address import Address
from sidecar.sip.claims import addresses, user_of
from sidecar.sip.grammar import unquote
from sidecar.sip.history import HistoryEntry, history
from sidecar.sip.message import Request, Response
from sidecar.sip.uri import Uri

Sign = Literal["features", "cause", "user", "forwarded"]

MESSAGE_TAKER = "msg-taker"
_NO_USERS: frozenset[str] = frozenset()
_FORWARDED = 181
_EARLY_DIALOG_ENDED = 199


class Users(Protocol):
    """User parts, told by whether one is among them."""

    def __contains__(self, user: str, /) -> bool:
        """Tell whether a user part is one of a mailbox."""


class MailboxSigns:
    """What counts as a sign at one PBX.

    `users` holds the user parts of its mailboxes (asked with escapes resolved and letters folded);
    `forwarded` says that whatever is forwarded goes to one.
    """

    __slots__ = ("_forwarded", "_users")

    def __init__(self, users: Users = _NO_USERS, *, forwarded: bool = False) -> None:
        self._users = users
        self._forwarded = forwarded

    def seen(self, message: Request | Response) -> Sign | Literal[""]:
        """Return the first sign in a message of the PBX, "" where there is none.

        A message is a response of class 1xx or 2xx to our INVITE, or a request within its dialog
        (after a transfer). Never raises; what can't be read is no sign.
        """
        if isinstance(message, Response) and not _tells(message.status):
            return ""
        contacts, entries = addresses(message, "Contact"), history(message)
        last = [entries[-1].uri] if entries else []
        targets = [each.uri for each in contacts] + last
        if any(_takes_messages(contact) for contact in contacts):
            return "features"
        if any(uri.param("target") for uri in targets):
            return "cause"
        asserted = [each.uri for each in addresses(message, "P-Asserted-Identity")]
        if any(user in self._users for uri in targets + asserted if (user := user_of(uri))):
            return "user"
        return "forwarded" if self._forwarded and _was_forwarded(message, targets, entries) else ""


def _tells(status: int) -> bool:
    """Whether a response is about the target that has the call."""
    return 100 < status < 300 and status != _EARLY_DIALOG_ENDED


def _takes_messages(contact: Address) -> bool:
    actors = _feature(contact, "actor")
    return MESSAGE_TAKER in actors and "false" not in _feature(contact, "automata")


def _feature(contact: Address, name: str) -> list[str]:
    """Return the words of a feature parameter (RFC 3840 section 9); `!word` stays negated."""
    value = contact.param(name) or ""
    text = unquote(value) if value.startswith('"') else value
    return [word.strip().lower() for word in text.split(",")]


def _was_forwarded(
    message: Request | Response, targets: list[Uri], entries: list[HistoryEntry]
) -> bool:
    return (
        (isinstance(message, Response) and message.status == _FORWARDED)
        or message.headers.get("Diversion") is not None
        or any(uri.param("cause") is not None for uri in targets)
        or (len(entries) > 1 and any(entry.reason for entry in entries))
    )
