"""A media line of a session description with what stands below it (RFC 8866 section 5.14)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from sidecar.sip.sdp.codecs import Codec, read_codecs
from sidecar.sip.sdp.errors import SdpError
from sidecar.sip.sdp.fields import (
    Attribute,
    Connection,
    Line,
    attributes_of,
    check_section,
    connection_of,
    direction_of,
)

MAX_FORMATS = 128
_MSRP = ("TCP/MSRP", "TCP/TLS/MSRP")

_WITHOUT_RECEIVING = {"sendrecv": "sendonly", "recvonly": "inactive"}


@dataclass(frozen=True)
class MediaDescription:
    """One `m=` line and the lines below it.

    `session_connection` and `session_direction` are what the session level lends to a media
    line that has none of its own.
    """

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    lines: tuple[Line, ...] = ()
    port_count: int = 1
    session_connection: Connection | None = None
    session_direction: str | None = None

    @classmethod
    def parse(cls, lines: list[Line]) -> MediaDescription:
        """Read an `m=` line and those below it; raises SdpError."""
        fields = lines[0][1].split()
        if len(fields) < 4:
            raise SdpError("SDP media line needs a kind, a port, a protocol and a format")
        kind, port_text, protocol, *formats = fields
        if len(formats) > MAX_FORMATS:
            raise SdpError("Too many formats in an SDP media line")
        port, slash, count = port_text.partition("/")
        media = cls(
            kind,
            _bounded(port, 0, 65535, "port"),
            protocol,
            tuple(formats),
            tuple(lines[1:]),
            port_count=_bounded(count, 1, 255, "port count") if slash else 1,
        )
        if media.rtp:
            for each in formats:
                _bounded(each, 0, 127, "payload type")
        check_section(lines)
        return media

    @property
    def live(self) -> bool:
        """Whether the stream is wanted: port 0 refuses it (RFC 3264 section 6)."""
        return self.port != 0

    @property
    def rtp(self) -> bool:
        """Whether the stream is RTP, plain or secure."""
        return "RTP/" in self.protocol.upper()

    @property
    def secure(self) -> bool:
        """Whether the stream is encrypted (SRTP, DTLS, TLS)."""
        protocol = self.protocol.upper()
        return "SAVP" in protocol or "TLS" in protocol

    @property
    def message(self) -> bool:
        """Whether the stream is of instant messages or files: MSRP (RFC 4975, RFC 5547)."""
        return self.kind == "message" or self.protocol.upper().endswith("MSRP")

    @property
    def msrp(self) -> bool:
        """Whether the stream is one of messages just as RFC 4975 section 8.1 writes it."""
        return self.kind == "message" and self.protocol.upper() in _MSRP

    @property
    def relayable(self) -> bool:
        """Whether the stream comes as datagrams, the only thing the relay can carry."""
        return not self.protocol.upper().startswith("TCP")

    @cached_property
    def attributes(self) -> tuple[Attribute, ...]:
        """Every `a=` of this media line as (name, value), value None for a bare flag."""
        return attributes_of(self.lines)

    @cached_property
    def connection(self) -> Connection | None:
        """Where media goes: the line's own `c=` or the session's."""
        return connection_of(self.lines) or self.session_connection

    @cached_property
    def codecs(self) -> tuple[Codec, ...]:
        """The codecs of an RTP line in its order of preference, static types included."""
        return read_codecs(self.formats, self.attributes) if self.rtp else ()

    @cached_property
    def direction(self) -> str:
        """One of DIRECTIONS, seen from the describer; an unreachable address takes "recv" off."""
        own = direction_of(self.attributes) or self.session_direction or "sendrecv"
        if self.connection is not None and self.connection.unreachable:
            return _WITHOUT_RECEIVING.get(own, own)
        return own

    @cached_property
    def rtcp(self) -> int | None:
        """The RTCP port (RFC 3605; RTP + 1 where not said), None without RTP or a port."""
        if not (self.rtp and self.live):
            return None
        value = self.attribute("rtcp")
        if value is not None:
            port = value.partition(" ")[0]
            if port.isascii() and port.isdigit() and 0 < int(port[:6]) <= 65535:
                return int(port)
        return self.port + 1 if self.port < 65535 else None

    @property
    def rtcp_mux(self) -> bool:
        """Whether RTCP on the RTP port is offered or agreed (RFC 5761)."""
        return ("rtcp-mux", None) in self.attributes

    @cached_property
    def ptime(self) -> int | None:
        """The packet length asked for, in milliseconds, None where not said or senseless."""
        value = (self.attribute("ptime") or "").strip()
        if value.isascii() and value.isdigit() and len(value) <= 4 and int(value) > 0:
            return int(value)
        return None

    def attribute(self, name: str) -> str | None:
        """The value of the first attribute of that name that has one."""
        for candidate, value in self.attributes:
            if candidate == name and value is not None:
                return value
        return None

    def __str__(self) -> str:
        count = f"/{self.port_count}" if self.port_count != 1 else ""
        return f"{self.kind} {self.port}{count} {self.protocol} {' '.join(self.formats)}"


def _bounded(text: str, lowest: int, highest: int, what: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= 5 and lowest <= int(text) <= highest:
        return int(text)
    raise SdpError(f"SDP media line has a bad {what}")
