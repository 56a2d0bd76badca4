"""Rewriting a description so that all its media goes through us.

The anchored description names our address and ports, and nothing else that was not understood:
the model it is written from has no room for other ways (ICE, BUNDLE, rtcp-mux, alternative
addresses) and for keys that we don't hold.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

from sidecar.sip.sdp.codecs import COMFORT_NOISE, TELEPHONE_EVENT, Codec
from sidecar.sip.sdp.description import SessionDescription
from sidecar.sip.sdp.errors import NothingCarried, SdpError
from sidecar.sip.sdp.fields import Connection, Origin
from sidecar.sip.sdp.media import MediaDescription

_BESIDE = (TELEPHONE_EVENT, COMFORT_NOISE)
_NO_LITERAL = "Incompatible network address format"
_HOST = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z.:-]{0,252}[0-9A-Za-z:])?").fullmatch


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


def check_usable(sdp: SessionDescription, address: str) -> None:
    """Raise SdpError (488) where nothing of an offer can be carried, or not to where it wants it.

    `address` is our own: media comes in the same address family. A host name is refused, since it
    could be another host's tomorrow, and so is an address that isn't one host's.
    """
    live = [media for media in sdp.media if media.live]
    carried = [media for media in live if media.carried]
    if live and not carried and not any(media.message for media in live):
        raise NothingCarried(secure=any(media.secure for media in live))
    ours = Connection.to(address).addrtype
    for media in carried:
        connection = media.connection
        if connection is None or connection.unreachable:
            continue
        _check_unicast(connection)
        if connection.addrtype != ours:
            raise SdpError(_NO_LITERAL, status=488, warning=301)


def _check_unicast(connection: Connection) -> None:
    problem, warning = _problem_of(connection)
    if problem:
        raise SdpError(problem, status=488, warning=warning)


@lru_cache(maxsize=1024)
def _problem_of(connection: Connection) -> tuple[str, int]:
    """Why nothing can be sent there and the code of the warning; neighbours use the same few."""
    try:
        address = ip_address(connection.address)
    except ValueError:
        return _NO_LITERAL, 301
    if address.version != (6 if connection.addrtype == "IP6" else 4):
        return _NO_LITERAL, 301
    if address.is_multicast:
        return "Multicast not available", 330
    return ("", 0) if _of_one_host(address) else (_NO_LITERAL, 301)


def _of_one_host(address: IPv4Address | IPv6Address) -> bool:
    """Whether it can be one host's: no broadcast, nothing reserved, no scope of the sender's."""
    if isinstance(address, IPv4Address):
        return not address.is_reserved and int(address) >> 24 != 0
    return address.scope_id is None and address.ipv4_mapped is None and not address.is_unspecified


def anchor(
    sdp: SessionDescription,
    *,
    address: str,
    ports: Sequence[int],
    origin: Origin,
    messages: bool = False,
) -> SessionDescription:
    """A copy whose media come to us: line i at `address`, `ports[i]`, RTCP one above.

    A stream refused already stays refused; port 0 in `ports` refuses one, as does a form that
    the relay can't carry. Hold told by an unreachable address is a direction. Streams of messages
    are refused, without a word of where they would have led, or with `messages` keep their
    addresses: MSRP then goes directly between both sides (RFC 4975 section 8), and nothing else
    does under that name. Raises ValueError where `ports` is too short.
    """
    if len(ports) < len(sdp.media):
        raise ValueError(f"{len(sdp.media)} media lines, {len(ports)} ports")
    ours = Connection.to(address)
    media = (
        _message_stream(each, ours, messages) if each.message else _anchored(each, ours, port)
        for each, port in zip(sdp.media, ports, strict=False)
    )
    return SessionDescription(origin, ours, tuple(media))


def _anchored(media: MediaDescription, ours: Connection, port: int) -> MediaDescription:
    if not (port and media.carried):
        return replace(media.refused(), connection=ours)
    return replace(
        media.with_codecs(media.codecs) if media.rtp else replace(media, formats=media.formats[:1]),
        port=port,
        connection=ours,
        recording=(),
        rtcp_port=None,
        rtcp_mux=False,
    )


def _message_stream(media: MediaDescription, ours: Connection, wanted: bool) -> MediaDescription:
    theirs = media.connection
    if not (wanted and media.live and media.msrp and theirs and _HOST(theirs.address)):
        return replace(media.refused(), connection=ours)
    kept = tuple(each for each in media.attributes if each[0] != "fingerprint" or media.secure)
    return MediaDescription(
        media.kind,
        media.port,
        media.protocol,
        media.formats[:1],
        connection=theirs,
        direction=media.direction,
        attributes=kept,
    )


def fitted(answer: SessionDescription, offer: SessionDescription) -> SessionDescription:
    """The answer as one to that offer (RFC 3264 section 6).

    Lines that it lacks are refused, as is one of another kind than was offered. Of the codecs
    those count that were offered, under the answerer's payload types; a payload type without a
    rtpmap is what the offer says. Where none was offered, all stay: the offerer may know them.
    Lines too many are left for whoever counts them.
    """
    media = [
        _fitted(answer.media[index], offered) if index < len(answer.media) else offered.refused()
        for index, offered in enumerate(offer.media)
    ]
    return replace(answer, media=(*media, *answer.media[len(offer.media) :]))


def _fitted(answered: MediaDescription, offered: MediaDescription) -> MediaDescription:
    if answered.msrp and offered.msrp and answered.live and offered.live:
        return answered
    alike = answered.kind == offered.kind and answered.rtp == offered.rtp
    if not (answered.live and offered.carried and alike) or answered.secure:
        return replace(offered.refused(), connection=answered.connection)
    if not answered.rtp:
        return answered
    codecs = _of_answer(answered, offered)
    return replace(answered.with_codecs(codecs), protocol=offered.protocol) if codecs else answered


def _of_answer(answered: MediaDescription, offered: MediaDescription) -> tuple[Codec, ...]:
    known = {codec.payload_type: codec for codec in offered.codecs}
    known |= {codec.payload_type: codec for codec in answered.codecs}
    meant = [known[int(each)] for each in answered.formats if int(each) in known]
    codings = {codec.coding[:2] for codec in offered.codecs}
    common = [codec for codec in meant if codec.coding[:2] in codings]
    return tuple(common if any(codec.voice for codec in common) else meant)


def narrow(sdp: SessionDescription, names: frozenset[str]) -> SessionDescription | None:
    """A copy whose audio lines offer only the codecs called `names`.

    Telephone-event and comfort noise stay for the clock rates that are left (RFC 4733 section
    2.1, RFC 3389). An audio line of which nothing would be left is refused, other media lines
    stay as they are. None where there is no audio or none would be left.
    """
    media = tuple(_narrowed(each, names) if each.kind == "audio" else each for each in sdp.media)
    if any(each.kind == "audio" and each.carried for each in media):
        return replace(sdp, media=media)
    return None


def _narrowed(media: MediaDescription, names: frozenset[str]) -> MediaDescription:
    kept = _kept(media.codecs, names) if media.carried else ()
    return media.with_codecs(kept) if any(codec.voice for codec in kept) else media.refused()


def _kept(codecs: Sequence[Codec], names: frozenset[str]) -> tuple[Codec, ...]:
    rates = {codec.rate for codec in codecs if codec.name in names}
    return tuple(
        codec
        for codec in codecs
        if codec.name in names or (codec.name in _BESIDE and codec.rate in rates)
    )
