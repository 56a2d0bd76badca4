"""Every metric of the sidecar: its name, its meaning, and the method that counts it.

Nothing here looks at a clock, and `Metrics.render` is slow enough to belong in a thread. Labels
never hold what a peer chose: a word outside the known ones is counted as `other`, and where the
words are the code's own (reasons), there are at most `MAX_WORDS` of them. docs/metrics.md is
made from `TABLE`.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import product

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.openmetrics import exposition as openmetrics

from sidecar import __version__
from sidecar.recorders import kinds

PREFIX = "consent_sidecar_"
OTHER = "other"
OPENMETRICS = "application/openmetrics-text"
MAX_WORDS = 48
SECONDS_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

DIRECTIONS = ("inbound", "outbound")
DISPOSITIONS = (
    "answered",
    "no_answer",
    "busy",
    "cancelled",
    "rejected",
    "failed",
    "refused",
    "interrupted",
)
PARTIES = ("caller", "callee")
RECORDERS = kinds.WORDS
METHODS = (
    "INVITE",
    "ACK",
    "BYE",
    "CANCEL",
    "OPTIONS",
    "REGISTER",
    "INFO",
    "UPDATE",
    "PRACK",
    "REFER",
    "NOTIFY",
    "SUBSCRIBE",
    "MESSAGE",
    "PUBLISH",
)
_IANA_CODES = (
    (100, 180, 181, 182, 183, 199, 200, 202, 204, 300, 301, 302, 305, 380),
    (400, 401, 402, 403, 404, 405, 406, 407, 408, 410, 412, 413, 414, 415, 416, 417),
    (420, 421, 422, 423, 424, 425, 428, 429, 430, 433, 436, 437, 438, 439, 440, 469, 470),
    (480, 481, 482, 483, 484, 485, 486, 487, 488, 489, 491, 493, 494),
    (500, 501, 502, 503, 504, 505, 513, 555, 580, 600, 603, 604, 606, 607, 608),
)
CODES = tuple(str(code) for codes in _IANA_CODES for code in codes)
"""The SIP response codes registered at IANA."""
SIDES = ("trunk", "pbx", "unknown")
LIMITS = (
    "calls",
    "rate",
    "requests",
    "ringing",
    "ports",
    "transactions",
    "bytes",
    "connections",
)
WORDS: tuple[str, ...] = ()
"""Values of a label whose words are the code's own: short, snake_case, never a peer's."""


@dataclass(frozen=True, slots=True)
class Metric:
    """What a metric is called and what it means: one line of docs/metrics.md."""

    name: str
    kind: type[Counter] | type[Gauge] | type[Histogram]
    meaning: str
    labels: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Each label and its known values (`WORDS` where the code's own words are counted)."""

    @property
    def full_name(self) -> str:
        """The name as Prometheus shows it."""
        return PREFIX + self.name


