"""Keys of a party that negotiated no telephone events: heard in its audio, and cut out of it.

What is done with each of its packets while its keys are collected; otherwise nothing of this costs
anything. See `sidecar.rtp.holdback` for how audio is held back until a key in it is known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.rtp.holdback import HoldBack
from sidecar.rtp.inband import HeardKey
from sidecar.rtp.packet import HEADER_SIZE

from .line import LIMIT

if TYPE_CHECKING:
    from .endpoint import Endpoint


class InbandListener:
    """Listens to the party of one endpoint."""

    __slots__ = ("_codecs", "_endpoint", "_hold", "_timed")

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint: Endpoint | None = endpoint
        self._hold: HoldBack | None = None
        self._codecs: dict[int, str] = {}
        self._timed = False

    @property
    def wanted(self) -> bool:
        """Whether the audio must be listened to: also to the end of a key that is down."""
        endpoint = self._endpoint
        remote = endpoint.remote if endpoint is not None else None
        if endpoint is None or remote is None or remote.kind != "rtp" or remote.codec is None:
            return False
        if remote.telephone_event is not None:
            return False
        return endpoint.party.collecting or (self._hold is not None and self._hold.sounds)

    def note(self, codecs: dict[int, str]) -> None:
        """Note which payload types of the party are audio that tones can be heard in."""
        self._codecs = codecs

    def take(self, size: int, now: float) -> None:
        """Hold a packet from the party back, and send on what has been held for long enough."""
        endpoint = self._endpoint
        if endpoint is None or not self._hear(endpoint, size, now, keep=True):
            return
        self._send(endpoint, now)

    def take_gated(self, size: int, now: float) -> None:
        """Listen only."""
        endpoint = self._endpoint
        if endpoint is not None and self._hear(endpoint, size, now, keep=False):
            endpoint.gated += 1

    def leave(self, now: float, *, send: bool) -> None:
        """Audio goes another way from now on: send what is held, or drop it."""
        if self._endpoint is None or self._hold is None:
            return
        if send:
            self._send(self._endpoint, now, everything=True)
        else:
            self._endpoint.gated += self._hold.drop()

    def close(self) -> None:
        """Hear and send nothing more."""
        self._endpoint = self._hold = None

    def _hear(self, endpoint: Endpoint, size: int, now: float, *, keep: bool) -> bool:
        """Whether it was a packet of audio, and not of a telephone event that is withheld."""
        line = endpoint.line
        if not HEADER_SIZE <= size < LIMIT or line.buffer[0] & 0xC0 != 0x80:
            endpoint.invalid += 1
            return False
        endpoint.received += 1
        endpoint.rtp_at = now
        packet = line.view[:size]
        if endpoint.keys.marked[line.buffer[1]] and endpoint.keys.hear(packet, now):
            endpoint.gated += 1
            if keep and endpoint.peer is not None:
                endpoint.peer.next_outgoing(now).withhold(packet)
            return False
        if self._hold is None:
            self._hold = HoldBack()
        hold, held = self._hold, len(self._hold)
        codec = self._codecs.get(line.buffer[1] & 0x7F, "")
        keys = hold.hear(packet, codec, now, keep=keep)
        if keep and len(hold) == held:
            endpoint.unsent += 1
        self._report(endpoint, keys, now)
        self._set_timer(endpoint)
        return True

    def _send(self, endpoint: Endpoint, now: float, *, everything: bool = False) -> None:
        peer, hold = endpoint.peer, self._hold
        if peer is None or hold is None:
            return
        for packet in hold.release(now, everything=everything):
            if endpoint.translation is not None:
                packet[1] = endpoint.translation[packet[1]]
            if not peer.next_outgoing(now).rewrite(packet, now):
                endpoint.gated += 1
                continue
            for last in (False, True):  # a refusal (ICMP) of an earlier one is told in its place
                try:
                    peer.line.send(packet)
                    break
                except OSError:
                    endpoint.unsent += last

    def _set_timer(self, endpoint: Endpoint) -> None:
        deadline = self._hold.deadline if self._hold is not None else None
        if not self._timed and deadline is not None:
            self._timed = True
            endpoint.party.reactor.schedule(deadline, self._on_time)

    def _on_time(self, now: float) -> None:
        """Look whether the party has fallen silent."""
        self._timed = False
        if self._endpoint is None or self._hold is None:
            return
        self._report(self._endpoint, self._hold.expire(now), now)
        self._send(self._endpoint, now)
        self._set_timer(self._endpoint)

    def _report(self, endpoint: Endpoint, keys: list[HeardKey], now: float) -> None:
        for key in keys:
            endpoint.party.report_digit(key.digit, key.duration_ms, "inband")
        if keys and not endpoint.party.collecting:
            endpoint.party.refresh_all(now)  # this was the last one listened for
