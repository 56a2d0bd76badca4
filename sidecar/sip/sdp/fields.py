"""The lines of a session description, and those that are values of their own."""

from __future__ import annotations

import re
from typing import NamedTuple

from sidecar.sip.sdp.errors import SdpError

MAX_ATTRIBUTES = 256
MAX_DIGITS = 30
MAX_HOST = 255

DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")

RECORDING = ("record", "recordpref")
"""What is said and wished about recording (RFC 7866); both are between us and one side."""

WITHOUT_RECEIVING = {"sendrecv": "sendonly", "recvonly": "inactive"}
"""What is left of a direction where nothing can be received."""

_UNREACHABLE = ("0.0.0.0", "::")  # noqa: S104

Line = tuple[str, str]
"""One line as (letter, value)."""

Attribute = tuple[str, str]
"""One attribute as (name, value); the value of a bare flag is empty."""

WORD = r"[!#$%&'*+\-.^_`{|}~0-9A-Za-z]+"
"""RFC 8866 section 9. It is what an attribute's name is made of, and a media line's words."""

is_token = re.compile(WORD).fullmatch

_NAMED = re.compile(rf"[ \t]*({WORD})[ \t]*:?(.*)", re.DOTALL)


def read_attribute(text: str) -> Attribute | None:
    """Read the text after `a=` as the most careless peer would; None where nothing has a name.

    Names are in lower case and end at the first character that can't be in one, so that
    `a= Candidate:1`, `a=candidate 1` and `a=candidate:1` are the same.
    """
    found = _NAMED.match(text)
    return None if found is None else (found[1].lower(), found[2].strip())


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
        nettype, addrtype, address = fields
        if nettype.upper() != "IN" or addrtype.upper() not in ("IP4", "IP6"):
            raise SdpError("Incompatible network protocol", status=488, warning=300)
        if len(address) > MAX_HOST:
            raise SdpError("SDP connection to no host", status=488, warning=301)
        return cls(addrtype.upper(), address)

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


class Lent(NamedTuple):
    """What the session's own lines lend to media lines that don't say it themselves."""

    connection: Connection | None = None
    direction: str | None = None
    rtcp_port: int | None = None
    recording: tuple[Attribute, ...] = ()


def digits(text: str, what: str) -> int:
    """The number that `text` spells; raises SdpError, naming `what`."""
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS):
        raise SdpError(f"{what} isn't a number")
    return int(text)


def port_of(value: str) -> int | None:
    """The port that an `a=rtcp` names (RFC 3605), None where it names none."""
    port = value.partition(" ")[0]
    if port.isascii() and port.isdigit() and 0 < int(port[:6]) <= 65535:
        return int(port)
    return None
