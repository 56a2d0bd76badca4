"""The adapters without a connection of their own: `none`, `feature-code` and `sip`."""

from __future__ import annotations

from pathlib import Path

import pytest

import sidecar
from sidecar.recorders.asterisk.adapter import AsteriskRecorder
from sidecar.recorders.feature_code.adapter import FeatureCodeRecorder, FeatureCodeSession
from sidecar.recorders.feature_code.settings import FEATURE_CODE, FeatureCodeTable
from sidecar.recorders.kind import Kind, Surroundings
from sidecar.recorders.kinds import KINDS, kind_of
from sidecar.recorders.kinds import TABLES as TABLES_OF_SETTINGS
from sidecar.recorders.none.adapter import NoRecorder
from sidecar.recorders.recorder import (
    Confirmed,
    Failed,
    Finished,
    Order,
    Proof,
    Recorder,
    Status,
    Violated,
)
from sidecar.recorders.sip.adapter import SipRecorder, SipSession
from sidecar.settings.schema import Pbx

from .told import Leg, Told, alone

MANAGER = {"address": "127.0.0.1:5038", "username": "consent", "secret": "x"}


def toggle(leg: Leg, told: Order, on_event: Told) -> FeatureCodeSession:
    return FeatureCodeRecorder("*1", "*1").open(leg, told, on_event)


def by_sip(leg: Leg, told: Order, on_event: Told) -> SipSession:
    return SipRecorder().open(leg, told, on_event)


@pytest.mark.parametrize(
    ("told", "order", "answer"),
    [
        (Order.STOP, Order.STOP, Confirmed(Order.STOP, Proof.TOLD)),
        (Order.STOP, Order.HOLD, Confirmed(Order.HOLD, Proof.TOLD)),
        (Order.RELEASE, Order.RELEASE, Confirmed(Order.RELEASE, Proof.TOLD)),
        (Order.STOP, Order.RELEASE, Failed(Order.RELEASE, "unsupported")),
        (Order.RELEASE, Order.HOLD, Failed(Order.HOLD, "unsupported")),
        (Order.RELEASE, Order.STOP, Failed(Order.STOP, "unsupported")),
    ],
)
async def test_without_a_recorder_only_what_the_pbx_was_told_is_confirmed(
    told: Order, order: Order, answer: Confirmed | Failed
) -> None:
    events = Told()
    session = NoRecorder().open(Leg(), told, events)

    getattr(session, order.value)()
    session.close()

    proof = answer.proof if isinstance(answer, Confirmed) else Proof.NONE
    assert await events.all() == [answer, Finished(proof, None)]


async def test_a_toggle_is_dialled_only_to_change_what_the_pbx_was_told() -> None:
    leg, events = Leg(), Told()
    session = toggle(leg, Order.RELEASE, events)

    session.release()
    session.hold()
    leg.on_done(True)
    session.stop()
    session.release()
    leg.on_done(True)

    assert leg.done == ["press *1", "press *1"]
    assert await events.all() == [
        Confirmed(Order.RELEASE, Proof.TOLD),
        Confirmed(Order.HOLD, Proof.TOLD),
        Confirmed(Order.STOP, Proof.TOLD),
        Confirmed(Order.RELEASE, Proof.TOLD),
    ]


async def test_of_orders_given_while_a_code_is_dialled_the_last_counts() -> None:
    leg, events = Leg(), Told()
    session = toggle(leg, Order.RELEASE, events)

    session.hold()
    session.stop()
    session.release()
    leg.on_done(True)
    leg.on_done(True)

    assert leg.done == ["press *1", "press *1"]
    assert await events.all() == [
        Confirmed(Order.HOLD, Proof.TOLD),
        Confirmed(Order.RELEASE, Proof.TOLD),
    ]


async def test_after_half_a_code_nothing_is_known_and_nothing_is_dialled() -> None:
    leg, events = Leg(), Told()
    session = toggle(leg, Order.RELEASE, events)

    session.stop()
    leg.on_done(False)
    session.stop()

    assert leg.done == ["press *1"]
    assert await events.all() == [Failed(Order.STOP, "unproven")] * 2


async def test_without_a_start_code_a_stop_is_final() -> None:
    leg, events = Leg(), Told()
    session = FeatureCodeRecorder("*2", None).open(leg, Order.RELEASE, events)

    session.stop()
    leg.on_done(True)
    session.release()

    assert (await events.all())[1] == Failed(Order.RELEASE, "unsupported")


async def test_a_pbx_that_was_told_off_and_never_released_counts_as_told() -> None:
    leg, events = Leg(), Told()
    session = by_sip(leg, Order.STOP, events)

    session.hold()
    session.stop()

    assert leg.done == []
    assert await events.all() == [
        Confirmed(Order.HOLD, Proof.TOLD),
        Confirmed(Order.STOP, Proof.TOLD),
    ]


