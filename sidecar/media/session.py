"""The media of one call in the worker: two parties, each with an endpoint for each stream."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Literal

from sidecar.rtp.settling import Network
from sidecar.rtp.telephone_event import DIGITS
from sidecar.sip.timers import Timer

from .endpoint import Endpoint
from .engine import (
    Closed,
    Digit,
    MediaEvent,
    Opened,
    PlayFailed,
    Pressed,
    RemoteMedia,
    Side,
    SideStats,
    Silent,
)
from .ports import PortPair, PortPool
from .presser import cannot_press
from .protocol import Prompts
from .reactor import Reactor
from .talker import RINGBACK, Playback

DIGITS_A_SECOND = 20.0
DIGITS_AT_ONCE = 40.0

NO_REMOTE_AFTER_S = 5.0
"""A prompt waits this long for a party whose address is not known yet."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all sessions of a worker share."""

    reactor: Reactor
    ports: PortPool
    prompts: Prompts
    report: Callable[[int, MediaEvent], None]


class Party:
    """One side of a session."""

    __slots__ = (
        "_digit_at",
        "_digits_left",
        "_session",
        "_waiting",
        "_waiting_timer",
        "collecting",
        "endpoints",
        "gate_open",
        "nat",
        "reactor",
        "ringback",
        "ringing",
        "side",
        "tones",
    )

    def __init__(self, session: Session, side: Side) -> None:
        self._session = session
        self.side = side
        self.reactor = session.around.reactor
        self.tones = session.around.prompts
        self.ringback = self.tones.get(RINGBACK, {})
        self.endpoints: list[Endpoint] = []
        self.gate_open = False
        """Whether what this party says is passed on."""
        self.collecting = False
        """Whether its keys are kept from the other party."""
        self.nat: tuple[Network, ...] = ()
        """Where its packets may come from besides what it signals."""
        self.ringing = False
        self._digit_at = 0.0
        self._digits_left = DIGITS_AT_ONCE
        self._waiting: Playback | None = None
        self._waiting_timer: Timer | None = None

    def report(self, event: MediaEvent) -> None:
        """Tell the signalling process."""
        self._session.around.report(self._session.id, event)

    def report_digit(
        self, digit: str, duration_ms: int, means: Literal["rtp", "inband"] = "rtp"
    ) -> None:
        """Tell of a key that was pressed and released, unless no finger is so fast."""
        now = time.monotonic()
        regained = (now - self._digit_at) * DIGITS_A_SECOND
        self._digits_left = min(self._digits_left + regained, DIGITS_AT_ONCE)
        self._digit_at = now
        if self._digits_left >= 1.0:
            self._digits_left -= 1.0
            self.report(Digit(self.side, digit, duration_ms, means))

    def refresh_all(self, now: float) -> None:
        """Let every endpoint of the session see to what it does with packets."""
        self._session.refresh(now)

    def play(self, name: str, key: str, now: float) -> None:
        """See MediaSession.play."""
        self.stop("replaced")
        audio = self._session.around.prompts.get(key)
        if audio is None:
            self.report(PlayFailed(self.side, name, "no-prompt"))
            return
        known = [endpoint for endpoint in self.endpoints if endpoint.remote is not None]
        if known and self._audio_endpoint() is None:
            self.report(PlayFailed(self.side, name, "no-codec"))
            return
        self._waiting = Playback(name, audio)
        self._waiting_timer = self.reactor.schedule(now + NO_REMOTE_AFTER_S, self._on_waited_enough)
        self.hand_over()

    def hand_over(self) -> None:
        """Give a waiting prompt to the endpoint that can play it, once there is one."""
        endpoint = self._audio_endpoint()
        if self._waiting is not None and endpoint is not None:
            endpoint.talker.play(self._waiting)
            self._forget_waiting()

    def stop(self, reason: str) -> None:
        """Stop the prompt, waiting or playing."""
        for endpoint in self.endpoints:
            playback = endpoint.talker.playback
            if playback is not None:
                endpoint.talker.playback = None
                self.report(PlayFailed(self.side, playback.name, reason))
        if self._waiting is not None:
            self.report(PlayFailed(self.side, self._waiting.name, reason))
            self._forget_waiting()

    def press(self, digits: str) -> None:
        """See MediaSession.press."""
        reasons = {cannot_press(endpoint): endpoint for endpoint in reversed(self.endpoints)}
        if not digits or any(digit not in DIGITS for digit in digits):
            self.report(Pressed(self.side, digits, "no-key"))
        elif (endpoint := reasons.get("")) is not None:
            endpoint.presser.press(digits)
        else:
            reason = "no-codec" if "no-codec" in reasons else "no-remote"
            self.report(Pressed(self.side, digits, reason))

    @property
    def ought_to_send(self) -> bool:
        """Whether any of its descriptions says that it sends."""
        remotes = (endpoint.remote for endpoint in self.endpoints)
        return any(remote is not None and remote.sends for remote in remotes)

    @property
    def heard_at(self) -> float:
        """When the last RTP or RTCP of the party came; 0.0 if none ever did."""
        return max((endpoint.heard_at for endpoint in self.endpoints), default=0.0)

    def close(self) -> list[PortPair]:
        """Let go of everything; returns the ports."""
        self._forget_waiting()
        pairs = [endpoint.close() for endpoint in self.endpoints]
        self.endpoints = []
        return pairs

    def stats(self) -> SideStats:
        """The packets of all streams."""
        ends = self.endpoints
        return SideStats(
            received=sum(end.received for end in ends),
            relayed=sum(end.relayed for end in ends),
            gated=sum(end.gated for end in ends),
            late=sum(end.late for end in ends),
            strangers=sum(end.line.strangers for end in ends),
            invalid=sum(end.invalid for end in ends),
            generated=sum(end.generated for end in ends),
        )

    def _audio_endpoint(self) -> Endpoint | None:
        for endpoint in self.endpoints:
            remote = endpoint.remote
            if remote is not None and remote.kind == "rtp" and remote.codec is not None:
                return endpoint
        return None

    def _on_waited_enough(self, now: float) -> None:
        if any(endpoint.remote is not None for endpoint in self.endpoints):
            self.stop("no-codec")
        else:
            self.stop("no-remote")

    def _forget_waiting(self) -> None:
        if self._waiting_timer is not None:
            self._waiting_timer.cancel()
        self._waiting = self._waiting_timer = None


