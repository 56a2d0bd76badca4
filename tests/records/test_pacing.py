from __future__ import annotations

from sidecar.records.pacing import Pacer

COMMIT = 0.001


def pauses(pacer: Pacer, calls_a_second: float, seconds: float, start: float = 0.0) -> list[float]:
    """The pauses of a writer that takes what has come since its last group."""
    now, written, found = start, 0, []
    while now < start + seconds:
        arrived = int((now - start) * calls_a_second)
        found.append(pacer.pause(now, arrived - written, now + COMMIT))
        written = arrived
        now += max(COMMIT + found[-1], 1 / calls_a_second)
    return found


def test_few_calls_are_never_held_back() -> None:
    assert set(pauses(Pacer(0.02), calls_a_second=50, seconds=5)) == {0.0}


def test_many_calls_are_written_in_groups_one_pace_apart() -> None:
    found = pauses(Pacer(0.02), calls_a_second=200, seconds=5)

    settled = found[len(found) // 2 :]
    assert all(abs(pause - 0.019) < 1e-9 for pause in settled)


def test_a_commit_slower_than_the_pace_is_not_followed_by_a_pause() -> None:
    pacer = Pacer(0.02)
    pauses(pacer, calls_a_second=500, seconds=2)

    assert pacer.pause(2.0, 10, now=2.5) == 0.0


def test_after_a_rush_calls_are_written_at_once_again() -> None:
    pacer = Pacer(0.02)
    pauses(pacer, calls_a_second=500, seconds=2)

    assert pacer.pause(6.0, 1, now=6.001) == 0.0
