"""What a body is: the value of Content-Type, and the pieces of Accept (RFC 3261 section 20.15)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from sidecar.sip.errors import ParseError
from sidecar.sip.grammar import (
    TOKEN,
    Parameters,
    find_parameter,
    format_parameters,
    parse_parameters,
    unquote,
)

LONGEST = 1024
"""Characters of a value that is looked at."""

_TYPE = re.compile(
    rf"[ \t]*+({TOKEN})[ \t]*+/[ \t]*+({TOKEN})[ \t]*+(;.*+)?",
    re.DOTALL,
)


class MediaType(NamedTuple):
    """A type of body. `name` is "type/subtype" in lower case, without any blank or tab."""

    name: str
    parameters: Parameters = ()

    @classmethod
    def parse(cls, text: str) -> MediaType:
        """Read a value, blanks and tabs wherever a peer may see none; raises ParseError.

        Parameters that can't be read are left out: what needs one will miss it.
        """
        if len(text) > LONGEST:
            raise ParseError("Content-Type Too Long")
        return _parsed(text)

    def param(self, name: str) -> str | None:
        """Return a parameter without its quotes, None where it is missing."""
        found = find_parameter(self.parameters, name)
        if found is None:
            return None
        value = found[1] or ""
        return unquote(value) if value[:1] == '"' else value

    @property
    def kind(self) -> str:
        """What stands before the slash."""
        return self.name.partition("/")[0]

    def __str__(self) -> str:
        return self.name + format_parameters(self.parameters)


@lru_cache(maxsize=256)
def _parsed(text: str) -> MediaType:
    found = _TYPE.fullmatch(text)
    if found is None:
        raise ParseError("Malformed Content-Type")
    return MediaType(f"{found[1]}/{found[2]}".lower(), _parameters(found[3] or ""))


def _parameters(text: str) -> Parameters:
    try:
        return parse_parameters(text.rstrip("; \t"))
    except ParseError:
        return ()
