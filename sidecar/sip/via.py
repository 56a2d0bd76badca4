"""The Via header field (RFC 3261 section 20.42, RFC 3581)."""

from __future__ import annotations

import re
from typing import NamedTuple

from sidecar.sip.errors import ParseError
from sidecar.sip.grammar import (
    HOST,
    TOKEN,
    Parameters,
    bare_host,
    find_parameter,
    format_parameters,
    parse_parameters,
    parse_port,
    replace_parameter,
    written_host,
)

BRANCH_COOKIE = "z9hG4bK"
"""What a branch of RFC 3261 begins with (section 8.1.1.7)."""

_VIA = re.compile(
    rf"({TOKEN})[ \t]*+/[ \t]*+({TOKEN})[ \t]*+/[ \t]*+({TOKEN})[ \t]++"
    rf"({HOST})(?:[ \t]*+:[ \t]*+([0-9]{{1,5}}+))?[ \t]*+(;.*+)?",
    re.DOTALL,
)


class Via(NamedTuple):
    """One hop: `SIP/2.0/UDP host:port;branch=...`.

    `transport` is in upper case, `host` without brackets, `port` None where it was not given.
    """

    transport: str
    host: str
    port: int | None = None
    parameters: Parameters = ()
    protocol: str = "SIP/2.0"

    @classmethod
    def parse(cls, text: str) -> Via:
        """Read one Via value (not a list); raises ParseError."""
        found = _VIA.fullmatch(text)
        if found is None:
            raise ParseError("Malformed Via")
        name, version, transport, host, port, parameters = found.groups()
        return cls(
            transport.upper(),
            bare_host(host) if host[0] == "[" else host,
            parse_port(port) if port else None,
            parse_parameters(parameters) if parameters else (),
            "SIP/2.0" if name == "SIP" and version == "2.0" else f"{name}/{version}",
        )

    def param(self, name: str) -> str | None:
        """Return a parameter's value: "" where it has none, None where it is missing."""
        found = find_parameter(self.parameters, name)
        return None if found is None else found[1] or ""

    def with_param(self, name: str, value: str | None) -> Via:
        """Return this Via with a parameter set, in its old place or at the end."""
        return self._replace(parameters=replace_parameter(self.parameters, name, value))

    @property
    def branch(self) -> str | None:
        """The branch parameter; one of RFC 3261 begins with `BRANCH_COOKIE`."""
        return self.param("branch")

    @property
    def received(self) -> str | None:
        """The address the message really came from, without brackets (RFC 5118 section 4.5)."""
        received = self.param("received")
        return received.strip("[]") if received else received

    @property
    def has_rport(self) -> bool:
        """True where the sender asks for its port, or was told it (RFC 3581 section 3)."""
        return find_parameter(self.parameters, "rport") is not None

    @property
    def rport(self) -> int | None:
        """The port that the message really came from; None where absent or without a value."""
        text = self.param("rport")
        if not text or not (text.isascii() and text.isdigit() and len(text) <= 5):
            return None
        return int(text)

    def __str__(self) -> str:
        port = "" if self.port is None else f":{self.port}"
        return (
            f"{self.protocol}/{self.transport} {written_host(self.host)}{port}"
            f"{format_parameters(self.parameters)}"
        )
