"""Descriptions of our own: for calls that the sidecar answers or places by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sidecar.sip.sdp.codecs import TELEPHONE_EVENT, Codec
from sidecar.sip.sdp.description import SessionDescription
from sidecar.sip.sdp.errors import NoCommonCodec
from sidecar.sip.sdp.fields import Connection, Origin
from sidecar.sip.sdp.media import MediaDescription

# What we speak, as we offer it, by name.
_OURS = {
    "PCMU": Codec(0, "PCMU", 8000),
    "PCMA": Codec(8, "PCMA", 8000),
    "G722": Codec(9, "G722", 8000),
}
_EVENTS = Codec(101, TELEPHONE_EVENT, 8000, fmtp="0-15")
_MIRRORED = {"sendonly": "recvonly", "recvonly": "sendonly"}


def make_offer(
    address: str,
    port: int,
    origin: Origin,
    codecs: Sequence[str] = ("PCMU", "PCMA", "G722"),
    *,
    direction: str = "sendrecv",
    telephone_event: bool = True,
) -> SessionDescription:
    """One audio line at `address` and `port` with the named codecs in that order.

    Raises KeyError for a codec that isn't PCMU, PCMA or G722.
    """
    offered = [_OURS[name] for name in codecs]
    if telephone_event:
        offered.append(_EVENTS)
    ours = Connection.to(address)
    audio = _audio(ours, port, "RTP/AVP", offered, direction)
    return SessionDescription(origin, ours, (audio,))


def make_answer(
    offer: SessionDescription,
    address: str,
    port: int,
    origin: Origin,
    codecs: Sequence[str] = ("PCMU", "PCMA", "G722"),
    *,
    direction: str | None = None,
    telephone_event: bool = True,
) -> SessionDescription:
    """Accept the first plain audio line that has one of `codecs`; refuse every other line.

    One codec is taken, the first in the offerer's order, with its telephone-event, under the
    offerer's payload types (RFC 3264 section 6.1). The direction mirrors the offer's; a given
    one narrows it (`recvonly` answered to `sendrecv`), never widens it. Raises NoCommonCodec.
    """
    wanted, ours = frozenset(codecs), Connection.to(address)
    media: list[MediaDescription] = []
    taken = False
    for offered in offer.media:
        chosen = [] if taken else _chosen(offered, wanted, telephone_event)
        if chosen:
            taken = True
            answered = _narrower(_MIRRORED.get(offered.direction, offered.direction), direction)
            media.append(_audio(ours, port, offered.protocol, chosen, answered))
        else:
            media.append(replace(offered.refused(), connection=ours))
    if not taken:
        raise NoCommonCodec
    return SessionDescription(origin, ours, tuple(media))


def _chosen(media: MediaDescription, wanted: frozenset[str], telephone_event: bool) -> list[Codec]:
    if not (media.kind == "audio" and media.carried):
        return []
    voice = next((c for c in media.codecs if c.name in wanted and c.name in _OURS), None)
    if voice is None:
        return []
    events = [
        replace(codec, fmtp="0-15")
        for codec in media.codecs
        if telephone_event and codec.name == TELEPHONE_EVENT and codec.rate == voice.rate
    ]
    return [voice, *events[:1]]


def _narrower(allowed: str, wished: str | None) -> str:
    """The most that both directions grant, each read as (sends, receives)."""
    if wished is None:
        return allowed
    sends = all(each in ("sendrecv", "sendonly") for each in (allowed, wished))
    receives = all(each in ("sendrecv", "recvonly") for each in (allowed, wished))
    return {
        (True, True): "sendrecv",
        (True, False): "sendonly",
        (False, True): "recvonly",
        (False, False): "inactive",
    }[sends, receives]


def _audio(
    ours: Connection, port: int, protocol: str, codecs: Sequence[Codec], direction: str
) -> MediaDescription:
    return MediaDescription(
        "audio",
        port,
        protocol,
        tuple(str(codec.payload_type) for codec in codecs),
        tuple(codecs),
        ours,
        direction,
        (("ptime", "20"),),
    )
