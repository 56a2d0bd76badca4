"""What the sidecar itself says to a party: silence, ringback, prompts.

While the way from the other party is closed the talker sends silence in its place, so that jitter
buffers and NAT bindings live, or a ringback tone. A prompt has precedence over everything; it has
been played when its last frame has gone out and that frame's time is over. It starts again from
its beginning whenever the party can't have heard all of it: on hold, sent elsewhere, refused, or
at its end when nobody knows yet where the party hears.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sidecar.rtp.packet import HEADER_SIZE
from sidecar.rtp.silence import BYTES_PER_MS, SILENCE, silence

from .engine import Played, PlayFailed, RemoteMedia
from .pacer import TICK_S

if TYPE_CHECKING:
    from .endpoint import Endpoint

RINGBACK = "ringback"
"""The key of the ringback tone among the prompts."""

MAX_REFUSED = 25
UNREACHABLE_AFTER_S = 5.0
"""A prompt fails when more of its frames were refused, or one so long after the first of them.

Both are counted over the whole play, however many frames went in between: a host that refuses tells
of no more than about one packet a second.
"""

UNSETTLED_AFTER_S = 10.0
"""A prompt is said again for so long to an address that nobody has spoken from."""

_frame = bytearray(HEADER_SIZE + BYTES_PER_MS * 60)
_frame_view = memoryview(_frame)
_silent_frames: dict[tuple[str, int], bytearray] = {}


class Playback:
    """One prompt on its way to a party."""

    __slots__ = (
        "audio",
        "began",
        "first_sent",
        "last_sent",
        "name",
        "position",
        "refused",
        "refused_since",
        "started",
    )

    def __init__(self, name: str, audio: dict[str, bytes]) -> None:
        """audio: the prompt in each codec."""
        self.name = name
        self.audio = audio
        self.position = 0
        """Octets sent, the same in each codec."""
        self.started = 0.0
        """Wall clock of the first frame."""
        self.first_sent = self.last_sent = 0.0
        """Monotonic clock."""
        self.began: float | None = None
        """Of the very first frame, whatever had to be said anew since."""
        self.refused = 0
        """Frames, over the whole play."""
        self.refused_since = 0.0

    def took_place(self, side_of: Endpoint, frame_s: float) -> Played:
        """The event to report. The clock may be set while a prompt plays: its end is reckoned."""
        ended = self.started + self.last_sent - self.first_sent + frame_s
        return Played(side_of.party.side, self.name, self.started, ended)


class Talker:
    """Talks to the party of one endpoint. `due` and `period` are the pacer's."""

    __slots__ = (
        "_endpoint",
        "_format",
        "_payload_type",
        "_ring_position",
        "_silent_frame",
        "_size",
        "due",
        "period",
        "playback",
    )

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint: Endpoint | None = endpoint
        self.due = -1
        self.period = 4
        self.playback: Playback | None = None
        self._format: tuple[object, ...] = ()
        self._payload_type = 0
        self._size = 0
        self._ring_position = 0
        self._silent_frame = _frame

    @property
    def busy(self) -> bool:
        """Whether a prompt keeps everything else from the party."""
        return self.playback is not None

    def play(self, playback: Playback) -> None:
        """Play it from the next tick on; `refresh` has to follow."""
        self.playback = playback

    def restart(self) -> None:
        """The party has not heard all of the prompt: start it again."""
        if self.playback is not None:
            self.playback.position = 0

    def refused(self, now: float) -> None:
        """A frame could not be sent, or was refused: the party has not heard it."""
        playback, endpoint = self.playback, self._endpoint
        if playback is None or endpoint is None or self.due < 0:
            return
        self.restart()
        playback.refused += 1
        if playback.refused == 1:
            playback.refused_since = now
        lasts = now - playback.refused_since >= UNREACHABLE_AFTER_S
        if playback.refused > MAX_REFUSED or lasts:
            self._fail(playback, "unreachable", endpoint)
            endpoint.party.refresh_all(now)

    def close(self) -> None:
        """Talk no more."""
        endpoint = self._endpoint
        if endpoint is not None:
            endpoint.party.reactor.pacer.leave(self)
        self._endpoint = self.playback = None

    def refresh(self, now: float) -> None:
        """Start or stop talking as the party and the gate are now."""
        endpoint = self._endpoint
        if endpoint is None:
            return
        remote = endpoint.remote
        if self.playback is not None and remote is not None:
            self._check_codec(self.playback, remote, endpoint)
        if remote is None or endpoint.line.lock is None or not _can_be_talked_to(remote):
            self.restart()
            endpoint.party.reactor.pacer.leave(self)
            return
        self._adapt(remote)
        peer = endpoint.peer
        if self.playback is not None or (peer is not None and not peer.party.gate_open):
            endpoint.party.reactor.pacer.join(self, now)
        else:
            endpoint.party.reactor.pacer.leave(self)

    def tick(self, at: float) -> None:
        """Send one frame. `at` is when it was due on the monotonic clock."""
        endpoint = self._endpoint
        if endpoint is None:
            return
        if (self._over(endpoint, at) and self.due < 0) or endpoint.presser.busy:
            return
        playback, size = self.playback, self._size
        marker, frame = False, self._silent_frame
        if playback is not None:
            marker, frame = playback.position == 0, _frame
            self._fill(playback.audio[self._codec], playback.position)
        elif endpoint.party.ringing:
            tone = endpoint.party.ringback[self._codec]
            marker, frame = self._ring_position == 0, _frame
            self._fill(tone, self._ring_position)
            self._ring_position = (self._ring_position + size) % len(tone)
        else:
            self._ring_position = 0
        outgoing = endpoint.outgoing or endpoint.next_outgoing(at)
        outgoing.generate(frame, self._payload_type, size, at, marker=marker)
        try:
            endpoint.line.send(_frame_view[: HEADER_SIZE + size] if frame is _frame else frame)
        except OSError:
            self.refused(time.monotonic())
            return
        endpoint.generated += 1
        if playback is not None:
            self._note_sent(playback)

    @property
    def _codec(self) -> str:
        remote = self._endpoint.remote if self._endpoint is not None else None
        return (remote.codec if remote is not None else None) or ""

    def _adapt(self, remote: RemoteMedia) -> None:
        """Take over codec, payload type and packet time; a change of them or of place restarts."""
        form = (remote.address, remote.port, remote.codec, remote.payload_type, remote.ptime_ms)
        if form == self._format or remote.codec is None or remote.payload_type is None:
            return
        self._format = form
        self.restart()
        self._payload_type = remote.payload_type
        self.period = round(remote.ptime_ms / 1000 / TICK_S)
        self._size = BYTES_PER_MS * remote.ptime_ms
        self._silent_frame = _silent_frames.setdefault(
            (remote.codec, self._size),
            bytearray(HEADER_SIZE) + silence(remote.codec, remote.ptime_ms),
        )

    def _fill(self, audio: bytes, position: int) -> None:
        """Put the next piece of audio into the frame; after its end, silence."""
        piece = audio[position : position + self._size]
        end = HEADER_SIZE + len(piece)
        _frame[HEADER_SIZE:end] = piece
        if len(piece) < self._size:
            missing = self._size - len(piece)
            _frame[end : end + missing] = bytes([SILENCE[self._codec]]) * missing

    def _note_sent(self, playback: Playback) -> None:
        now = time.monotonic()
        if playback.position == 0:
            playback.started, playback.first_sent = time.time(), now
            if playback.began is None:
                playback.began = now
        playback.last_sent = now
        playback.position += self._size

    def _over(self, endpoint: Endpoint, now: float) -> bool:
        """Whether a prompt's last frame is over; if so it is reported and the way is free."""
        playback = self.playback
        if playback is None or playback.position < len(playback.audio[self._codec]):
            return False
        if not endpoint.line.settled:
            return self._say_again(playback, endpoint, now)
        self.playback = None
        party = endpoint.party
        party.report(playback.took_place(endpoint, self.period * TICK_S))
        party.refresh_all(time.monotonic())
        return True

    def _say_again(self, playback: Playback, endpoint: Endpoint, now: float) -> bool:
        """Nobody knows where the party hears. Returns whether that has lasted for too long."""
        self.restart()
        if playback.began is None or now - playback.began < UNSETTLED_AFTER_S:
            return False
        self._fail(playback, "unsettled", endpoint)
        endpoint.party.refresh_all(now)
        return True

    def _check_codec(self, playback: Playback, remote: RemoteMedia, endpoint: Endpoint) -> None:
        if remote.codec not in playback.audio:
            self._fail(playback, "no-codec", endpoint)

    def _fail(self, playback: Playback, reason: str, endpoint: Endpoint) -> None:
        self.playback = None
        endpoint.party.report(PlayFailed(endpoint.party.side, playback.name, reason))


def _can_be_talked_to(remote: RemoteMedia) -> bool:
    return (
        remote.kind == "rtp"
        and remote.hears
        and remote.codec is not None
        and remote.payload_type is not None
    )