CALLS = Metric(
    "calls_total",
    Counter,
    "Calls that ended, by direction (as the PBX sees it) and disposition (see docs/records.md).",
    (("direction", DIRECTIONS), ("disposition", DISPOSITIONS)),
)
CALLS_ACTIVE = Metric("calls_active", Gauge, "Calls that are up now, ringing or connected.")
SETUP_SECONDS = Metric(
    "setup_seconds",
    Histogram,
    "Seconds from an INVITE in to its INVITE out, the call record on disk included; without the "
    "notice of `before-connect`, which is meant to take time.",
)
NOTICES = Metric(
    "notices_total",
    Counter,
    "Notices to a party: played in full, failed (the call was ended then), answered before their "
    "end, or abandoned (someone hung up, came or went first).",
    (("party", PARTIES), ("result", ("played", "failed", "abandoned", "answered"))),
)
CONSENTS = Metric(
    "consents_total",
    Counter,
    "Answers to the question for consent: agreed, declined, or silent (no answer in time; each "
    "repetition counts).",
    (("party", PARTIES), ("result", ("agreed", "declined", "silent"))),
)
RECORDER_ACTIONS = Metric(
    "recorder_actions_total",
    Counter,
    "Orders to recorders, by adapter, order and what came of them: how far the confirmation is "
    "proven (told, accepted, read_back), failed, or unconfirmed in time. restart: something "
    "recorded against the order that stood.",
    (
        ("recorder", RECORDERS),
        ("action", ("hold", "release", "stop", "restart")),
        ("result", ("told", "accepted", "read_back", "failed", "unconfirmed", "violated")),
    ),
)
RECORDER_ACTION_SECONDS = Metric(
    "recorder_action_seconds",
    Histogram,
    "Seconds from an order to its confirmation by the recorder.",
)
STOP_REQUESTS = Metric(
    "stop_requests_total",
    Counter,
    "Requests to stop or to pause the recording, by who asked and by what means.",
    (("party", (*PARTIES, "operator")), ("means", ("digits", "info", "sdp", "api"))),
)
STOP_PROVEN_SECONDS = Metric(
    "stop_proven_seconds",
    Histogram,
    "Seconds from such a request to the recorder's confirmation: the time to proven stop.",
)
RECORDINGS_PROVEN = Metric(
    "recordings_proven_total",
    Counter,
    "Ended calls by how far it is proven that their recorder did as ordered (docs/recorders.md).",
    (
        ("recorder", RECORDERS),
        ("proof", ("none", "told", "accepted", "read_back", "stayed", "files")),
    ),
)
VOICEMAIL = Metric(
    "voicemail_total",
    Counter,
    "Calls that came to a mailbox, by what became of that: allowed by the rule without a word; the "
    "caller was informed, has agreed, has declined, did not hear the notice to its end; denied.",
    (("result", ("allowed", "informed", "agreed", "declined", "unheard", "denied")),),
)
MESSAGES = Metric(
    "messages_total",
    Counter,
    "Instant messages (SIP MESSAGE, text in any other method), and offers of streams of them "
    "(MSRP), allowed or denied.",
    (("result", ("allowed", "denied")),),
)
SIP_REQUESTS = Metric(
    "sip_requests_total",
    Counter,
    "SIP requests received, retransmissions left out, by method and by the side they came from.",
    (("method", METHODS), ("side", SIDES)),
)
SIP_RESPONSES = Metric(
    "sip_responses_total",
    Counter,
    "SIP responses sent, retransmissions left out, by code and by the side they went to.",
    (("code", CODES), ("side", SIDES)),
)
SIP_RETRANSMISSIONS = Metric(
    "sip_retransmissions_total",
    Counter,
    "SIP messages sent again because an answer was missing: packet loss, or a peer that is slow.",
)
SIP_REJECTED = Metric(
    "sip_rejected_total",
    Counter,
    "SIP messages dropped or refused by the sidecar itself, by reason; the log line of the same "
    "reason says more.",
    (("reason", WORDS),),
)
LIMITS_HIT = Metric(
    "limits_hit_total",
    Counter,
    "How often a limit of a neighbour (`trunk.NAME`, `pbx.NAME`) was reached, and what it asked "
    "for refused (docs/limits.md).",
    (("neighbour", WORDS), ("limit", LIMITS)),
)
FAIL_CLOSED = Metric(
    "fail_closed_total",
    Counter,
    "Calls ended or refused because a promise could not be kept. Any increase deserves a look.",
    (("reason", WORDS),),
)
RTP_PACKETS = Metric(
    "rtp_packets_total",
    Counter,
    "RTP packets relayed, by direction.",
    (("direction", ("to_pbx", "to_trunk")),),
)
RTP_DROPPED = Metric(
    "rtp_dropped_total",
    Counter,
    "RTP packets that arrived and were not relayed, by reason; a closed gate is one, so this "
    "grows while notices play.",
    (("reason", WORDS),),
)
RECORDS_WRITTEN = Metric("records_written_total", Counter, "Records of ended calls on disk.")
RECORDS_PENDING = Metric(
    "records_pending",
    Gauge,
    "Call records that wait for the disk. Growing: the disk does not take them.",
)
RECORDS_LOST = Metric(
    "records_lost_total",
    Counter,
    "Records given up: of calls refused on arrival while the disk took nothing and the queue was "
    "full, or at a stop with a broken disk. No call that went on is among the former.",
)
LOOP_LAG = Metric(
    "loop_lag_seconds",
    Gauge,
    "How late the signalling process came to what was due, at worst in the last minute: all calls "
    "wait so long. A recorder's time to confirm runs meanwhile.",
)
BUILD_INFO = Metric(
    "build_info",
    Gauge,
    "Always 1; the labels tell the versions of the sidecar and of Python.",
    (("version", WORDS), ("python", WORDS)),
)
TABLE: tuple[Metric, ...] = (
    CALLS,
    CALLS_ACTIVE,
    SETUP_SECONDS,
    NOTICES,
    CONSENTS,
    RECORDER_ACTIONS,
    RECORDER_ACTION_SECONDS,
    STOP_REQUESTS,
    STOP_PROVEN_SECONDS,
    RECORDINGS_PROVEN,
    VOICEMAIL,
    MESSAGES,
    SIP_REQUESTS,
    SIP_RESPONSES,
    SIP_RETRANSMISSIONS,
    SIP_REJECTED,
    LIMITS_HIT,
    FAIL_CLOSED,
    RTP_PACKETS,
    RTP_DROPPED,
    RECORDS_WRITTEN,
    RECORDS_PENDING,
    RECORDS_LOST,
    LOOP_LAG,
    BUILD_INFO,
)


