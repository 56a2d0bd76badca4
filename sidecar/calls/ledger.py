"""The ledger of a call: whatever happens to it is written here, once, in one vocabulary.

A thing that happens has up to four traces: a field of the call record, a metric, an event for those
who watch, a line in the log. They are made in one place, so that they use the same words and none
is forgotten. No other module of `calls/` changes a record or tells the record store of one: who
seals personal fields, keeps records elsewhere, or writes a journal needs to look here only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, Protocol, cast

import structlog

from sidecar.calls.identifiers import new_call_id
from sidecar.consent.order import Order
from sidecar.consent.party import Objector, Party
from sidecar.live.events import (
    CallAnswered,
    CallEnded,
    CallEvent,
    CallStarted,
    ConsentGiven,
    FailedClosed,
    NoticeGiven,
    PartyNew,
    RecordingChanged,
    VoicemailMet,
)
from sidecar.live.view import HeldBy, ProofWord, RecordingState, VoicemailResult
from sidecar.records.record import CallRecord, Consent, Disposition, EndedBy

if TYPE_CHECKING:
    from sidecar.consent.decision import CallFacts, Decision
    from sidecar.media.engine import Closed
    from sidecar.metrics import Metrics
    from sidecar.recorders.recorder import Proof
    from sidecar.records.store import RecordStore

log = structlog.get_logger(__name__)

NoticeResult = Literal["played", "failed", "abandoned", "answered"]
AnswerResult = Literal["agreed", "declined", "silent"]
Means = Literal["digits", "info", "sdp", "api"]
"""By what somebody has asked for a stop or a pause."""


_BY_STATUS = {
    408: Disposition.NO_ANSWER,
    480: Disposition.NO_ANSWER,
    486: Disposition.BUSY,
    487: Disposition.NO_ANSWER,
    600: Disposition.BUSY,
}


def disposition_of(status: int) -> Disposition:
    """Return the disposition of a call that a final response of the callee's side ended."""
    known = _BY_STATUS.get(status)
    if known is not None:
        return known
    return Disposition.FAILED if 500 <= status < 600 else Disposition.REJECTED


class Time(Protocol):
    """What time it is in the present turn."""

    @property
    def now(self) -> float:
        """Seconds that never jump."""

    @property
    def wall(self) -> float:
        """Unix seconds."""


class Books:
    """What all ledgers of a sidecar are kept in."""

    def __init__(
        self,
        records: RecordStore,
        metrics: Metrics,
        publish: Callable[[CallEvent], None],
        time: Time,
        *,
        keep_numbers: bool,
    ) -> None:
        """`keep_numbers`: whether a record may say who has called whom."""
        self.records = records
        self.metrics = metrics
        self.publish = publish
        self.time = time
        self._keep_numbers = keep_numbers

    def open(self, facts: CallFacts, decision: Decision) -> Ledger:
        """Return the ledger of a call that has arrived now, and of which nothing is kept yet."""
        record = CallRecord(
            call_id=new_call_id(),
            started_at=self.time.wall,
            direction=facts.direction,
            trunk=facts.trunk,
            pbx=facts.pbx,
            caller=facts.from_ if self._keep_numbers else "",
            callee=facts.to if self._keep_numbers else "",
            rule=decision.rule,
            recording_policy=decision.recording.value,
            rules_version=decision.version,
        )
        return Ledger(self, record)


