from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sidecar.rtp.source_lock import SourceLock, Verdict

SIGNALLED = ("192.0.2.1", 4000)
NAT = ("198.51.100.7", 61000)
OTHER = ("203.0.113.9", 9)


def test_the_signalled_address_is_the_party_and_stays_it() -> None:
    lock = SourceLock(SIGNALLED)
    assert lock.target == SIGNALLED
    assert lock.judge(SIGNALLED, 0.0) is Verdict.PARTY
    assert lock.settled(0.0)
    assert lock.judge(OTHER, 0.1) is Verdict.STRANGER


def test_another_address_locks_first_and_may_change_for_a_second() -> None:
    lock = SourceLock(SIGNALLED)
    assert lock.judge(NAT, 5.0) is Verdict.MOVED
    assert not lock.settled(5.9)
    assert lock.judge(OTHER, 5.9) is Verdict.MOVED
    assert lock.settled(6.0)
    assert lock.judge(NAT, 6.0) is Verdict.STRANGER
    assert lock.target == OTHER


def test_the_signalled_address_overrules_any_other_at_any_time() -> None:
    lock = SourceLock(SIGNALLED)
    lock.judge(NAT, 0.0)
    assert lock.judge(SIGNALLED, 100.0) is Verdict.MOVED
    assert lock.judge(NAT, 100.0) is Verdict.STRANGER


def test_the_address_just_left_is_no_party_for_a_second() -> None:
    lock = SourceLock(SIGNALLED, former=NAT, now=10.0)
    assert lock.judge(NAT, 10.5) is Verdict.STRANGER
    assert lock.judge(NAT, 11.0) is Verdict.MOVED


@given(st.lists(st.tuples(st.sampled_from([SIGNALLED, NAT, OTHER]), st.floats(0, 2))))
def test_a_settled_lock_is_moved_by_the_signalled_address_alone(
    packets: list[tuple[tuple[str, int], float]],
) -> None:
    lock, now = SourceLock(SIGNALLED), 0.0
    for source, later in packets:
        now += later
        settled, target = lock.settled(now), lock.target
        verdict = lock.judge(source, now)
        if settled and source not in (target, SIGNALLED):
            assert verdict is Verdict.STRANGER
        assert (verdict is Verdict.STRANGER) == (lock.target != source)