class Metrics:
    """All metrics of one sidecar, in a registry of their own."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._calls = _Counts(CALLS, self.registry)
        self._calls_active = _gauge(CALLS_ACTIVE, self.registry)
        self._setup = _histogram(SETUP_SECONDS, self.registry)
        self._notices = _Counts(NOTICES, self.registry)
        self._consents = _Counts(CONSENTS, self.registry)
        self._recorder_actions = _Counts(RECORDER_ACTIONS, self.registry)
        self._recorder_seconds = _histogram(RECORDER_ACTION_SECONDS, self.registry)
        self._stop_requests = _Counts(STOP_REQUESTS, self.registry)
        self._stop_proven = _histogram(STOP_PROVEN_SECONDS, self.registry)
        self._recordings_proven = _Counts(RECORDINGS_PROVEN, self.registry)
        self._voicemail = _Counts(VOICEMAIL, self.registry)
        self._messages = _Counts(MESSAGES, self.registry)
        self._requests = _Counts(SIP_REQUESTS, self.registry)
        self._responses = _Counts(SIP_RESPONSES, self.registry)
        self._retransmissions = _Counts(SIP_RETRANSMISSIONS, self.registry)
        self._rejected = _Counts(SIP_REJECTED, self.registry)
        self._limits_hit = _Counts(LIMITS_HIT, self.registry)
        self._fail_closed = _Counts(FAIL_CLOSED, self.registry)
        self._rtp_packets = _Counts(RTP_PACKETS, self.registry)
        self._rtp_dropped = _Counts(RTP_DROPPED, self.registry)
        self._records_written = _Counts(RECORDS_WRITTEN, self.registry)
        self._records_pending = _gauge(RECORDS_PENDING, self.registry)
        self._records_lost = _Counts(RECORDS_LOST, self.registry)
        self._loop_lag = _gauge(LOOP_LAG, self.registry)
        build = _gauge(BUILD_INFO, self.registry)
        build.labels(__version__, platform.python_version()).set(1)

    def call_began(self) -> None:
        """A call is there: it counts as active until `call_ended`."""
        self._calls_active.inc()

    def call_ended(self, direction: str, disposition: str) -> None:
        """The call that `call_began` counted is gone."""
        self._calls_active.dec()
        self._calls.add(direction, disposition)

    def call_interrupted(self, direction: str) -> None:
        """A call of a killed process was found, and its record closed."""
        self._calls.add(direction, "interrupted")

    def call_set_up(self, seconds: float) -> None:
        """The INVITE went out, `seconds` after the other leg's came in."""
        self._setup.observe(seconds)

    def notice(self, party: str, result: str) -> None:
        """A notice to `party` was "played" in full, "failed", "abandoned" or "answered" early."""
        self._notices.add(party, result)

    def consent(self, party: str, result: str) -> None:
        """A party that was asked has "agreed" or "declined", or was "silent" for too long."""
        self._consents.add(party, result)

    def recorder_action(self, recorder: str, action: str, result: str) -> None:
        """An order to a recorder was confirmed (`result` is a proof), or not."""
        self._recorder_actions.add(recorder, action, result)

    def recorder_seconds(self, seconds: float) -> None:
        """An order was confirmed so long after it was given."""
        self._recorder_seconds.observe(seconds)

    def stop_request(self, party: str, means: str) -> None:
        """Someone asked for a stop or a pause."""
        self._stop_requests.add(party, means)

    def stop_proven(self, seconds: float) -> None:
        """A stop or a pause was confirmed so long after it was asked for."""
        self._stop_proven.observe(seconds)

    def recording_proven(self, recorder: str, proof: str) -> None:
        """A call is over, and its recording is proven so far."""
        self._recordings_proven.add(recorder, proof)

    def voicemail(self, result: str) -> None:
        """A call that came to a mailbox is over."""
        self._voicemail.add(result)

    def message(self, result: str) -> None:
        """A SIP MESSAGE, or an offer with MSRP in it, was "allowed" or "denied"."""
        self._messages.add(result)

    def sip_request(self, method: str, side: str) -> None:
        """A request arrived from `side` ("trunk", "pbx", "unknown")."""
        self._requests.add(method, side)

    def sip_response(self, code: int, side: str) -> None:
        """A response went out towards `side`."""
        self._responses.add(str(code), side)

    def sip_retransmission(self) -> None:
        """A message was sent again."""
        self._retransmissions.add()

    def sip_rejected(self, reason: str) -> None:
        """A message was dropped or refused; `reason` is a word of ours, never a peer's text."""
        self._rejected.add(reason)

    def know_neighbours(self, names: Iterable[str]) -> None:
        """Have a series for each limit of each neighbour ("trunk.NAME", "pbx.NAME")."""
        for name, limit in product(names, LIMITS):
            self._limits_hit.add_known(name, limit)

    def limit_hit(self, neighbour: str, limit: str) -> None:
        """A limit of a neighbour's was reached."""
        self._limits_hit.add(neighbour, limit)

    def fail_closed(self, reason: str) -> None:
        """A call ended because a promise could not be kept (promises 3 and 8)."""
        self._fail_closed.add(reason)

    def rtp_packets(self, direction: str, packets: int) -> None:
        """Packets were relayed "to_pbx" or "to_trunk"."""
        self._rtp_packets.add(direction, amount=packets)

    def rtp_dropped(self, reason: str, packets: int) -> None:
        """Packets arrived that were not relayed."""
        self._rtp_dropped.add(reason, amount=packets)

    def records_written(self, records: int) -> None:
        """Records of ended calls reached the disk."""
        self._records_written.add(amount=records)

    def records_lost(self, records: int) -> None:
        """Records were given up."""
        self._records_lost.add(amount=records)

    def watch_records_pending(self, pending: Callable[[], int]) -> None:
        """Ask `pending` at each scrape how many records wait; called from another thread."""
        self._records_pending.set_function(pending)

    def watch_loop_lag(self, longest: Callable[[], float]) -> None:
        """Ask `longest` at each scrape for seconds; called from another thread."""
        self._loop_lag.set_function(longest)

    def render(self, accept: str = "") -> tuple[bytes, str]:
        """The text of a scrape and its content type, as the Accept header asks.

        OpenMetrics 1.0 where it is named at all, else the text format of Prometheus. Takes
        milliseconds: call it in a thread.
        """
        media_types = {part.partition(";")[0].strip().lower() for part in accept.split(",")}
        if OPENMETRICS in media_types:
            content_type = f"{OPENMETRICS}; version=1.0.0; charset=utf-8"
            return openmetrics.generate_latest(self.registry), content_type  # type: ignore[no-untyped-call]
        return generate_latest(self.registry), "text/plain; version=0.0.4; charset=utf-8"