async def test_a_pbx_that_says_so_is_stopped_by_recordpref() -> None:
    leg, events = Leg(), Told()
    session = by_sip(leg, Order.RELEASE, events)
    session.sdp_says(True)

    session.stop()
    leg.on_state(False)
    session.sdp_says(False)
    session.status()
    session.close()

    assert leg.done == ["recordpref off"]
    assert await events.all() == [
        Confirmed(Order.STOP, Proof.READ_BACK),
        Status(0, Proof.READ_BACK),
        Finished(Proof.STAYED, None),
    ]


async def test_nothing_is_toggled_in_a_pbx_whose_state_nobody_knows() -> None:
    leg, events = Leg(), Told()
    session = by_sip(leg, Order.RELEASE, events)

    session.stop()
    leg.on_state(None)

    assert leg.done == ["recordpref off"], "no INFO: on Asterisk it would begin a recording"
    assert await events.all() == [Failed(Order.STOP, "unproven")]


@pytest.mark.parametrize(
    ("status", "says", "answer"),
    [
        (200, False, Confirmed(Order.STOP, Proof.READ_BACK)),
        (200, True, Failed(Order.STOP, "still_recording")),
        (200, None, Failed(Order.STOP, "unproven")),
        (403, None, Failed(Order.STOP, "refused")),
        (408, None, Failed(Order.STOP, "timed_out")),
    ],
)
async def test_a_pbx_that_is_known_to_record_is_told_by_info_and_asked_what_came_of_it(
    status: int, says: bool | None, answer: Confirmed | Failed
) -> None:
    leg, events = Leg(), Told()
    session = by_sip(leg, Order.RELEASE, events)

    session.stop()
    leg.on_state(True)
    leg.on_status(status)
    leg.on_state(says)

    assert leg.done[:2] == ["recordpref off", "info off"]
    assert await events.all() == [answer]


async def test_a_recording_that_begins_against_the_order_is_told_and_ended() -> None:
    leg, events = Leg(), Told()
    session = by_sip(leg, Order.STOP, events)
    session.stop()

    session.sdp_says(True)
    leg.on_state(False)
    session.close()

    assert await events.all() == [
        Confirmed(Order.STOP, Proof.TOLD),
        Violated(),
        Confirmed(Order.STOP, Proof.READ_BACK),
        Finished(Proof.READ_BACK, None),
    ]


async def test_an_answer_to_an_order_that_was_replaced_is_not_told() -> None:
    leg, events = Leg(), Told()
    session = by_sip(leg, Order.RELEASE, events)
    session.sdp_says(True)

    session.stop()
    late = leg.on_state
    session.release()
    late(False)

    assert await events.all() == [Confirmed(Order.RELEASE, Proof.READ_BACK)]


TABLES = [
    (None, NoRecorder, "none"),
    ({"kind": "none"}, NoRecorder, "none"),
    ({"kind": "sip"}, SipRecorder, "sip"),
    ({"kind": "feature-code", "stop": "*1"}, FeatureCodeRecorder, "feature-code"),
    ({"kind": "asterisk", **MANAGER}, AsteriskRecorder, "asterisk-ami"),
    ({"kind": "asterisk-ami", **MANAGER}, AsteriskRecorder, "asterisk-ami"),
]


@pytest.mark.parametrize(("table", "adapter", "word"), TABLES)
async def test_each_kind_of_the_settings_has_its_adapter(
    table: dict[str, str] | None, adapter: type, word: str
) -> None:
    pbx = Pbx(uri="sip:127.0.0.1", hosts=["127.0.0.1"], recorder=table)  # type: ignore[arg-type]

    made: Recorder = kind_of(pbx.recorder).build(
        pbx.recorder, Surroundings(frozenset({"VoiceMail"}), alone)
    )

    assert type(made) is adapter
    assert made.kind == word


def test_no_kind_is_left_out_here() -> None:
    assert {table["kind"] for table, *_ in TABLES if table} == set(TABLES_OF_SETTINGS.tables)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_what_is_said_of_a_kind_is_so_of_its_adapter(kind: Kind) -> None:
    made = next(
        kind.build(kind.table.model_validate(table), Surroundings(frozenset(), alone))
        for table, *_ in TABLES
        if table and table["kind"] == kind.name
    )

    assert (made.kind, made.controls, made.holds, made.obeys, made.sees) == (
        kind.word,
        kind.controls,
        kind.can_hold,
        kind.can_stop,
        kind.sees_people,
    )


def test_no_file_outside_of_its_folder_names_a_kind() -> None:
    words = {f'"{word}"' for kind in KINDS for word in (kind.name, kind.word) if "-" in word}
    package = Path(sidecar.__file__).parent
    own = {package / "recorders" / Path(*kind.adapter.split(".")[2:-1]) for kind in KINDS}

    naming = {
        str(file.relative_to(package))
        for file in package.rglob("*.py")
        if not own & set(file.parents) and any(word in file.read_text() for word in words)
    }

    assert words
    assert naming == set()


def test_a_kind_begins_in_a_call_only_with_the_key_that_it_takes() -> None:
    only_stops = FeatureCodeTable(kind="feature-code", stop="*1")
    begins_too = FeatureCodeTable(kind="feature-code", stop="*1", start="*1")

    assert not FEATURE_CODE.begins(only_stops)
    assert FEATURE_CODE.begins(begins_too)