class Session:
    """Raises NoPorts where so many streams can't be had."""

    def __init__(self, number: int, streams: int, around: Surroundings, now: float) -> None:
        self.id = number
        self.around = around
        self._quiet_since: float | None = None
        """Since when it is counted that nobody is heard: the answer, or the end of a hold."""
        self._silence_told = False
        self.a = Party(self, Side.A)
        self.b = Party(self, Side.B)
        try:
            for _ in range(streams):
                self._add_stream(now)
        except Exception:
            self.close(now)
            raise

    def party(self, side: Side) -> Party:
        """One side."""
        return self.a if side is Side.A else self.b

    def opened(self) -> Opened:
        """The event that tells the ports."""
        ports_a = tuple(endpoint.line.port for endpoint in self.a.endpoints)
        ports_b = tuple(endpoint.line.port for endpoint in self.b.endpoints)
        return Opened(ports_a, ports_b)

    def add_stream(self, now: float) -> None:
        """Raises NoPorts, and is as before then."""
        self._add_stream(now)
        self.refresh(now)

    def behind_nat(self, side: Side, networks: tuple[str, ...]) -> None:
        """See MediaSession.behind_nat."""
        party = self.party(side)
        party.nat = tuple(map(ip_network, networks))
        for endpoint in party.endpoints:
            endpoint.line.nat = party.nat

    def configure(self, side: Side, stream: int, remote: RemoteMedia | None, now: float) -> None:
        """See MediaSession.configure. A stream that was never opened is ignored."""
        party = self.party(side)
        if not 0 <= stream < len(party.endpoints):
            return
        party.endpoints[stream].configure(remote, now)
        party.hand_over()
        self.refresh(now)

    def gate(self, side_from: Side, is_open: bool, now: float) -> None:
        """See MediaSession.gate."""
        party = self.party(side_from)
        if is_open:
            for endpoint in party.endpoints:
                endpoint.line.drain(now)  # said before the gate opened
        party.gate_open = is_open
        self.refresh(now)

    def play(self, side: Side, name: str, key: str, now: float) -> None:
        """See MediaSession.play."""
        self.party(side).play(name, key, now)
        self.refresh(now)

    def stop(self, side: Side, now: float) -> None:
        """See MediaSession.stop."""
        self.party(side).stop("stopped")
        self.refresh(now)

    def collect(self, side: Side, on: bool, now: float) -> None:
        """See MediaSession.collect."""
        self.party(side).collecting = on
        self.refresh(now)

    def press(self, side: Side, digits: str, now: float) -> None:
        """See MediaSession.press."""
        self.party(side).press(digits)
        self.refresh(now)

    def refresh(self, now: float) -> None:
        """Let every endpoint see to what it does with packets."""
        for party in (self.a, self.b):
            for endpoint in party.endpoints:
                endpoint.refresh(now)

    def answered(self, now: float) -> None:
        """See MediaSession.answered."""
        self._quiet_since = now

    def check_silence(self, now: float, limit: float, limit_at_first: float) -> None:
        """To be called every second. The second limit holds until somebody is heard."""
        for party in (self.a, self.b):
            for endpoint in party.endpoints:
                endpoint.line.look_again(now)
                endpoint.drop_late(now)
        if self._quiet_since is None:
            return  # it rings yet
        if not (self.a.ought_to_send or self.b.ought_to_send):
            self._quiet_since = now  # all are on hold
        last = max((self.a, self.b), key=lambda party: party.heard_at)
        silent = now - max(last.heard_at, self._quiet_since)
        if silent < (limit if last.heard_at else limit_at_first):
            self._silence_told = False
        elif not self._silence_told:
            self._silence_told = True
            self.around.report(self.id, Silent(last.side, silent))

    def close(self, now: float) -> Closed:
        """Give the ports back. Returns the last event. Nothing may be asked of it afterwards."""
        closed = Closed(self.a.stats(), self.b.stats())
        for party in (self.a, self.b):
            for pair in party.close():
                self.around.ports.give_back(pair, now)
        del self.a, self.b  # they refer to the session
        return closed

    def _add_stream(self, now: float) -> None:
        ports = self.around.ports
        pair_a = ports.take(now)
        try:
            pair_b = ports.take(now)
        except Exception:
            ports.give_back(pair_a, now)
            raise
        end_a, end_b = Endpoint(self.a, pair_a), Endpoint(self.b, pair_b)
        end_a.line.nat, end_b.line.nat = self.a.nat, self.b.nat
        end_a.meet(end_b)
        end_b.meet(end_a)
        self.a.endpoints.append(end_a)
        self.b.endpoints.append(end_b)
