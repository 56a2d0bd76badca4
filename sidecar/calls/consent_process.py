"""Carrying out what the consent machine decides: notices, gates, the end of a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.consent.machine import (
    Action,
    CloseGates,
    Connect,
    ConsentMachine,
    EndCall,
    Event,
    NoticeFailed,
    NoticePlayed,
    OpenGates,
    PlayNotice,
)
from sidecar.consent.party import Party
from sidecar.media.engine import MediaSession, Played, PlayFailed, Side

if TYPE_CHECKING:
    from sidecar.calls.call import Call
    from sidecar.consent.decision import Decision

SIDE_OF = {Party.CALLER: Side.A, Party.CALLEE: Side.B}
PARTY_OF = {Side.A: Party.CALLER, Side.B: Party.CALLEE}


class ConsentProcess:
    """The consent machine of one call, joined to its media, its record and its metrics."""

    __slots__ = ("_call", "_decision", "_machine", "_media", "_playing")

    def __init__(self, call: Call, decision: Decision, media: MediaSession) -> None:
        self._call = call
        self._decision = decision
        self._media = media
        self._machine = ConsentMachine(decision)
        self._playing: set[Party] = set()

    def early_media(self) -> None:
        """Let the caller hear what the PBX plays before the answer; nothing goes the other way.

        Where no notice is due, both ways are open from the start.
        """
        self._media.gate(Side.B, True)
        if self._decision.notice is None:
            self._media.gate(Side.A, True)

    def answered(self) -> None:
        """The callee has answered: where a notice is due, nothing passes until it was heard."""
        if self._decision.notice is not None:
            self._close_gates()

    def handle(self, event: Event) -> None:
        """Feed the machine and do what it says."""
        for action in self._machine.handle(event):
            self._carry_out(action)

    def played(self, event: Played) -> None:
        """A prompt was heard in full; the record keeps when it ended."""
        party = PARTY_OF[event.side]
        if party not in self._playing:
            return
        self._playing.discard(party)
        self._call.agent.metrics.notice(party.value, "played")
        if party is Party.CALLER:
            self._call.record.notice_caller_at = event.ended_at
        else:
            self._call.record.notice_callee_at = event.ended_at
        self._call.agent.records.update(self._call.record)
        self.handle(NoticePlayed(party))

    def failed(self, event: PlayFailed) -> None:
        """A prompt could not be played in full."""
        party = PARTY_OF[event.side]
        if party not in self._playing:
            return
        self._playing.discard(party)
        self._call.agent.metrics.notice(party.value, "failed")
        self.handle(NoticeFailed(party, event.reason))

    def abandon(self) -> None:
        """The call is over; count the notices that were not heard to their end."""
        for party in self._playing:
            self._call.agent.metrics.notice(party.value, "abandoned")
        self._playing.clear()

    def _carry_out(self, action: Action) -> None:
        match action:
            case PlayNotice(party):
                self._play(party)
            case OpenGates():
                self._media.gate(Side.A, True)
                self._media.gate(Side.B, True)
            case CloseGates():
                self._close_gates()
            case Connect():
                self._call.place()
            case EndCall(reason):
                self._call.fail_closed(reason)

    def _play(self, party: Party) -> None:
        notice = self._decision.notice
        assert notice is not None, "the machine plays a notice only where the rule has one"
        self._playing.add(party)
        self._media.play(SIDE_OF[party], notice.prompt.of(party), notice.language.of(party))

    def _close_gates(self) -> None:
        self._media.gate(Side.A, False)
        self._media.gate(Side.B, False)
