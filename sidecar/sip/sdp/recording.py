"""Recording in session descriptions (RFC 7866): `a=record` tells, `a=recordpref` asks.

Both are about one side's leg only and never cross the sidecar: what a party asks for is a request
to the sidecar, and what a party is told is what the sidecar knows.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from sidecar.sip.sdp.description import SessionDescription
from sidecar.sip.sdp.media import MediaDescription

Preference = Literal["on", "off", "pause", "nopreference"]
State = Literal["on", "off", "paused"]

_PREFERENCES: dict[str, Preference] = {
    "on": "on",
    "off": "off",
    "pause": "pause",
    "nopreference": "nopreference",
}


def speaks(sdp: SessionDescription) -> bool:
    """Whether the describer says anything about recording."""
    return any(media.recording for media in sdp.media)


def preference(sdp: SessionDescription) -> Preference | None:
    """What the describer wants (section 6.2): of several streams the strictest; None: nothing."""
    asked = _values(sdp, "recordpref")
    for word in ("off", "pause", "on", "nopreference"):
        if word in asked:
            return _PREFERENCES[word]
    return None


def says_recording(sdp: SessionDescription) -> bool | None:
    """Whether the describer records (section 6.1): True for on, False for off and paused."""
    told = _values(sdp, "record")
    if "on" in told:
        return True
    return False if told & {"off", "paused"} else None


def with_attribute(sdp: SessionDescription, name: str, value: str) -> SessionDescription:
    """A copy in which each live audio line says `a=NAME:VALUE`, and nothing else of that name."""
    return replace(sdp, media=tuple(_with(media, name, value) for media in sdp.media))


def _with(media: MediaDescription, name: str, value: str) -> MediaDescription:
    if media.kind != "audio" or not media.live:
        return media
    kept = tuple(each for each in media.recording if each[0] != name)
    return replace(media, recording=(*kept, (name, value)))


def _values(sdp: SessionDescription, name: str) -> set[str]:
    """The attribute's values on live audio lines, and on the session's level."""
    return {
        value
        for media in sdp.media
        if media.kind == "audio" and media.live
        for key, value in media.recording
        if key == name
    }
