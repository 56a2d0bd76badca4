"""The keys of both parties: codes and answers are acted on, the others go on to the other side."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, cast

from sidecar.calls.hands.speaking import PARTY_OF, SIDE_OF
from sidecar.consent.digits import Action, Completed, DigitCollector, Means, PassOn
from sidecar.consent.events import Agreed, Declined
from sidecar.consent.party import Objector, Party
from sidecar.consent.standing import Place
from sidecar.sip import dtmf_info

if TYPE_CHECKING:
    from sidecar.calls.call import Call
    from sidecar.calls.hands.recording_requests import Wish
    from sidecar.media.engine import Side
    from sidecar.sip.dtmf_info import DtmfInfo
    from sidecar.timers import Timer

ANSWERS = ("accept", "decline")


class Keys:
    """The collectors of one call; they listen once there is something to listen for."""

    __slots__ = ("_call", "_collectors", "_info_type", "_listening", "_timers")

    def __init__(self, call: Call) -> None:
        self._call = call
        self._collectors = {party: DigitCollector({}) for party in Party}
        self._listening: set[Party] = set()
        self._info_type: dict[Party, str] = {}
        """By which type of INFO a party's last key came; none where it came as media."""
        self._timers: dict[Party, Timer] = {}

    def listen(self) -> None:
        """Look for the codes that mean something now, and only where there are any."""
        for party in Party:
            codes = self._codes(party)
            self._act(party, self._collectors[party].replace(codes))
            listens = bool(codes) or self._waits(party)
            if listens is not (party in self._listening):
                self._call.media.collect(SIDE_OF[party], listens)
            if listens:
                self._listening.add(party)
            else:
                self._listening.discard(party)

    def pressed(self, side: Side, digit: str, means: Means) -> None:
        """A party has pressed a key."""
        party = PARTY_OF[side]
        if party in self._listening:
            self._info_type.pop(party, None)
            self._feed(party, digit, means)

    def informed(self, side: Side, content_type: str, key: DtmfInfo) -> bool:
        """Take a key that came by INFO; False where nobody listens and it is to cross as it is.

        A mailbox gets none before it may be spoken to, as it gets none that comes as media.
        """
        party, consent = PARTY_OF[side], self._call.consent
        if party not in self._listening:
            return consent.at_mailbox and not consent.passes(side)
        if key.ended:
            self._info_type[party] = dtmf_info.type_of(content_type)
            self._feed(party, key.digit, "info")
        return True

    def close(self) -> None:
        """The call is over."""
        for timer in self._timers.values():
            timer.cancel()

    def _codes(self, party: Party) -> dict[str, str]:
        call, question = self._call, self._call.consent.question
        codes: dict[str, str] = {}
        if question is not None and call.consent.asks(party):
            codes = {"accept": question.accept, "decline": question.decline}
        if not call.consent.at_mailbox:
            wanted = call.decision.codes
            codes |= {"stop": wanted.stop, "pause": wanted.pause, "resume": wanted.resume}
        return {name: digits for name, digits in codes.items() if digits}

    def _waits(self, party: Party) -> bool:
        """Whether a party's keys are for the PBX's menu while its voice is held back."""
        return party is Party.CALLER and self._call.consent.waits_for_person

    def _feed(self, party: Party, digit: str, means: Means) -> None:
        collector = self._collectors[party]
        self._act(party, collector.feed(digit, means, self._call.now))
        self._watch(party)

    def _watch(self, party: Party) -> None:
        """Have keys that wait for a code's end passed on in time."""
        timer = self._timers.pop(party, None)
        if timer is not None:
            timer.cancel()
        deadline = self._collectors[party].deadline
        if deadline is not None:
            expired = partial(self._expired, party)
            self._timers[party] = self._call.later(deadline, expired)

    def _expired(self, party: Party, now: float) -> None:
        self._timers.pop(party, None)
        self._act(party, self._collectors[party].expire(now))
        self._watch(party)

    def _act(self, party: Party, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case Completed(name) if name in ANSWERS:
                    self._answer(party, agreed=name == "accept")
                case Completed(name):
                    self._call.requests.ask(Objector(party.value), cast("Wish", name), "digits")
                case PassOn(digits):
                    self._pass_on(party, digits)

    def _answer(self, party: Party, *, agreed: bool) -> None:
        call = self._call
        if not self._may_answer(party):
            return
        call.consent.note_answer(party, "agreed" if agreed else "declined")
        call.consent.handle(Agreed(party) if agreed else Declined(party))

    def _may_answer(self, party: Party) -> bool:
        """Whether a party has heard of what it is asked, if only in part, and has not answered."""
        consent = self._call.consent
        asked = consent.state.standing(party).place is Place.ASKED
        return consent.asks(party) and (asked or party in consent.hearing)

    def _pass_on(self, party: Party, digits: str) -> None:
        """Give keys that are no code to the other side, by the means by which they came."""
        side = SIDE_OF[party]
        if not (self._call.consent.passes(side) or self._waits(party)):
            return
        content_type = self._info_type.get(party)
        if content_type is None:
            self._call.pressing.press(side.other, digits)
            return
        for digit in digits:
            body = dtmf_info.write(content_type, digit, dtmf_info.DEFAULT_DURATION_MS)
            self._call.send_info(side.other, content_type, body)
