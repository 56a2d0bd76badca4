"""SIPp on both sides of the sidecar: every call flow, under every policy of today."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .processes import LOOPBACK, free_port
from .sidecar import Sidecar, chirp, rule
from .sipp import Sipp

PEERS = ("sipp",)
UNRECORDED = "+442079460001"
ANNOUNCED = "+442079460101"
ANNOUNCED_FIRST = "+442079460201"
POLICIES = {"off": UNRECORDED, "answer": ANNOUNCED, "before-connect": ANNOUNCED_FIRST}
NOTICE_SECONDS = 0.3
HOLD_MS = 700


@pytest.fixture(scope="module")
def sidecar(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sidecar]:
    rules = [
        rule("off", name="unrecorded", to="+4420794600*"),
        rule("notice", name="announced", to="+4420794601*"),
        rule("notice", name="announced-first", to="+4420794602*", at="before-connect"),
    ]
    with Sidecar(
        tmp_path_factory.mktemp("sidecar"),
        pbx=f"{LOOPBACK}:{free_port()}",
        rules="\n".join(rules),
        prompt=chirp(NOTICE_SECONDS),
    ) as running:
        yield running


def callee(folder: Path, sidecar: Sidecar, scenario: str, **values: object) -> Sipp:
    return Sipp(folder, scenario, port=int(sidecar.pbx.rpartition(":")[2]), **values)  # type: ignore[arg-type]


def caller(folder: Path, sidecar: Sidecar, scenario: str, number: str, **values: object) -> Sipp:
    given = {"hold_ms": HOLD_MS} | values
    return Sipp(folder, scenario, remote=sidecar.address, number=number, **given)  # type: ignore[arg-type]


def last_disposition(sidecar: Sidecar, known: int) -> str:
    records = sidecar.wait_records(known + 1)
    assert len(records) == known + 1, "every call leaves exactly one record"
    return str(records[-1]["disposition"])


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize(
    ("calling", "answering"),
    [
        ("uac_basic", "uas_basic"),
        ("uac_basic", "uas_forked"),
        ("uac_hold", "uas_hold"),
        ("uac_called_off", "uas_hang_up"),
        ("uac_basic", "uas_early"),
    ],
)
def test_a_call_is_answered_and_ended(
    calling: str, answering: str, policy: str, sidecar: Sidecar, tmp_path: Path
) -> None:
    known = len(sidecar.records())
    answers = callee(tmp_path, sidecar, answering, hold_ms=HOLD_MS)

    caller(tmp_path, sidecar, calling, POLICIES[policy]).succeed()

    answers.succeed()
    assert last_disposition(sidecar, known) == "answered"
    sidecar.wait_idle()


@pytest.mark.parametrize(
    ("calling", "answering"),
    [("uac_early", "uas_early"), ("uac_late_offer", "uas_late_offer"), ("uac_prack", "uas_prack")],
)
def test_what_a_user_expects_of_sip_passes_through(
    calling: str, answering: str, sidecar: Sidecar, tmp_path: Path
) -> None:
    answers = callee(tmp_path, sidecar, answering)

    caller(tmp_path, sidecar, calling, ANNOUNCED).succeed()

    answers.succeed()
    sidecar.wait_idle()


@pytest.mark.parametrize(
    ("status", "disposition"),
    [(486, "busy"), (603, "rejected"), (480, "no_answer"), (404, "rejected")],
)
def test_a_refusal_reaches_the_caller_as_it_is(
    status: int, disposition: str, sidecar: Sidecar, tmp_path: Path
) -> None:
    known = len(sidecar.records())
    refuses = callee(tmp_path, sidecar, "uas_refuse", status=status)

    caller(tmp_path, sidecar, "uac_refused", ANNOUNCED, status=status).succeed()

    refuses.succeed()
    assert last_disposition(sidecar, known) == disposition
    sidecar.wait_idle()


def test_a_caller_who_gives_up_stops_the_ringing(sidecar: Sidecar, tmp_path: Path) -> None:
    known = len(sidecar.records())
    rings = callee(tmp_path, sidecar, "uas_cancel")

    caller(tmp_path, sidecar, "uac_cancel", ANNOUNCED, hold_ms=100).succeed()

    rings.succeed()
    assert last_disposition(sidecar, known) == "cancelled"
    sidecar.wait_idle()


def test_a_caller_on_tcp_reaches_a_callee_on_udp(sidecar: Sidecar, tmp_path: Path) -> None:
    answers = callee(tmp_path, sidecar, "uas_basic", calls=3)

    caller(tmp_path, sidecar, "uac_basic", ANNOUNCED, calls=3, transport="t1").succeed()

    answers.succeed()
    sidecar.wait_idle()


@pytest.mark.timeout(90)
def test_one_message_in_ten_may_get_lost(sidecar: Sidecar, tmp_path: Path) -> None:
    known = len(sidecar.records())
    answers = callee(tmp_path, sidecar, "uas_basic", calls=10, seconds=60)
    lossy = caller(
        tmp_path, sidecar, "uac_basic", ANNOUNCED,
        calls=10, rate=10, seconds=50, options=("-lost", "10"),
    )  # fmt: skip

    assert lossy.finish().calls == 10
    answers.stop()
    assert len(sidecar.wait_records(known + 10, timeout=40)) == known + 10
    sidecar.wait_idle(timeout=40)


def test_two_hundred_calls_at_fifty_a_second_all_succeed(sidecar: Sidecar, tmp_path: Path) -> None:
    known = len(sidecar.records())
    answers = callee(tmp_path, sidecar, "uas_basic", calls=200, trace=False)

    outcome = caller(
        tmp_path, sidecar, "uac_basic", ANNOUNCED, calls=200, rate=50, trace=False
    ).succeed()

    assert outcome.successful == 200
    answers.succeed()
    assert len(sidecar.wait_records(known + 200)) == known + 200
    sidecar.wait_idle()


def test_the_metrics_have_counted_these_calls(sidecar: Sidecar) -> None:
    ended = sum(row["ended_at"] is not None for row in sidecar.records())

    assert sidecar.metric("calls_total") == ended
    assert sidecar.metric("notices_total", result="failed") == 0
    assert sidecar.metric("records_pending") == 0