class Ledger:
    """What happens to one call, in the order of its life. Others may read its `record` only."""

    __slots__ = (
        "_metrics",
        "_order_given_at",
        "_publish",
        "_records",
        "_stop_asked_at",
        "_time",
        "record",
    )

    def __init__(self, books: Books, record: CallRecord) -> None:
        self._records = books.records
        self._metrics = books.metrics
        self._publish = books.publish
        self._time = books.time
        self.record = record
        self._order_given_at = 0.0
        self._stop_asked_at: float | None = None

    # The beginning.

    def counted(self) -> None:
        """It is a call, if one that is refused on arrival: `close` will write its only record."""
        self._metrics.call_began()

    def begin(self, dialog: str, on_done: Callable[[bool], None]) -> None:
        """It is a call, and is to be on disk before it goes on. See `RecordStore.begin`."""
        self.counted()
        self._records.begin(self.record, dialog, on_done)

    def resumed(self) -> None:
        """The caller was asked to come again, and has: the same call, with a new recorder."""
        self._stop_asked_at = None

    def started(self, facts: CallFacts, decision: Decision) -> None:
        """What was decided holds from now on; told anew, and perhaps else, of one resumed."""
        call = self.record.call_id
        self._publish(
            CallStarted(
                call_id=call,
                direction=facts.direction,
                trunk=facts.trunk,
                pbx=facts.pbx,
                rule=decision.rule,
                recording_policy=decision.recording.value,
            )
        )
        log.info(
            "call_started",
            call=call,
            direction=facts.direction,
            trunk=facts.trunk,
            pbx=facts.pbx,
            rule=decision.rule,
            recording=decision.recording.value,
        )

    def refused(self, reason: str, problem: str, *, ours: bool = False) -> None:
        """It can't be carried; `ours`: for want of something that we ought to have."""
        self._metrics.sip_rejected(reason)
        tell = log.warning if ours else log.info
        tell("call_refused", call=self.record.call_id, reason=reason, problem=problem)

    # Setting up.

    def placed(self, seconds: float) -> None:
        """The callee was called first, so long after the caller has."""
        self._metrics.call_set_up(seconds)

    def destination_silent(self, destination: str) -> None:
        """No target of the other side answers."""
        self._metrics.sip_rejected("destination_silent")
        log.warning("destination_silent", call=self.record.call_id, destination=destination)

    def answered(self) -> None:
        """The callee has answered."""
        self.record.answered_at = self._time.wall
        self._keep()
        self._publish(CallAnswered(self.record.call_id))

    # Notice and consent.

    def notice(self, party: Party, result: NoticeResult, heard_at: float | None = None) -> None:
        """A notice was heard in full, at `heard_at` (Unix seconds), or was not."""
        self._metrics.notice(party.value, result)
        self._publish(NoticeGiven(self.record.call_id, party, result))
        if heard_at is None:
            return
        if party is Party.CALLER:
            self.record.notice_caller_at = heard_at
        else:
            self.record.notice_callee_at = heard_at
        self._keep()

    def answer(self, party: Party, result: AnswerResult) -> None:
        """A party has answered whether it may be recorded, or has let its time pass."""
        self._metrics.consent(party.value, result)
        self._publish(ConsentGiven(self.record.call_id, party, result))

    def consent(self, word: Consent) -> None:
        """What all that the people have answered comes to."""
        if word is not self.record.consent:
            self.record.consent = word
            self._keep()

    def party_new(self, party: Party) -> None:
        """Someone is on a side who was not there before."""
        log.info("party_new", call=self.record.call_id, party=party.value)
        self._publish(PartyNew(self.record.call_id, party))

    def mailbox(self, word: VoicemailResult) -> None:
        """A mailbox is at the end of the call: what has become of it until now."""
        self.record.voicemail = word
        self._keep()

    # The recorder.

    def recorder_opened(self, kind: str) -> None:
        """A recorder takes orders for this call from now on."""
        self.record.recorder = kind

    def stop_asked(self, by: Objector, means: Means) -> None:
        """Someone has asked for a stop or a pause: the clock of its proof runs."""
        self._metrics.stop_request(by.value, means)
        if self.record.stop_requested_at is None:
            self.record.stop_requested_at = self._time.wall
        if self._stop_asked_at is None:
            self._stop_asked_at = self._time.now
        self._keep()

    def ordered(self) -> None:
        """The recorder was given an order."""
        self._order_given_at = self._time.now

    def confirmed(self, kind: str, order: Order, proof: Proof, *, last: bool) -> None:
        """The recorder has confirmed an order; `last`: it is the one that was given last."""
        record = self.record
        self._metrics.recorder_action(kind, order.value, proof.word)
        record.recording_proof = proof.word
        if not last:
            return
        self._metrics.recorder_seconds(self._time.now - self._order_given_at)
        if order is not Order.RELEASE and self._stop_asked_at is not None:
            self._metrics.stop_proven(self._time.now - self._stop_asked_at)
            self._stop_asked_at = None
            record.stop_confirmed_at = self._time.wall
        self._keep()
        log.info("recorder_confirmed", call=record.call_id, order=order.value, proof=proof.word)

    def order_failed(self, kind: str, order: Order, reason: str) -> None:
        """The recorder says that it can't do as it was told."""
        self._metrics.recorder_action(kind, order.value, "failed")
        call = self.record.call_id
        log.warning("recorder_failed", call=call, order=order.value, reason=reason)

    def unconfirmed(self, kind: str, order: Order) -> None:
        """The recorder has not confirmed an order in time."""
        self._metrics.recorder_action(kind, order.value, "unconfirmed")

    def doubted(self, reason: str) -> None:
        """What the recorder has confirmed is in doubt."""
        log.warning("recorder_doubted", call=self.record.call_id, reason=reason)

    def violated(self, kind: str, order: Order | None) -> None:
        """The recorder records where it must not, by the order that stands."""
        self._metrics.recorder_action(kind, "restart", "violated")
        # Held is what a PBX begins of itself, as its dialplan says: nothing to look into.
        tell = log.info if order is Order.HOLD else log.warning
        tell("recorder_violated", call=self.record.call_id, order=order and order.value)

    def recorder_silent(self) -> None:
        """The recorder does not say in time who has answered."""
        log.warning("recorder_silent", call=self.record.call_id)

    def recording_changed(self, recording: RecordingState, held_by: tuple[HeldBy, ...]) -> None:
        """What is known of the recording has changed."""
        proof = cast(ProofWord, self.record.recording_proof)
        self._publish(RecordingChanged(self.record.call_id, recording, held_by, proof))

    def recording_proven(self, kind: str, proof: Proof, seconds: float | None) -> None:
        """The recorder has closed its books of the call, often after its end."""
        record = self.record
        self._metrics.recording_proven(kind, proof.word)
        record.recording_proof = proof.word
        seconds = seconds if seconds is None else round(seconds, 3)
        record.recorded_seconds = seconds
        if record.ended_at is not None:  # a call parked for credentials has not ended
            self._records.amend(record)
        log.info("recording_proven", call=record.call_id, proof=proof.word, seconds=seconds)

    # Promises that can't be kept.

    def failed_closed(self, reason: str) -> None:
        """A promise can't be kept: the call is about to end."""
        self._fail_closed(reason)
        log.error("call_failed_closed", call=self.record.call_id, reason=reason)

    def muted(self, reason: str) -> None:
        """A promise can't be kept: the call goes on in silence towards the recorder."""
        self._fail_closed(reason)
        self._keep()
        log.error("call_muted", call=self.record.call_id, reason=reason)

    # The end.

    def ended(self, disposition: Disposition, by: EndedBy) -> None:
        """How it has ended, and who has ended it; a call that waits for its caller may go on."""
        self.record.disposition, self.record.ended_by = disposition, by

    def close(self) -> None:
        """It is over: its record is complete but for the proof of its recording."""
        record = self.record
        self._count_mailbox()
        record.ended_at = self._time.wall
        self._records.finish(record)
        disposition = record.disposition or Disposition.FAILED
        self._metrics.call_ended(record.direction, disposition.value)
        self._publish(CallEnded(record.call_id, disposition, record.ended_by))
        log.info(
            "call_ended",
            call=record.call_id,
            disposition=disposition.value,
            ended_by=record.ended_by.value,
            seconds=round(record.ended_at - record.started_at, 3),
        )

    def media_closed(self, closed: Closed) -> None:
        """Its media is gone, and has counted its packets."""
        inbound = self.record.direction == "inbound"
        from_a, from_b = ("to_pbx", "to_trunk") if inbound else ("to_trunk", "to_pbx")
        for direction, side in ((from_a, closed.a), (from_b, closed.b)):
            self._metrics.rtp_packets(direction, side.relayed)
            self._metrics.rtp_dropped("gated", side.gated - side.late)
            self._metrics.rtp_dropped("late", side.late)
            self._metrics.rtp_dropped("stranger", side.strangers)
            self._metrics.rtp_dropped("invalid", side.invalid)

    def _fail_closed(self, reason: str) -> None:
        self.record.fail_closed = reason
        self._metrics.fail_closed(reason)
        self._publish(FailedClosed(self.record.call_id, reason))

    def _count_mailbox(self) -> None:
        if result := cast(VoicemailResult, self.record.voicemail):
            self._metrics.voicemail(result)
            self._publish(VoicemailMet(self.record.call_id, result))

    def _keep(self) -> None:
        """Have the record kept as it is, in case the call gets no proper end."""
        self._records.update(self.record)
