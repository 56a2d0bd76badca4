"""SIPp on both sides of the sidecar: every call flow, under every policy of today."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .processes import LOOPBACK, free_port, port_range
from .sidecar import Sidecar, chirp, rule
from .sipp import StartSipp

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
        media_ports=port_range(2000),  # four a call, and they rest before they are used again
    ) as running:
        yield running


@pytest.fixture
def callee(sipp: StartSipp, sidecar: Sidecar) -> StartSipp:
    """Starts the called side, where the sidecar looks for its PBX."""
    port = int(sidecar.pbx.rpartition(":")[2])
    return lambda scenario, **values: sipp(scenario, port=port, **values)


@pytest.fixture
def caller(sipp: StartSipp, sidecar: Sidecar) -> StartSipp:
    """Starts a caller on the trunk; holds the line until the notice is over."""
    return lambda scenario, number, **values: sipp(
        scenario, remote=sidecar.address, number=number, **{"hold_ms": HOLD_MS} | values
    )


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
    calling: str,
    answering: str,
    policy: str,
    sidecar: Sidecar,
    caller: StartSipp,
    callee: StartSipp,
) -> None:
    known = len(sidecar.records())
    answers = callee(answering, hold_ms=HOLD_MS)

    caller(calling, POLICIES[policy]).succeed()

    answers.succeed()
    assert last_disposition(sidecar, known) == "answered"
    sidecar.wait_idle()


def test_a_caller_may_hold_and_resume_before_anybody_is_called(
    sidecar: Sidecar, caller: StartSipp
) -> None:
    known = len(sidecar.records())

    caller("uac_hold", ANNOUNCED_FIRST, hold_ms=50).succeed()

    assert last_disposition(sidecar, known) == "cancelled"
    sidecar.wait_idle()


@pytest.mark.parametrize(
    ("calling", "answering"),
    [("uac_early", "uas_early"), ("uac_late_offer", "uas_late_offer"), ("uac_prack", "uas_prack")],
)
def test_what_a_user_expects_of_sip_passes_through(
    calling: str, answering: str, sidecar: Sidecar, caller: StartSipp, callee: StartSipp
) -> None:
    answers = callee(answering)

    caller(calling, ANNOUNCED).succeed()

    answers.succeed()
    sidecar.wait_idle()


@pytest.mark.parametrize(
    ("status", "disposition"),
    [(486, "busy"), (603, "rejected"), (480, "no_answer"), (404, "rejected")],
)
def test_a_refusal_reaches_the_caller_as_it_is(
    status: int, disposition: str, sidecar: Sidecar, caller: StartSipp, callee: StartSipp
) -> None:
    known = len(sidecar.records())
    refuses = callee("uas_refuse", status=status)

    caller("uac_refused", ANNOUNCED, status=status).succeed()

    refuses.succeed()
    assert last_disposition(sidecar, known) == disposition
    sidecar.wait_idle()


def test_a_caller_who_gives_up_stops_the_ringing(
    sidecar: Sidecar, caller: StartSipp, callee: StartSipp
) -> None:
    known = len(sidecar.records())
    rings = callee("uas_cancel")

    caller("uac_cancel", ANNOUNCED, hold_ms=100).succeed()

    rings.succeed()
    assert last_disposition(sidecar, known) == "cancelled"
    sidecar.wait_idle()


def test_a_caller_on_tcp_reaches_a_callee_on_udp(
    sidecar: Sidecar, caller: StartSipp, callee: StartSipp
) -> None:
    answers = callee("uas_basic", calls=3)

    caller("uac_basic", ANNOUNCED, calls=3, transport="t1").succeed()

    answers.succeed()
    sidecar.wait_idle()


@pytest.mark.timeout(90)
def test_one_message_in_ten_may_get_lost(
    sidecar: Sidecar, caller: StartSipp, callee: StartSipp
) -> None:
    known = len(sidecar.records())
    answers = callee("uas_basic", calls=10, seconds=60)
    lossy = caller(
        "uac_basic", ANNOUNCED,
        calls=10, rate=10, seconds=50, options=("-lost", "10"),
    )  # fmt: skip

    assert lossy.finish().calls == 10
    assert len(sidecar.wait_records(known + 10, timeout=40)) == known + 10
    sidecar.wait_idle(timeout=40)
    answers.finish()  # or the BYE of the last call would come to the next callee at this port


def test_two_hundred_calls_at_fifty_a_second_all_succeed(
    sidecar: Sidecar, caller: StartSipp, callee: StartSipp
) -> None:
    known = len(sidecar.records())
    answers = callee("uas_basic", calls=200, trace=False)

    outcome = caller("uac_basic", ANNOUNCED, calls=200, rate=50, trace=False).succeed()

    assert outcome.successful == 200
    answers.succeed()
    assert len(sidecar.wait_records(known + 200)) == known + 200
    sidecar.wait_idle()


def test_the_metrics_have_counted_these_calls(sidecar: Sidecar) -> None:
    ended = sum(row["ended_at"] is not None for row in sidecar.records())

    assert sidecar.metric("calls_total") == ended
    assert sidecar.metric("notices_total", result="failed") == 0
    assert sidecar.metric("records_pending") == 0
