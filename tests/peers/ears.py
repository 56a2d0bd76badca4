"""What each party of a call was sent, and when by the wall clock: notice and the other's voice."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from .audio import RATE, Found, Samples, Span, find, sound_spans, tone_spans
from .capture import Capture, Heard
from .processes import PeerFailedError

CALLER_HZ = 1000.0
CALLEE_HZ = 440.0
BLOCK = 0.010  # tones are found in blocks of this length
DEAF_SECONDS = 0.2  # a phone may miss that much of the beginning while its jitter buffer starts
PIECE_SECONDS = 0.4
PIECE_LIKENESS = 0.7


@dataclass(frozen=True)
class Ear:
    """What one party was sent."""

    notice: Span
    likeness: float  # of the best match with the prompt; above 0.9 it is the prompt
    voice: tuple[Span, ...]  # the other party's tone

    def heard_notice(self) -> bool:
        """Whether the notice was there in full."""
        return self.likeness > 0.9

    def voice_began(self) -> float:
        """When the other party was first heard. Raises PeerFailedError if never."""
        if not self.voice:
            raise PeerFailedError("the other party was never heard")
        return self.voice[0].start


def listen(heard: Heard, prompt: Samples, other_hz: float) -> Ear:
    """Find the prompt and the other party's tone in one stream."""
    found = find(prompt, heard.samples)
    voice = tuple(heard.wall_span(span) for span in tone_spans(heard.samples, other_hz))
    return Ear(heard.wall_span(found.span), found.likeness, voice)


def sent_from(capture: Capture, sources: tuple[int, int], ports: Container[int]) -> Heard:
    """The one stream from a range of ports to a phone's. Raises PeerFailedError on none or two."""
    low, high = sources
    found = {
        packet.destination
        for packet in capture.packets
        if low <= packet.source <= high and packet.destination in ports
    }
    if len(found) != 1:
        raise PeerFailedError(f"sound was sent to the ports {sorted(found)}, not to one")
    return capture.heard_at(found.pop())


def heard_by_phone(prompt: Samples, phone: Samples) -> Found:
    """Where a phone's own recording holds the prompt, but for the first moments of it."""
    deaf = round(DEAF_SECONDS * RATE)
    found = find(prompt[deaf:], phone)
    return Found(Span(found.span.start - DEAF_SECONDS, found.span.end), found.likeness)


def share_heard(prompt: Samples, phone: Samples, piece_seconds: float = PIECE_SECONDS) -> float:
    """How much of a prompt a phone heard, 0 to 1, piece by piece; short prompts in short pieces.

    A phone's jitter buffer now and then drops or doubles a frame, which shifts all that follows,
    so pieces are looked for one by one, about where they belong.
    """
    piece = slack = round(piece_seconds * RATE)
    begin = round(heard_by_phone(prompt, phone).span.start * RATE)
    looked, heard = 0, 0
    for start in range(round(DEAF_SECONDS * RATE), len(prompt) - piece, piece):
        wanted = prompt[start : start + piece]
        place = phone[max(begin + start - slack, 0) : begin + start + piece + slack]
        if sound_spans(wanted) and len(place) >= piece:
            looked += 1
            heard += find(wanted, place).likeness > PIECE_LIKENESS
    return heard / looked if looked else 0.0
