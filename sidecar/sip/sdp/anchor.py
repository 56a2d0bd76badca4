"""Rewriting a description so that all its media goes through us.

The anchored description names our address and ports; whatever would lead media past us (ICE,
BUNDLE, rtcp-mux, alternative addresses) or promise keys that we don't hold is taken out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from ipaddress import ip_address

from sidecar.sip.sdp.codecs import TELEPHONE_EVENT, Codec
from sidecar.sip.sdp.description import SessionDescription
from sidecar.sip.sdp.errors import SdpError
from sidecar.sip.sdp.fields import DIRECTIONS, Connection, Line, Origin
from sidecar.sip.sdp.media import MediaDescription
from sidecar.sip.sdp.recording import ATTRIBUTES as _RECORDING

# Other ways for media than the `c=` and `m=` lines: ICE (RFC 8839), one port for several streams
# (RFC 5761, 8858, 8843), other addresses (RFC 4570, 6947). And which source is whose (RFC 5576):
# a stream into which a prompt was played comes under a source of ours.
_OTHER_WAYS = frozenset(
    (
        *("candidate", "remote-candidates", "end-of-candidates"),
        *("ice-ufrag", "ice-pwd", "ice-options", "ice-lite", "ice-mismatch", "ice-pacing"),
        *("rtcp-mux", "rtcp-mux-only", "bundle-only", "source-filter", "altc"),
        *("ssrc", "ssrc-group"),
    )
)

# Keys (SDES, DTLS, MIKEY, ZRTP) and the capabilities that could bring them in (RFC 5939). On a
# line whose protocol isn't secure they are an opportunistic offer (RFC 8643) that we can't take.
_KEYING = frozenset(
    (
        *("crypto", "fingerprint", "setup", "connection", "tls-id", "key-mgmt", "zrtp-hash"),
        *("tcap", "pcfg", "acap", "acfg"),
    )
)


def address_of(sdp: SessionDescription, index: int) -> tuple[str, int, int | None, bool]:
    """Where the describer wants media line `index`: (host, RTP port, RTCP port, rtcp-mux).

    The RTCP port is None where there is none; it is the one to use while rtcp-mux isn't agreed,
    and we never agree to it. Raises SdpError (488) where the address is no unicast IP literal.
    """
    media = sdp.media[index]
    connection = media.connection
    if connection is None:
        raise SdpError("SDP media without a connection line")
    if not connection.unreachable:
        _check_unicast(connection)
    return connection.address, media.port, media.rtcp, media.rtcp_mux


def _check_unicast(connection: Connection) -> None:
    problem = _problem_of(connection)
    if problem:
        raise SdpError(problem, status=488)


@lru_cache(maxsize=1024)
def _problem_of(connection: Connection) -> str:
    """Why nothing can be sent there, or nothing; neighbours use the same few addresses."""
    try:
        address = ip_address(connection.address)
    except ValueError:
        return "Incompatible network address format"
    if address.version != (6 if connection.addrtype == "IP6" else 4):
        return "Incompatible network address format"
    return "Multicast not available" if address.is_multicast else ""


def anchor(
    sdp: SessionDescription,
    *,
    address: str,
    ports: Sequence[int],
    origin: Origin,
    messages: bool = False,
) -> SessionDescription:
    """A copy whose media come to us: line i at `address`, `ports[i]`, RTCP one above.

    A stream refused already stays refused; port 0 in `ports` refuses one, as does a protocol
    that the relay can't carry. Hold told by an unreachable address becomes a direction. All
    else but the `o=` line stays as it came. Streams of messages are refused, without a word of
    where they would have led, or with `messages` left as they came: MSRP then goes directly
    between both sides (RFC 4975 section 8), and nothing else does under that name. Raises
    ValueError where `ports` is too short.
    """
    if len(ports) < len(sdp.media):
        raise ValueError(f"{len(sdp.media)} media lines, {len(ports)} ports")
    secure = any(media.secure and media.live for media in sdp.media)
    connection = Connection.to(address)
    lines: list[Line] = []
    for letter, value in sdp.lines:
        if letter == "o":
            lines.append((letter, str(origin)))
        elif letter == "c":
            lines.append((letter, str(connection)))
        elif letter != "a" or not _stays_here(value, secure):
            lines.append((letter, value))
    media = [
        _message_stream(each, messages) if each.message else _anchored(each, connection, port)
        for each, port in zip(sdp.media, ports, strict=False)
    ]
    return SessionDescription.of(lines, media)


def _stays_here(attribute: str, secure: bool) -> bool:
    """Whether it would lead media past us, promise keys we lack, or is between us and one side."""
    name, _, value = attribute.strip().partition(":")
    if name == "group":
        return value.upper().startswith("BUNDLE")
    return name in _OTHER_WAYS or name in _RECORDING or (name in _KEYING and not secure)


def _anchored(media: MediaDescription, connection: Connection, port: int) -> MediaDescription:
    port = port if media.live and media.relayable else 0
    hold = media.connection is not None and media.connection.unreachable
    lines: list[Line] = []
    pointed = False
    for letter, value in media.lines:
        if letter == "c":
            if not pointed:
                lines.append(("c", str(connection)))
            pointed = True
        elif letter == "a" and value.partition(":")[0] == "rtcp":
            if port:
                lines.append(("a", f"rtcp:{port + 1}"))
        elif letter == "a" and hold and value in DIRECTIONS:
            continue
        elif letter != "a" or not _stays_here(value, media.secure):
            lines.append((letter, value))
    if hold:
        lines.append(("a", media.direction))
    return replace(media, port=port, port_count=1, lines=tuple(lines))


def _message_stream(media: MediaDescription, wanted: bool) -> MediaDescription:
    if not (wanted and media.live and media.msrp):
        return replace(media, port=0, port_count=1, lines=())
    lines, connection = media.lines, media.session_connection
    if connection is None or any(letter == "c" for letter, _ in lines):
        return media
    above = sum(letter == "i" for letter, _ in lines[:1])  # RFC 8866 section 5: i= before c=
    return replace(media, lines=(*lines[:above], ("c", str(connection)), *lines[above:]))


def narrow(sdp: SessionDescription, names: frozenset[str]) -> SessionDescription | None:
    """A copy whose first live audio line offers only the codecs called `names`.

    Telephone-event stays for the clock rates that are left (RFC 4733 section 2.1). Other media
    lines stay as they are. None where there is no audio or no codec would be left.
    """
    for index, media in enumerate(sdp.media):
        if media.kind == "audio" and media.live and media.rtp:
            kept = _kept(media.codecs, names)
            if not kept:
                return None
            narrowed = _with_only(media, {str(codec.payload_type) for codec in kept})
            return replace(sdp, media=(*sdp.media[:index], narrowed, *sdp.media[index + 1 :]))
    return None


def _kept(codecs: Sequence[Codec], names: frozenset[str]) -> list[Codec]:
    rates = {
        codec.rate for codec in codecs if codec.name in names and codec.name != TELEPHONE_EVENT
    }
    return [
        codec
        for codec in codecs
        if codec.rate in rates and (codec.name in names or codec.name == TELEPHONE_EVENT)
    ]


def _with_only(media: MediaDescription, payload_types: set[str]) -> MediaDescription:
    """The line with these payload types, and no attribute that speaks of another."""
    formats = tuple(each for each in media.formats if str(int(each)) in payload_types)
    lines = [
        (letter, value)
        for letter, value in media.lines
        if letter != "a" or _speaks_of(value) is None or _speaks_of(value) in formats
    ]
    return replace(media, formats=formats, lines=tuple(lines))


def _speaks_of(attribute: str) -> str | None:
    """The payload type that a rtpmap, fmtp or rtcp-fb attribute is about, None for all others."""
    name, _, value = attribute.partition(":")
    if name not in ("rtpmap", "fmtp", "rtcp-fb"):
        return None
    payload_type = value.strip().partition(" ")[0]
    return None if payload_type == "*" else payload_type
