"""The ledger: record, metric, event and log line of a thing that happens are made together."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from sidecar.calls import ledger as ledger_module
from sidecar.calls.ledger import Books
from sidecar.consent.decision import CallFacts
from sidecar.consent.order import Order
from sidecar.consent.party import Objector, Party
from sidecar.live.events import CallEnded, FailedClosed, NoticeGiven, VoicemailMet
from sidecar.metrics import Metrics
from sidecar.recorders.recorder import Proof
from sidecar.records.record import Consent, Disposition, EndedBy
from tests.calls.stubs import StubStore
from tests.calls.world import NOTICE

CALLS = Path(ledger_module.__file__).parent
FACTS = CallFacts(
    direction="inbound", trunk="carrier", pbx="main", from_="+4930123", to="500", at=0.0
)


class Time:
    now = 10.0
    wall = 1_700_000_000.0


class Desk:
    """Books whose pages the test can read."""

    def __init__(self, *, keep_numbers: bool = True) -> None:
        self.time = Time()
        self.metrics = Metrics()
        self.events: list[object] = []
        self.store = StubStore(lambda step: step())
        self.books = Books(
            self.store,  # type: ignore[arg-type]
            self.metrics,
            self.events.append,
            self.time,
            keep_numbers=keep_numbers,
        )
        self.ledger = self.books.open(FACTS, NOTICE)

    def counted(self, name: str, **labels: str) -> float:
        value = self.metrics.registry.get_sample_value(f"consent_sidecar_{name}", labels)
        return value or 0.0


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_record_says_who_called_only_where_numbers_are_kept() -> None:
    assert (Desk().ledger.record.caller, Desk().ledger.record.callee) == ("+4930123", "500")
    without = Desk(keep_numbers=False).ledger.record
    assert (without.caller, without.callee) == ("", "")


def test_a_notice_that_was_heard_is_in_record_metric_and_event(desk: Desk) -> None:
    desk.ledger.notice(Party.CALLEE, "played", 1_700_000_003.0)

    assert desk.store.updated[-1].notice_callee_at == 1_700_000_003.0
    assert desk.counted("notices_total", party="callee", result="played") == 1
    assert desk.events == [NoticeGiven(desk.ledger.record.call_id, Party.CALLEE, "played")]


def test_a_notice_that_was_not_heard_changes_no_record(desk: Desk) -> None:
    desk.ledger.notice(Party.CALLER, "failed")

    assert desk.ledger.record.notice_caller_at is None
    assert desk.store.updated == []


def test_the_same_word_about_consent_is_written_once(desk: Desk) -> None:
    desk.ledger.consent(Consent.NOT_ASKED)
    desk.ledger.consent(Consent.GRANTED)
    desk.ledger.consent(Consent.GRANTED)

    assert [each.consent for each in desk.store.updated] == [Consent.GRANTED]


def test_a_stop_is_proven_by_the_order_given_last_and_timed_from_the_first_wish(
    desk: Desk,
) -> None:
    desk.ledger.stop_asked(Objector.CALLER, "digits")
    desk.time.now, desk.time.wall = 12.0, Time.wall + 2.0
    desk.ledger.stop_asked(Objector.OPERATOR, "api")
    desk.ledger.ordered()
    desk.time.now, desk.time.wall = 13.0, Time.wall + 3.0

    desk.ledger.confirmed("asterisk", Order.HOLD, Proof.READ_BACK, last=False)
    assert desk.ledger.record.stop_confirmed_at is None
    desk.ledger.confirmed("asterisk", Order.STOP, Proof.READ_BACK, last=True)

    kept = desk.store.updated[-1]
    assert (kept.stop_requested_at, kept.stop_confirmed_at) == (Time.wall, Time.wall + 3.0)
    assert kept.recording_proof == "read_back"


@pytest.mark.parametrize(
    ("happens", "line"), [("failed_closed", "call_failed_closed"), ("muted", "call_muted")]
)
def test_a_promise_not_kept_is_told_by_one_word_everywhere(
    desk: Desk, happens: str, line: str
) -> None:
    with capture_logs() as lines:
        getattr(desk.ledger, happens)("recorder_lost")

    assert desk.ledger.record.fail_closed == "recorder_lost"
    assert desk.counted("fail_closed_total", reason="recorder_lost") == 1
    assert desk.events == [FailedClosed(desk.ledger.record.call_id, "recorder_lost")]
    assert [(each["event"], each["reason"]) for each in lines] == [(line, "recorder_lost")]


def test_a_call_that_is_over_is_finished_once_and_its_mailbox_is_counted(desk: Desk) -> None:
    desk.ledger.mailbox("informed")
    desk.ledger.ended(Disposition.ANSWERED, EndedBy.CALLER)
    assert desk.store.finished == []  # it may be taken up again

    desk.ledger.close()

    (record,) = desk.store.finished
    assert (record.disposition, record.ended_by) == (Disposition.ANSWERED, EndedBy.CALLER)
    assert desk.events == [
        VoicemailMet(record.call_id, "informed"),
        CallEnded(record.call_id, Disposition.ANSWERED, EndedBy.CALLER),
    ]
    assert desk.counted("calls_total", direction="inbound", disposition="answered") == 1


def test_the_proof_of_a_recording_amends_the_record_of_a_call_that_is_over(desk: Desk) -> None:
    desk.ledger.recording_proven("asterisk", Proof.FILES, 12.0)
    assert desk.ledger.record.recorded_seconds == 12.0  # and `close` will write it

    desk.ledger.close()
    desk.ledger.recording_proven("asterisk", Proof.FILES, 13.0)

    (record,) = desk.store.finished
    assert record.recorded_seconds == 13.0


def test_no_other_module_of_the_calls_writes_a_record_or_tells_the_store_of_one() -> None:
    written = [
        f"{path.name}:{node.lineno}"
        for path in CALLS.rglob("*.py")
        if path.name != "ledger.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if _writes(node)
    ]

    assert written == []


def _writes(node: ast.AST) -> bool:
    """Whether code sets a field of a record, or calls what a record store does."""
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
        return _called(node.value) == "record"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return _called(node.func.value) == "records"
    return False


def _called(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
