"""The call record: all that is kept of a call (but its evidence), and the words it is told in.

The vocabularies here are closed. Record, metric and log use the same words, so that a line in
one can be found in the others.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from sidecar.records.timestamps import from_text, to_text

MAX_TEXT = 200
"""Longest text kept in a column. Numbers have 15 digits (E.164); what is longer is an attack."""


class Direction(StrEnum):
    """Which way a call goes, seen from the PBX."""

    INBOUND = "inbound"
    """From a trunk to the PBX."""
    OUTBOUND = "outbound"
    """From the PBX to a trunk."""


class Disposition(StrEnum):
    """How a call ended: exactly one word a call."""

    ANSWERED = "answered"
    """Both people were connected (200 and ACK on both legs), however long they talked."""
    NO_ANSWER = "no_answer"
    """It rang, nobody answered: 408, 480, or the ringing time ran out."""
    BUSY = "busy"
    """The callee was busy: 486 or 600."""
    CANCELLED = "cancelled"
    """The caller gave up before an answer: CANCEL, or BYE while a notice played before connect."""
    REJECTED = "rejected"
    """The callee's side said no: 403, 404, 484, 603 and any other 4xx or 6xx."""
    FAILED = "failed"
    """It could not be carried: 5xx, time-out, no media, a side that broke the protocol."""
    REFUSED = "refused"
    """The sidecar did not let it go on: a rule, no common codec, or a promise it could not keep."""
    INTERRUPTED = "interrupted"
    """The sidecar itself stopped (crash, kill, power) while the call was up."""


class EndedBy(StrEnum):
    """Who ended the call."""

    CALLER = "caller"
    CALLEE = "callee"
    SIDECAR = "sidecar"
    NOBODY = ""
    """Still going on (or, at the end, not known)."""


class Consent(StrEnum):
    """What the people said about being recorded."""

    NOT_ASKED = "not_asked"
    """The rule does not ask (policies `off` and `notice`)."""
    GRANTED = "granted"
    """Everyone who was asked has agreed, and nobody took it back."""
    REFUSED = "refused"
    """Someone declined, or did not answer in time."""
    WITHDRAWN = "withdrawn"
    """Someone agreed first and said stop later."""


@dataclass(slots=True)
class CallRecord:
    """One call. The fields are the columns of table `cdr`, in their order.

    Times are Unix seconds (float, UTC) and kept to the millisecond; None is "did not happen".
    """

    call_id: str
    """Random, our own; never a SIP Call-ID, which often holds a host name or an address."""
    started_at: float
    """The INVITE arrived."""
    answered_at: float | None = None
    """The callee's 200 arrived."""
    ended_at: float | None = None
    """The last leg was gone. None while the call is up."""
    direction: str = Direction.INBOUND
    trunk: str = ""
    """Name of the `[trunk.*]` table, not an address."""
    pbx: str = ""
    caller: str = ""
    """The calling number, as `[records] numbers` says; never a display name."""
    callee: str = ""
    disposition: Disposition | None = None
    """None while the call is up."""
    ended_by: EndedBy = EndedBy.NOBODY
    rule: str = ""
    """Name of the rule that held; empty: `[defaults]`."""
    recording_policy: str = "off"
    consent: Consent = Consent.NOT_ASKED
    notice_caller_at: float | None = None
    """End of the notice's last frame: from here on the caller had heard all of it."""
    notice_callee_at: float | None = None
    recorded_seconds: float | None = None
    """Seconds of recording as the recorder confirmed them; None where no recorder was asked."""
    stop_requested_at: float | None = None
    stop_confirmed_at: float | None = None
    voicemail: str = ""
    recorder: str = ""
    """Which adapter controlled the PBX's recorder; empty where the call was refused before."""
    recording_proof: str = "none"
    """How far it is proven that the recorder did as ordered: a rung of docs/recorders.md."""
    fail_closed: str = ""
    """Why the call was ended or muted because a promise could not be kept; a word of ours."""
    rules_version: str = ""
    """Which rules decided: the beginning of a hash of their files."""

    def row(self) -> tuple[object, ...]:
        """The values for the columns of table `cdr`; text is made fit to store and to print."""
        return (
            clean(self.call_id),
            to_text(self.started_at),
            to_text(self.answered_at),
            to_text(self.ended_at),
            self.direction,
            self.trunk,
            self.pbx,
            clean(self.caller),
            clean(self.callee),
            self.disposition,
            self.ended_by,
            self.rule,
            self.recording_policy,
            self.consent,
            to_text(self.notice_caller_at),
            to_text(self.notice_callee_at),
            self.recorded_seconds,
            to_text(self.stop_requested_at),
            to_text(self.stop_confirmed_at),
            clean(self.voicemail),
            self.recorder,
            self.recording_proof,
            self.fail_closed,
            self.rules_version,
        )

    @classmethod
    def of_row(cls, row: tuple[object, ...]) -> CallRecord:
        """The record of a row read with the columns of `COLUMNS`, in that order."""
        values: dict[str, Any] = dict(zip(COLUMNS, row, strict=True))
        for name in _TIMES:
            values[name] = from_text(values[name])
        values["disposition"] = (
            Disposition(values["disposition"]) if values["disposition"] else None
        )
        values["ended_by"] = EndedBy(values["ended_by"])
        values["consent"] = Consent(values["consent"])
        return cls(**values)


COLUMNS: tuple[str, ...] = tuple(field.name for field in fields(CallRecord))
_TIMES = tuple(name for name in COLUMNS if name.endswith("_at"))


def clean(text: str) -> str:
    """Text from a peer as it may be stored: no undecodable bytes, no control characters, bounded.

    A number may come with any bytes (surrogates after decoding, which SQLite can't store) and
    with escape sequences that would act on the terminal of whoever lists the records.
    """
    text = text[:MAX_TEXT]
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
