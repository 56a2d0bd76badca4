"""History-Info: which targets a request had, and why it left each of them (RFC 7044)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

from sidecar.sip.address import Address
from sidecar.sip.claims import addresses
from sidecar.sip.errors import ParseError
from sidecar.sip.grammar import Parameters
from sidecar.sip.message import Message
from sidecar.sip.uri import Uri

MOST_LEVELS = 32
_INDEX = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6})*+")
_OWN = ("index", "mp")

Index = tuple[int, ...]
"""Where an entry stands in the tree of targets: `1.2.1` is the first try of the second fork."""


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One target (hi-entry, section 5).

    `uri` is without headers. `reason` is the Reason header that was escaped in it: why the request
    went on from here (section 10.2), "" where it did not or nobody said. `mapped_from` is the
    index of the target that was another user (`mp`). `parameters` are all others.
    """

    uri: Uri
    index: Index
    reason: str = ""
    mapped_from: Index = ()
    parameters: Parameters = ()
    headers: Parameters = ()
    """The other headers that were escaped in the URI, such as Privacy."""

    @classmethod
    def parse(cls, text: str) -> HistoryEntry:
        """Read one entry; raises ParseError."""
        return cls.of(Address.parse(text))

    @classmethod
    def of(cls, address: Address) -> HistoryEntry:
        """Take an address for an entry; raises ParseError where it has no index."""
        uri, kept, reason = address.uri, [], ""
        for name, value in uri.headers:
            if name.lower() == "reason":
                reason = unquote(value or "", errors="surrogateescape")
            else:
                kept.append((name, value))
        return cls(
            uri.with_(headers=()) if uri.headers else uri,
            _read_index(address.param("index")),
            reason,
            _read_index(address.param("mp")) if address.param("mp") is not None else (),
            tuple(each for each in address.parameters if each[0].lower() not in _OWN),
            tuple(kept),
        )

    def __str__(self) -> str:
        headers = self.headers
        if self.reason and self.uri.scheme in ("sip", "sips"):  # no other can hold a header
            escaped = quote(self.reason, safe="", errors="surrogateescape")
            headers = (*headers, ("Reason", escaped))
        parameters: list[tuple[str, str | None]] = [("index", written_index(self.index))]
        if self.mapped_from:
            parameters.append(("mp", written_index(self.mapped_from)))
        uri = self.uri.with_(headers=headers) if headers else self.uri
        return str(Address(None, uri, (*parameters, *self.parameters)))


def history(message: Message) -> list[HistoryEntry]:
    """Return the readable entries of a message in the order of their indexes (section 9)."""
    found = []
    for address in addresses(message, "History-Info"):
        try:
            found.append(HistoryEntry.of(address))
        except ParseError:
            continue
    return sorted(found, key=lambda entry: entry.index)


def written_index(index: Index) -> str:
    """Write an index as `1.2.1`."""
    return ".".join(map(str, index))


def _read_index(text: str | None) -> Index:
    if text is None or _INDEX.fullmatch(text) is None or text.count(".") >= MOST_LEVELS:
        raise ParseError("Malformed History-Info Index")
    return tuple(map(int, text.split(".")))
