"""Addresses of From, To, Contact, Route and their like (RFC 3261 section 20.10 and 25.1)."""

from __future__ import annotations

import re
from typing import NamedTuple

from sidecar.sip.errors import ParseError
from sidecar.sip.grammar import (
    QUOTED,
    TOKEN,
    VALUE,
    WHITESPACE,
    Parameters,
    find_parameter,
    format_parameters,
    is_token,
    parse_parameters,
    quote,
    replace_parameter,
    split_values,
    unquote,
)
from sidecar.sip.uri import PLAIN_SIP, Uri

# An unquoted display name should hold tokens only; dots, "@" and letters beyond ASCII are
# seen too and read. A comma is not: it ends a value.
_UNQUOTED = r'[^"<>,;\\\x00-\x08\x0a-\x1f\x7f]++'
_NAME_ADDR = re.compile(rf"(?:({QUOTED})[ \t]*+|({_UNQUOTED}))?<([^<>]++)>(.*+)", re.DOTALL)
_PLAIN = re.compile(
    rf"(?:{QUOTED}[ \t]*+|{_UNQUOTED})?<{PLAIN_SIP}>(?:;{TOKEN}(?:={VALUE})?)*+", re.DOTALL
)
_ADDR_SPEC = re.compile(r"([^;?,<>\"\x00-\x20]++)[ \t]*+(;.*+)?", re.DOTALL)

is_plain = _PLAIN.fullmatch
"""Matches addresses that `Address.parse` never refuses; faster where only that is asked."""


class Address(NamedTuple):
    """A name-addr or addr-spec with its header parameters.

    `display` is what the display name says (unquoted), None where there is none.
    `Contact: *` is read as an address whose `wildcard` is true.
    """

    display: str | None
    uri: Uri
    parameters: Parameters = ()

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read one address, not a wildcard; raises ParseError."""
        found = _NAME_ADDR.fullmatch(text)
        if found is not None:
            quoted, plain, uri, parameters = found.groups()
            if quoted is not None:
                display: str | None = unquote(quoted)
            else:
                display = plain.strip(WHITESPACE) or None if plain is not None else None
            return cls(display, Uri.parse(uri), parse_parameters(parameters))
        # Without <> everything from the first semicolon on belongs to the header, and a
        # question mark or comma may not stand in the URI (section 20.10).
        found = _ADDR_SPEC.fullmatch(text)
        if found is None:
            raise ParseError("Malformed Address")
        return cls(None, Uri.parse(found[1]), parse_parameters(found[2] or ""))

    @classmethod
    def parse_list(cls, text: str) -> list[Address]:
        """Read addresses that are separated by commas, or the `*` of `Contact: *`.

        Raises ParseError, also where there is no address at all.
        """
        if text == "*":
            return [_WILDCARD]
        addresses = [cls.parse(value) for value in split_values(text)]
        if not addresses:
            raise ParseError("Missing Address")
        return addresses

    @property
    def wildcard(self) -> bool:
        """True for the `*` of `Contact: *`."""
        return self.uri.scheme == "*"

    @property
    def tag(self) -> str | None:
        """The tag parameter (RFC 3261 section 19.3)."""
        return self.param("tag")

    def param(self, name: str) -> str | None:
        """Return a header parameter's value: "" where it has none, None where it is missing."""
        found = find_parameter(self.parameters, name)
        return None if found is None else found[1] or ""

    def with_tag(self, tag: str | None) -> Address:
        """Return this address with another tag, or without one; raises ValueError for no token."""
        if tag is None:
            kept = tuple(p for p in self.parameters if p[0].lower() != "tag")
            return self._replace(parameters=kept)
        if not is_token(tag):
            raise ValueError("a tag is a token")
        return self._replace(parameters=replace_parameter(self.parameters, "tag", tag))

    def __str__(self) -> str:
        if self.wildcard:
            return "*"
        name = "" if self.display is None else quote(self.display) + " "
        return f"{name}<{self.uri}>{format_parameters(self.parameters)}"


_WILDCARD = Address(None, Uri._make(("*", None, None, "", None, (), (), None)))
