"""Keys that the sidecar presses itself, one after the other, towards a party.

A key takes 160 ms, eight packets: 100 ms of a telephone event (RFC 4733) or, where the party
negotiated none, of its two tones (ITU-T Q.23); then 60 ms of pause, in which the end of the event
is told three times, or silence is sent. Nothing else reaches the party from the first key to the
pause after the last. A prompt comes first: keys wait for its end, and a prompt waits for the end of
the key that is down. A party on hold is sent its keys like relayed packets.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sidecar.rtp.outgoing import Outgoing
from sidecar.rtp.packet import HEADER_SIZE
from sidecar.rtp.silence import BYTES_PER_MS, CLOCK_RATE, silence
from sidecar.rtp.telephone_event import DIGITS, TelephoneEvent

from .engine import Pressed, RemoteMedia
from .pacer import TICK_S

if TYPE_CHECKING:
    from .endpoint import Endpoint

MAX_KEYS = 64
"""So many may wait: ten seconds."""

PACKET_MS = 20
KEY_PACKETS = 5
PAUSE_PACKETS = 3
VOLUME = 10
"""In -dBm0, told with each event: that of an ordinary telephone's tones."""

_TONE_SIZE = BYTES_PER_MS * PACKET_MS
_EVENT_SIZE = 4
_frames = {size: bytearray(HEADER_SIZE + size) for size in (_EVENT_SIZE, _TONE_SIZE)}


def tone_key(digit: str) -> str:
    """The key of a digit's tones among the prompts."""
    return f"key-{digit}"


class _Keys:
    """What is left of one call of `press`, and whether its end is reported."""

    __slots__ = ("digits", "left", "told")

    def __init__(self, digits: str, told: bool) -> None:
        self.digits = self.left = digits
        self.told = told


class Presser:
    """Presses keys towards the party of one endpoint. `due` and `period` are the pacer's."""

    __slots__ = (
        "_endpoint",
        "_payload_type",
        "_queue",
        "_rate",
        "_sent",
        "_step",
        "_tone",
        "due",
        "period",
    )

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint: Endpoint | None = endpoint
        self._queue: list[_Keys] = []
        self._step = -1
        """Packets of the key that is down, or of the pause after it; -1 between keys."""
        self._sent = False
        self._payload_type = 0
        self._rate = CLOCK_RATE
        self._tone = b""
        """Tones and pause of the key that is down; empty where it is told by events."""
        self.due = -1
        self.period = round(PACKET_MS / 1000 / TICK_S)

    @property
    def busy(self) -> bool:
        """Whether keys keep everything else from the party."""
        if self._step >= 0:
            return True
        return bool(self._queue) and self._endpoint is not None and not self._endpoint.talker.busy

    def press(self, digits: str, *, told: bool = True) -> None:
        """Press them after all others; `refresh` of the session has to follow.

        told: report what came of it (Pressed).
        """
        keys = _Keys(digits, told)
        if sum(len(keys.left) for keys in self._queue) + len(digits) > MAX_KEYS:
            self._answer(keys, "too-many")
        else:
            self._queue.append(keys)

    def refresh(self, now: float) -> None:
        """Begin with what waits, if nothing stands in its way."""
        if self._endpoint is not None and self.busy:
            self._endpoint.party.reactor.pacer.join(self, now)

    def close(self) -> None:
        """Press no more, and answer nothing."""
        if self._endpoint is not None:
            self._endpoint.party.reactor.pacer.leave(self)
        self._endpoint = None
        self._queue.clear()

    def tick(self, at: float) -> None:
        """Send one packet. `at` is when it was due on the monotonic clock."""
        endpoint = self._endpoint
        if endpoint is None:
            return
        if self._step == KEY_PACKETS + PAUSE_PACKETS:
            self._end_key()
        if self._queue and (reason := cannot_press(endpoint)):
            self._fail_all(reason)
        if not self._queue or (self._step < 0 and endpoint.talker.busy):
            endpoint.party.reactor.pacer.leave(self)
            endpoint.party.refresh_all(time.monotonic())
            return
        if self._step < 0:
            self._begin_key(endpoint)
        frame = self._next_frame(endpoint.outgoing or endpoint.next_outgoing(at), at)
        self._step += 1
        for _ in range(2):  # a refusal (ICMP) of an earlier packet is told in place of sending
            try:
                endpoint.line.send(frame)
            except OSError:
                continue
            self._sent = True
            endpoint.generated += 1
            break

    def _begin_key(self, endpoint: Endpoint) -> None:
        remote, digit = endpoint.remote, self._queue[0].left[0]
        assert remote is not None
        if remote.telephone_event is not None:
            self._payload_type, self._tone = remote.telephone_event, b""
            self._rate = remote.telephone_event_rate or CLOCK_RATE
        else:
            assert remote.codec is not None
            assert remote.payload_type is not None
            self._payload_type = remote.payload_type
            tone = endpoint.party.tones[tone_key(digit)][remote.codec]
            self._tone = tone + silence(remote.codec, PACKET_MS * PAUSE_PACKETS)
        self._step, self._sent = 0, False

    def _end_key(self) -> None:
        """The key and the pause after it are over."""
        self._step = -1
        keys = self._queue[0]
        keys.left = keys.left[1:]
        if not self._sent or not keys.left:
            del self._queue[0]
            self._answer(keys, "" if self._sent else "unreachable")

    def _next_frame(self, outgoing: Outgoing, at: float) -> bytearray:
        """The packet of this step."""
        step = self._step
        if self._tone:
            frame, start = _frames[_TONE_SIZE], step * _TONE_SIZE
            frame[HEADER_SIZE:] = self._tone[start : start + _TONE_SIZE]
            outgoing.generate(frame, self._payload_type, _TONE_SIZE, at, marker=step == 0)
            return frame
        frame = _frames[_EVENT_SIZE]
        duration = min(step + 1, KEY_PACKETS) * PACKET_MS * self._rate // 1000
        event = DIGITS.index(self._queue[0].left[0])
        told = TelephoneEvent(event, step >= KEY_PACKETS, VOLUME, duration)
        frame[HEADER_SIZE:] = told.encode()
        outgoing.event(frame, self._payload_type, at, first=step == 0)
        return frame

    def _fail_all(self, reason: str) -> None:
        failed, self._queue, self._step = self._queue, [], -1
        for keys in failed:
            self._answer(keys, reason)

    def _answer(self, keys: _Keys, reason: str) -> None:
        if self._endpoint is not None and keys.told:
            party = self._endpoint.party
            party.report(Pressed(party.side, keys.digits, reason))


def cannot_press(endpoint: Endpoint) -> str:
    """Why no key can be sent to the party of this endpoint; empty where one can."""
    remote = endpoint.remote
    if remote is None or endpoint.line.lock is None:
        return "no-remote"
    if remote.kind != "rtp":
        return "no-codec"
    return "" if remote.telephone_event is not None or has_tones(remote) else "no-codec"


def has_tones(remote: RemoteMedia) -> bool:
    """Whether a party can be sent the tones of keys."""
    return remote.codec is not None and remote.payload_type is not None
