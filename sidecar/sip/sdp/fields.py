"""The lines of a session description, and the two that are values of their own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sidecar.sip.sdp.errors import SdpError

MAX_ATTRIBUTES = 256
MAX_DIGITS = 30

DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")

_UNREACHABLE = ("0.0.0.0", "::")  # noqa: S104

Line = tuple[str, str]
"""One line as (letter, value)."""

Attribute = tuple[str, str | None]
"""One `a=` line as (name, value), value None for a bare flag."""


class Origin(NamedTuple):
    """The `o=` line (RFC 8866 section 5.2)."""

    username: str
    session_id: int
    version: int
    nettype: str
    addrtype: str
    address: str

    @classmethod
    def parse(cls, value: str) -> Origin:
        """Read the text after `o=`; raises SdpError."""
        fields = value.split()
        if len(fields) != 6:
            raise SdpError("SDP origin needs six fields")
        username, session_id, version, nettype, addrtype, address = fields
        return cls(
            username,
            digits(session_id, "SDP session id"),
            digits(version, "SDP version"),
            nettype,
            addrtype,
            address,
        )

    def __str__(self) -> str:
        return " ".join(map(str, self))


class Connection(NamedTuple):
    """The `c=` line of the internet (RFC 8866 section 5.7); `address` may be a host name."""

    addrtype: str
    address: str

    @classmethod
    def parse(cls, value: str) -> Connection:
        """Read the text after `c=`; raises SdpError, with 488 where it is no internet address."""
        fields = value.split()
        if len(fields) != 3:
            raise SdpError("SDP connection needs three fields")
        if fields[0] != "IN" or fields[1] not in ("IP4", "IP6"):
            raise SdpError("Incompatible network protocol", status=488)
        return cls(fields[1], fields[2])

    @classmethod
    def to(cls, address: str) -> Connection:
        """The connection to an IPv4 or IPv6 literal."""
        return cls("IP6" if ":" in address else "IP4", address)

    @property
    def unreachable(self) -> bool:
        """Whether this says "send nothing here": hold as RFC 2543 knew it.

        0.0.0.0, its IPv6 twin, and a name under `.invalid` (RFC 6157).
        """
        return self.address in _UNREACHABLE or self.address.lower().endswith(".invalid")

    def __str__(self) -> str:
        return f"IN {self.addrtype} {self.address}"


def attributes_of(lines: Iterable[Line]) -> tuple[Attribute, ...]:
    """The attributes among `lines` as (name, value), value None for a bare flag."""
    found: list[Attribute] = []
    for letter, text in lines:
        if letter == "a":
            name, colon, value = text.strip().partition(":")
            found.append((name, value if colon else None))
    return tuple(found)


def connection_of(lines: Iterable[Line]) -> Connection | None:
    """The first `c=` among `lines`; raises SdpError where it can't be read."""
    for letter, value in lines:
        if letter == "c":
            return Connection.parse(value)
    return None


def direction_of(attributes: Iterable[Attribute]) -> str | None:
    """The first direction attribute, if there is one (RFC 8866 section 6.7)."""
    for name, value in attributes:
        if value is None and name in DIRECTIONS:
            return name
    return None


def digits(text: str, what: str) -> int:
    """The number that `text` spells; raises SdpError, naming `what`."""
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS):
        raise SdpError(f"{what} isn't a number")
    return int(text)


def check_section(lines: list[Line]) -> None:
    """Check what holds for the session's lines and for those of each media line alike.

    Raises SdpError for an unreadable connection and for too many attributes.
    """
    connection_of(lines)
    if sum(letter == "a" for letter, _ in lines) > MAX_ATTRIBUTES:
        raise SdpError("Too many attributes in SDP")
