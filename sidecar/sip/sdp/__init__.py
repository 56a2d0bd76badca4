"""Session descriptions (RFC 8866, RFC 3264): values, their rewriting, and our own."""

from __future__ import annotations

from sidecar.sip.sdp.anchor import address_of, anchor, check_usable, fitted, narrow
from sidecar.sip.sdp.body import sdp_part
from sidecar.sip.sdp.codecs import STATIC_TYPES, TELEPHONE_EVENT, Codec
from sidecar.sip.sdp.description import SessionDescription
from sidecar.sip.sdp.errors import NoCommonCodec, NothingButMessages, NothingCarried, SdpError
from sidecar.sip.sdp.fields import Connection, Origin
from sidecar.sip.sdp.media import MediaDescription
from sidecar.sip.sdp.own import make_answer, make_offer

__all__ = [
    "STATIC_TYPES",
    "TELEPHONE_EVENT",
    "Codec",
    "Connection",
    "MediaDescription",
    "NoCommonCodec",
    "NothingButMessages",
    "NothingCarried",
    "Origin",
    "SdpError",
    "SessionDescription",
    "address_of",
    "anchor",
    "check_usable",
    "fitted",
    "make_answer",
    "make_offer",
    "narrow",
    "sdp_part",
]