class _Counts:
    """A counter whose label children are looked up in a dict, and bounded in number."""

    def __init__(self, metric: Metric, registry: CollectorRegistry) -> None:
        names = [name for name, _values in metric.labels]
        self._counter = Counter(metric.full_name, metric.meaning, names, registry=registry)
        self._known = tuple(frozenset(values) for _name, values in metric.labels)
        self._children: dict[tuple[str, ...], Counter] = {}
        if len(self._known) == 0:
            self._children[()] = self._counter
        elif metric not in (SIP_REQUESTS, SIP_RESPONSES):
            for labels in product(*(values for _name, values in metric.labels)):
                self._children[labels] = self._counter.labels(*labels)

    def add(self, *labels: str, amount: float = 1) -> None:
        child = self._children.get(labels)
        if child is None:
            child = self._child(labels)
        child.inc(amount)

    def add_known(self, *labels: str) -> None:
        """Show a series before it is counted for the first time."""
        self._children[labels] = self._counter.labels(*labels)

    def _child(self, labels: tuple[str, ...]) -> Counter:
        known = tuple(self._fold(*pair) for pair in zip(labels, self._known, strict=True))
        child = self._children.get(known)
        if child is None:
            child = self._children[known] = self._counter.labels(*known)
        return child

    def _fold(self, word: str, known: frozenset[str]) -> str:
        if known:
            return word if word in known else OTHER
        return word if len(self._children) < MAX_WORDS else OTHER


def _histogram(metric: Metric, registry: CollectorRegistry) -> Histogram:
    return Histogram(metric.full_name, metric.meaning, buckets=SECONDS_BUCKETS, registry=registry)


def _gauge(metric: Metric, registry: CollectorRegistry) -> Gauge:
    names = [name for name, _values in metric.labels]
    return Gauge(metric.full_name, metric.meaning, names, registry=registry)
