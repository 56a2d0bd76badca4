"""Hostile session descriptions for hypothesis: what should cross and what not, oddly spelled."""

from __future__ import annotations

from hypothesis import strategies as st

from sidecar.sip.sdp.allowed import TABLE
from sidecar.sip.sdp.codec_names import SOURCES

_NAMES = [
    *(allowed.name for allowed in TABLE),
    *("rtpmap", "fmtp", "rtcp", "rtcp-mux", "record", "recordpref"),
    *("sendrecv", "sendonly", "recvonly", "inactive"),
    *("candidate", "ice-ufrag", "ice-pwd", "ice-lite", "group", "mid", "bundle-only", "altc"),
    *("crypto", "fingerprint", "setup", "key-mgmt", "acap", "tcap", "pcfg", "ccap", "alt", "ssrc"),
]
_KINDS = ["audio", "video", "image", "message", "text", "application", "AUDIO", "odd", "x-odd"]
_PROTOCOLS = [
    *("RTP/AVP", "rtp/avp", "RTP/AVPF", "RTP/SAVP", "UDP/TLS/RTP/SAVPF", "udptl", "UDPTL"),
    *("TCP/MSRP", "TCP/TLS/MSRP", "TCP/RTP/AVP", "UDP/BFCP", "UDP/DTLS/SCTP", "TCP", "odd"),
]
_FORMATS = ["0", "8", "9", "13", "18", "34", "96", "97", "101", "101", "127", "00", "t38", "*", "x"]
_ADDRESSES = [
    *("IN IP4 192.0.2.1", "IN IP4 0.0.0.0", "IN IP6 2001:db8::1", "in ip4 192.0.2.2"),
    *("IN IP4 224.0.0.1/127", "IN IP4 localhost", "IN IP6 fe80::1%eth0", "IN IP4 255.255.255.255"),
    *("IN IP4 a.invalid", "IN IP4 192.0.2.1 x"),
]
_VALUES = [
    *(
        "20",
        "0",
        "on",
        "off",
        "96 96/96",
        "97 apt=96",
        "0-15",
        "101 0-15,66",
        "4000 IN IP4 192.0.2.9",
    ),
    *("1 1 UDP 2130706431 192.0.2.1 4000 typ host", "1 AES_CM_128_HMAC_SHA1_80 inline:x"),
    *("96 t140c/8000", "101 telephone-event/16000", "101 telephone-event/8000", "* nack", "t38"),
    *("transferredTCF", "t38UDPFEC", "msrp://192.0.2.1:9/x;tcp", "off - - - -", "29.97", "1"),
]
_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=20)


def _oddly_spelled(name: str) -> st.SearchStrategy[str]:
    cases = st.sampled_from([str, str.upper, str.title, str.swapcase])
    before = st.sampled_from(["", "", "", " ", "\t", "  ", "(", ":"])
    after = st.sampled_from([":", ":", ":", " ", " :", ": ", "\t", "", "=", "\x01:", "/"])
    return st.tuples(cases, before, after).map(lambda x: f"{x[1]}{x[0](name)}{x[2]}")


_RTPMAPS = st.tuples(
    st.sampled_from(_FORMATS[:12]),
    st.sampled_from([*SOURCES, "t140c", "x-odd"]),
    st.sampled_from(["8000", "16000", "48000/2", "90000", "0", "x", "8000/0", " 8000 ", "8000/1"]),
).map(lambda x: f"a=rtpmap:{x[0]} {x[1]}/{x[2]}")

_ATTRIBUTES = st.tuples(
    st.sampled_from(_NAMES).flatmap(_oddly_spelled), st.one_of(st.sampled_from(_VALUES), _TEXT)
).map(lambda x: f"a={x[0]}{x[1]}")

_OTHER = st.one_of(
    st.sampled_from([f"c={each}" for each in _ADDRESSES]),
    st.sampled_from(["o=- 9 9 IN IP4 192.0.2.9", "u=x", "k=clear:x", "s=x", "t=1 2", "b=AS:64"]),
    st.tuples(st.sampled_from("abcdefghijklnopqrstuvwxyzACMOV"), _TEXT).map(
        lambda x: f"{x[0]}={x[1]}"
    ),
)

_BELOW = st.lists(st.one_of(_RTPMAPS, _ATTRIBUTES, _ATTRIBUTES, _OTHER), max_size=5)

_MEDIA = st.tuples(
    st.sampled_from([*_KINDS[:1] * 5, *_KINDS]),
    st.sampled_from(["4000", "4000", "4000", "0", "65535", "4000/2", "9"]),
    st.sampled_from([*_PROTOCOLS[:1] * 5, *_PROTOCOLS]),
    st.lists(st.sampled_from(_FORMATS[:11]), min_size=1, max_size=5)
    | st.lists(st.sampled_from(_FORMATS), min_size=1, max_size=5),
    _BELOW,
).map(lambda x: "\r\n".join([f"m={x[0]} {x[1]} {x[2]} {' '.join(x[3])}", *x[4]]))

_HEAD = st.tuples(
    st.sampled_from(["v=0", "v=0", "v=0 ", "v=0\t"]),
    st.sampled_from(_ADDRESSES[:1] * 6 + _ADDRESSES),
    _BELOW,
).map(lambda x: "\r\n".join([x[0], "o=- 1 2 IN IP4 192.0.2.1", "s=-", f"c={x[1]}", "t=0 0", *x[2]]))

hostile = st.tuples(
    _HEAD, st.lists(_MEDIA, min_size=1, max_size=3), st.sampled_from(["\r\n", "\r\n", "\n"])
).map(lambda x: ("\r\n".join([x[0], *x[1]]) + "\r\n").replace("\r\n", x[2]).encode())
"""Bodies of which most can be read, and few are what they seem."""
