"""A media line of a session description with what stands below it (RFC 8866 section 5.14)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cached_property

from sidecar.sip.sdp.allowed import read_allowed
from sidecar.sip.sdp.codecs import Codec, read_codecs, split_payload_type, supported
from sidecar.sip.sdp.errors import SdpError
from sidecar.sip.sdp.fields import (
    DIRECTIONS,
    MAX_ATTRIBUTES,
    RECORDING,
    WITHOUT_RECEIVING,
    Attribute,
    Connection,
    Lent,
    Line,
    is_token,
    port_of,
    read_attribute,
)

MAX_FORMATS = 128
MAX_WORD = 64

CARRIED = {
    "audio": ("RTP/AVP", "RTP/AVPF"),
    "video": ("RTP/AVP", "RTP/AVPF"),
    "image": ("udptl",),
}
"""The streams that the relay carries. All else is refused: secure ones (SRTP isn't ended here),
text and data (T.140, data channels, BFCP), whatever comes over TCP."""

_MSRP = ("TCP/MSRP", "TCP/TLS/MSRP")
# Every registered kind and transport fits this (RFC 8866 section 8.2), and every reader takes it.
_is_word = re.compile(r"[0-9A-Za-z]{1,64}").fullmatch
_BANDWIDTH = re.compile(r"(AS|TIAS):(\d{1,10})\s*", re.ASCII)


@dataclass(frozen=True)
class MediaDescription:
    """One `m=` line and what was understood of the lines below it.

    `formats` are the words of the line, `codecs` what those of RTP stand for, in their order of
    preference. `direction` is one of DIRECTIONS, seen from the describer. `attributes` are those
    that may cross (`allowed`), in their one spelling; `recording` what is said about recording
    (RFC 7866), which never does. `rtcp_port` is None where it is the usual one.
    """

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    codecs: tuple[Codec, ...] = ()
    connection: Connection | None = None
    direction: str = "sendrecv"
    attributes: tuple[Attribute, ...] = ()
    bandwidth: tuple[str, ...] = ()
    recording: tuple[Attribute, ...] = ()
    rtcp_port: int | None = None
    rtcp_mux: bool = False

    @classmethod
    def parse(cls, lines: list[Line], lent: Lent) -> MediaDescription:
        """Read an `m=` line and those below it; raises SdpError.

        `lent` is what the session's own lines say for it. What stands below a refused line means
        nothing.
        """
        media = _line(lines[0][1])
        below = _read_below(lines, lent)
        if not media.live:
            return replace(media, connection=below.connection)
        direction = below.direction or "sendrecv"
        if below.connection is not None and below.connection.unreachable:
            direction = WITHOUT_RECEIVING.get(direction, direction)
        return cls(
            media.kind,
            media.port,
            media.protocol,
            media.formats,
            read_codecs(media.formats, below.maps, below.parameters) if media.rtp else (),
            below.connection,
            direction,
            read_allowed(media.kind, below.attributes),
            tuple(f"{name}:{value}" for name, value in below.bandwidth.items()),
            tuple(below.recording),
            below.rtcp_port,
            below.rtcp_mux,
        )

    @property
    def live(self) -> bool:
        """Whether the stream is wanted: port 0 refuses it (RFC 3264 section 6)."""
        return self.port != 0

    @property
    def rtp(self) -> bool:
        """Whether the stream is RTP, plain or secure."""
        return "RTP/" in self.protocol

    @property
    def secure(self) -> bool:
        """Whether the stream is encrypted (SRTP, DTLS, TLS)."""
        return "SAVP" in self.protocol or "TLS" in self.protocol

    @property
    def message(self) -> bool:
        """Whether the stream is of instant messages or files: MSRP (RFC 4975, RFC 5547)."""
        return self.kind == "message" or self.protocol.endswith("MSRP")

    @property
    def msrp(self) -> bool:
        """Whether the stream is one of messages just as RFC 4975 section 8.1 writes it."""
        return self.kind == "message" and self.protocol in _MSRP

    @property
    def carried(self) -> bool:
        """Whether the stream is wanted, and one that the relay carries, of which we know a form."""
        if not self.live or self.protocol not in CARRIED.get(self.kind, ()):
            return False
        return any(codec.voice for codec in self.codecs) if self.rtp else self.formats[0] == "t38"

    @cached_property
    def rtcp(self) -> int | None:
        """The RTCP port (RFC 3605; RTP + 1 where not said), None without RTP or a port."""
        if not (self.rtp and self.live):
            return None
        if self.rtcp_port is not None:
            return self.rtcp_port
        return self.port + 1 if self.port < 65535 else None

    @property
    def ptime(self) -> int | None:
        """The packet length asked for, in milliseconds, None where not said or senseless."""
        value = self.attribute("ptime")
        return None if value is None else int(value)

    @property
    def maxptime(self) -> int | None:
        """The longest packet that is taken, in milliseconds, None where not said or senseless."""
        value = self.attribute("maxptime")
        return None if value is None else int(value)

    def attribute(self, name: str) -> str | None:
        """The value of the first of `attributes` of that name."""
        return next((value for each, value in self.attributes if each == name), None)

    def refused(self) -> MediaDescription:
        """The line as it is refused, without a word of where it would have led."""
        return MediaDescription(
            self.kind, 0, self.protocol, self.formats[:1], connection=self.connection
        )

    def with_codecs(self, codecs: tuple[Codec, ...]) -> MediaDescription:
        """The line with these of its codecs, and no attribute that speaks of another."""
        codecs = supported(codecs) or codecs
        formats = tuple(str(codec.payload_type) for codec in codecs)
        kept = self.attributes
        if any(_speaks_of(each) for each in kept):
            kept = tuple(each for each in kept if (_speaks_of(each) or formats[0]) in formats)
        return replace(self, formats=formats, codecs=codecs, attributes=kept)

    def written(self, session: Connection | None) -> str:
        """The `m=` line and those below it, where the session's own `c=` is `session`."""
        formats = [str(codec.payload_type) for codec in self.codecs] or self.formats
        lines = [f"m={self.kind} {self.port} {self.protocol} {' '.join(formats)}\r\n"]
        if not self.live:
            return lines[0]
        if self.connection is not None and self.connection != session:
            lines.append(f"c={self.connection}\r\n")
        lines += [f"b={each}\r\n" for each in self.bandwidth]
        lines += [codec.written for codec in self.codecs]
        lines += [
            f"a={name}:{value}\r\n" if value else f"a={name}\r\n" for name, value in self.attributes
        ]
        if self.rtcp_port is not None:
            lines.append(f"a=rtcp:{self.rtcp_port}\r\n")
        if self.rtcp_mux:
            lines.append("a=rtcp-mux\r\n")
        if self.rtp or self.direction != "sendrecv":
            lines.append(f"a={self.direction}\r\n")
        lines += [f"a={name}:{value}\r\n" for name, value in self.recording]
        return "".join(lines)


@dataclass(slots=True)
class _Below:
    """What the lines below a media line say; the first word of each counts."""

    connection: Connection | None
    direction: str | None
    rtcp_port: int | None
    recording: list[Attribute]
    rtcp_mux: bool = False
    maps: dict[int, list[str]] = field(default_factory=dict)
    parameters: dict[int, str] = field(default_factory=dict)
    bandwidth: dict[str, int] = field(default_factory=dict)
    attributes: list[Attribute] = field(default_factory=list)


def _line(value: str) -> MediaDescription:
    """The words of the `m=` line itself, each in its one spelling."""
    fields = value.split()
    if len(fields) < 4:
        raise SdpError("SDP media line needs a kind, a port, a protocol and a format")
    kind, port_text, protocol, *formats = fields
    if len(formats) > MAX_FORMATS:
        raise SdpError("Too many formats in an SDP media line")
    port, slash, count = port_text.partition("/")
    if slash:
        _bounded(count, 1, 255, "port count")
    transport = protocol.upper()
    if not all(map(_is_word, (kind, *protocol.split("/")))):
        raise SdpError("SDP media line has a bad kind or protocol")
    if transport == "UDPTL":
        transport = "udptl"
    if "RTP/" in transport:
        words = tuple(dict.fromkeys(str(_bounded(x, 0, 127, "payload type")) for x in formats))
    else:
        words = tuple(each.lower() for each in formats if is_token(each) and len(each) <= MAX_WORD)
    return MediaDescription(
        kind.lower(), _bounded(port, 0, 65535, "port"), transport, words or ("*",)
    )


def _read_below(lines: list[Line], lent: Lent) -> _Below:
    below = _Below(None, None, None, [])
    count = 0
    for letter, value in lines[1:]:
        if letter == "a":
            count += 1
            _read_attribute(below, value)
        elif letter == "c" and below.connection is None:
            below.connection = Connection.parse(value)
        elif letter == "b" and (found := _BANDWIDTH.fullmatch(value)):
            below.bandwidth.setdefault(found[1], int(found[2]))
    if count > MAX_ATTRIBUTES:
        raise SdpError("Too many attributes in SDP")
    below.connection = below.connection or lent.connection
    below.direction = below.direction or lent.direction
    below.rtcp_port = below.rtcp_port or lent.rtcp_port
    below.recording += lent.recording
    return below


def _read_attribute(below: _Below, text: str) -> None:
    read = read_attribute(text)
    if read is None:
        return
    name, value = read
    if name == "rtpmap":
        if (said := split_payload_type(value)) is not None and said[1]:
            below.maps.setdefault(said[0], []).append(said[1])
    elif name == "fmtp":
        if (said := split_payload_type(value)) is not None:
            below.parameters.setdefault(*said)
    elif name in DIRECTIONS:
        below.direction = below.direction or name
    elif name == "rtcp":
        below.rtcp_port = below.rtcp_port or port_of(value)
    elif name == "rtcp-mux":
        below.rtcp_mux = True
    elif name in RECORDING:
        below.recording.append((name, value.lower()))
    else:
        below.attributes.append(read)


def _speaks_of(attribute: Attribute) -> str | None:
    """The payload type that an attribute is about, None where it is about all or none."""
    name, value = attribute
    if name not in ("rtcp-fb", "imageattr", "gpmd"):
        return None
    payload_type = value.partition(" ")[0]
    return None if payload_type == "*" else str(int(payload_type))


def _bounded(text: str, lowest: int, highest: int, what: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= 5 and lowest <= int(text) <= highest:
        return int(text)
    raise SdpError(f"SDP media line has a bad {what}")
