"""Which keys are a code, which are passed on, and that none is lost or counted twice."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sidecar.consent.digits import (
    ECHO_S,
    PATIENCE_S,
    Action,
    Completed,
    DigitCollector,
    Means,
    PassOn,
)

CODES = {"stop": "*9", "pause": "*7", "resume": "*8"}


def press(collector: DigitCollector, digits: str, *, at: float = 0.0) -> list[Action]:
    """Keys by RTP, a tenth of a second apart."""
    actions: list[Action] = []
    for number, digit in enumerate(digits):
        actions += collector.feed(digit, "rtp", at + number / 10)
    return actions


def test_a_code_is_told_with_its_last_key_and_swallowed() -> None:
    collector = DigitCollector(CODES)
    assert collector.feed("*", "rtp", 0.0) == []
    assert collector.feed("9", "rtp", 0.3) == [Completed("stop")]
    assert collector.deadline is None


def test_a_key_that_begins_no_code_is_passed_on_at_once() -> None:
    assert press(DigitCollector(CODES), "5") == [PassOn("5")]


def test_keys_that_turn_out_to_be_no_code_are_passed_on_together_and_in_order() -> None:
    collector = DigitCollector(CODES)
    assert collector.feed("*", "rtp", 0.0) == []
    assert collector.feed("1", "rtp", 0.1) == [PassOn("*1")]


def test_a_key_that_waited_too_long_is_passed_on() -> None:
    collector = DigitCollector(CODES)
    collector.feed("*", "rtp", 10.0)
    assert collector.deadline == 10.0 + PATIENCE_S
    assert collector.expire(10.0 + PATIENCE_S - 0.01) == []
    assert collector.expire(10.0 + PATIENCE_S) == [PassOn("*")]
    assert collector.expire(99.0) == []


def test_a_key_after_the_end_of_patience_does_not_complete_the_code() -> None:
    collector = DigitCollector(CODES)
    collector.feed("*", "rtp", 0.0)
    assert collector.feed("9", "rtp", PATIENCE_S) == [PassOn("*9")]


def test_each_key_of_a_code_is_waited_for_anew() -> None:
    collector = DigitCollector({"stop": "*99"})
    collector.feed("*", "rtp", 0.0)
    collector.feed("9", "rtp", PATIENCE_S - 0.1)
    assert collector.feed("9", "rtp", 2 * (PATIENCE_S - 0.1)) == [Completed("stop")]


@pytest.mark.parametrize(
    ("digits", "actions"),
    [
        ("*9", [Completed("two")]),
        ("**9", [Completed("three")]),
        ("***9", [Completed("one"), Completed("three")]),
        ("*5", [Completed("one"), PassOn("5")]),
        ("**5", [Completed("one"), Completed("one"), PassOn("5")]),
        ("1*9", [PassOn("1"), Completed("two")]),
        ("**", []),
    ],
)
def test_the_longest_code_wins(digits: str, actions: list[Action]) -> None:
    collector = DigitCollector({"one": "*", "two": "*9", "three": "**9"})
    assert press(collector, digits) == actions


def test_the_end_of_patience_completes_a_code_that_could_have_been_longer() -> None:
    collector = DigitCollector({"one": "*", "three": "**9"})
    press(collector, "**")
    assert collector.expire(9.0) == [Completed("one"), Completed("one")]


def test_a_code_is_found_behind_the_beginning_of_another_one() -> None:
    collector = DigitCollector({"long": "1234", "short": "23"})
    assert press(collector, "1235") == [PassOn("1"), Completed("short"), PassOn("5")]


def test_a_flush_waits_for_nothing() -> None:
    collector = DigitCollector(CODES)
    collector.feed("*", "rtp", 0.0)
    assert collector.flush() == [PassOn("*")]
    assert collector.flush() == []


def test_with_no_codes_everything_is_passed_on() -> None:
    assert press(DigitCollector({"stop": ""}), "*9#") == [PassOn("*"), PassOn("9"), PassOn("#")]


def test_other_codes_hold_for_keys_that_are_waiting() -> None:
    collector = DigitCollector(CODES)
    collector.feed("*", "rtp", 0.0)
    assert collector.replace({"accept": "1"}) == [PassOn("*")]
    assert collector.feed("1", "rtp", 0.1) == [Completed("accept")]

    collector = DigitCollector(CODES)
    collector.feed("*", "rtp", 0.0)
    assert collector.replace({"star": "*"}) == [Completed("star")]


def test_of_two_codes_with_the_same_digits_the_first_holds() -> None:
    assert press(DigitCollector({"stop": "*9", "pause": "*9"}), "*9") == [Completed("stop")]


@pytest.mark.parametrize("echo", ["info", "inband"])
def test_a_key_sent_by_two_means_counts_once(echo: Means) -> None:
    collector = DigitCollector(CODES)
    assert collector.feed("5", "rtp", 0.0) == [PassOn("5")]
    assert collector.feed("5", echo, ECHO_S) == []


def test_a_code_sent_by_two_means_is_one_code() -> None:
    collector = DigitCollector(CODES)
    assert collector.feed("*", "info", 0.0) == []
    assert collector.feed("*", "rtp", 0.1) == []
    assert collector.feed("9", "info", 0.3) == [Completed("stop")]
    assert collector.feed("9", "rtp", 0.4) == []
    assert collector.waiting == ""


def test_echoes_may_lag_behind_by_several_keys() -> None:
    collector = DigitCollector({"stop": "112"})
    assert press(collector, "112") == [Completed("stop")]
    for digit in "112":
        assert collector.feed(digit, "info", 0.5) == []
    assert collector.waiting == ""


def test_a_key_pressed_twice_by_each_means_is_two_keys() -> None:
    collector = DigitCollector({})
    assert collector.feed("1", "rtp", 0.0) == [PassOn("1")]
    assert collector.feed("1", "info", 0.05) == []
    assert collector.feed("1", "rtp", 0.3) == [PassOn("1")]
    assert collector.feed("1", "info", 0.35) == []


def test_the_same_key_by_another_means_later_on_is_another_key() -> None:
    collector = DigitCollector({})
    collector.feed("1", "rtp", 0.0)
    assert collector.feed("1", "info", ECHO_S + 0.01) == [PassOn("1")]


def test_an_echo_does_not_prolong_the_wait() -> None:
    collector = DigitCollector(CODES)
    collector.feed("*", "rtp", 0.0)
    collector.feed("*", "info", 0.5)
    assert collector.deadline == PATIENCE_S


def test_a_flood_of_keys_is_not_hoarded() -> None:
    collector = DigitCollector({"stop": "1111111111111111"})
    for number in range(10_000):
        collector.feed("1" if number % 17 else "2", "rtp", 0.0)
    assert len(collector.waiting) < 16
    assert len(collector._heard) <= 65


ALPHABET = "*19"
CODE_SETS = st.dictionaries(
    st.sampled_from(["a", "b", "c"]), st.text(ALPHABET, min_size=1, max_size=4), max_size=3
)


class EveryKeyOnce(RuleBasedStateMachine):
    """What was passed on, swallowed or is waiting is what was pressed, in that order."""

    def __init__(self) -> None:
        super().__init__()
        self.codes: dict[str, str] = {}
        self.collector = DigitCollector({})
        self.now = 0.0
        self.pressed = self.done = ""
        self.echoes: list[tuple[str, float]] = []

    def carry_out(self, actions: list[Action]) -> None:
        for action in actions:
            if isinstance(action, Completed):
                self.done += self.codes[action.name]
            else:
                self.done += action.digits

    @rule(digit=st.sampled_from(ALPHABET))
    def a_key(self, digit: str) -> None:
        self.pressed += digit
        self.echoes.append((digit, self.now))
        self.carry_out(self.collector.feed(digit, "rtp", self.now))

    @precondition(lambda self: self.echoes)
    @rule()
    def the_echo_of_a_key(self) -> None:
        digit, at = self.echoes.pop(0)
        if self.now - at <= ECHO_S:
            assert self.collector.feed(digit, "info", self.now) == []

    @rule(seconds=st.floats(0.01, 2.0))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.carry_out(self.collector.expire(self.now))

    @rule()
    def the_wait_is_over(self) -> None:
        self.carry_out(self.collector.flush())
        assert self.collector.waiting == ""

    @rule(codes=CODE_SETS)
    def other_codes(self, codes: dict[str, str]) -> None:
        self.codes = codes
        self.carry_out(self.collector.replace(codes))

    @invariant()
    def no_key_is_lost_doubled_or_moved(self) -> None:
        assert self.done + self.collector.waiting == self.pressed

    @invariant()
    def only_the_beginning_of_a_code_waits(self) -> None:
        waiting = self.collector.waiting
        assert not waiting or any(
            code.startswith(waiting) and code != waiting for code in self.codes.values()
        )
        assert (self.collector.deadline is None) == (not waiting)


TestEveryKeyOnce = EveryKeyOnce.TestCase
TestEveryKeyOnce.settings = settings(max_examples=100, stateful_step_count=30)
