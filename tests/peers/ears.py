"""What each party of a call was sent, and when by the wall clock: notice and the other's voice."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from .audio import Samples, Span, find, tone_spans
from .capture import Capture, Heard
from .processes import PeerFailedError

CALLER_HZ = 1000.0
CALLEE_HZ = 440.0
BLOCK = 0.010  # tones are found in blocks of this length


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
