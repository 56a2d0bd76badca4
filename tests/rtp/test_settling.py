"""Every source that could speak is tried in every situation, an attacker's among them."""

from __future__ import annotations

import itertools
from ipaddress import ip_network

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from sidecar.rtp.settling import (
    FORMER_S,
    MAX_LOST,
    QUIET_S,
    RUN,
    UNNUMBERED,
    Address,
    Numbers,
    Settling,
    Verdict,
)

SIGNALLED = ("192.0.2.1", 4000)
OTHER_PORT = ("192.0.2.1", 4444)
BEHIND_NAT = ("198.51.100.7", 61000)
REBOUND = ("198.51.100.7", 61001)
STRANGER = ("203.0.113.9", 9)
NAT = [ip_network("198.51.100.0/24")]
PARTY, MOVED = Verdict.PARTY, Verdict.MOVED


class Speaker:
    """A source that sends audio every 20 ms, in order unless told otherwise."""

    def __init__(self, address: Address, ssrc: int = 7) -> None:
        self.address = address
        self.numbers = Numbers(ssrc, 65_530, 2**32 - 300)

    def next(self, skip: int = 0) -> Numbers:
        ssrc, sequence, timestamp = self.numbers
        step = 1 + skip
        self.numbers = Numbers(
            ssrc, (sequence + step) & 0xFFFF, (timestamp + 160 * step) & 0xFFFFFFFF
        )
        return self.numbers

    def run(self, machine: Settling, now: float, packets: int = RUN) -> Verdict:
        """Send so many; the verdict on the last one."""
        for number in range(packets):
            verdict = machine.judge(self.address, self.next(), now + 0.02 * number)
        return verdict


def test_the_signalled_address_is_the_party_at_once_and_stays_it() -> None:
    machine = Settling(SIGNALLED)
    assert machine.settled
    assert machine.judge(SIGNALLED, None, 0.0) is PARTY
    assert machine.judge(STRANGER, Numbers(1, 1, 1), 0.1) is Verdict.STRANGER
    assert machine.source == machine.target == SIGNALLED


def test_without_nat_no_other_address_ever_settles() -> None:
    machine = Settling(SIGNALLED)
    for speaker in (Speaker(STRANGER), Speaker(BEHIND_NAT)):
        assert speaker.run(machine, 0.0, 500) is Verdict.STRANGER
    assert machine.source is None
    assert machine.target == SIGNALLED


def test_another_port_settles_by_a_run_of_audio_and_packets_go_on_to_the_signalled_one() -> None:
    machine, speaker = Settling(SIGNALLED), Speaker(OTHER_PORT)
    assert speaker.run(machine, 0.0, RUN - 1) is Verdict.STRANGER
    assert speaker.run(machine, 0.08, 1) is PARTY
    assert machine.source == OTHER_PORT
    assert machine.target == SIGNALLED


def test_behind_nat_packets_go_to_the_source_that_has_settled_and_none_has_before() -> None:
    machine, speaker = Settling(SIGNALLED, nat=NAT), Speaker(BEHIND_NAT)
    assert not machine.settled
    assert machine.target == SIGNALLED
    assert speaker.run(machine, 0.0) is MOVED
    assert machine.settled
    assert machine.target == BEHIND_NAT
    assert machine.judge(BEHIND_NAT, None, 0.2) is PARTY


def test_the_signalled_address_overrules_any_other_at_any_time() -> None:
    machine = Settling(SIGNALLED, nat=NAT)
    Speaker(BEHIND_NAT).run(machine, 0.0)
    assert machine.judge(SIGNALLED, None, 100.0) is MOVED
    assert machine.target == SIGNALLED


@pytest.mark.parametrize(
    "packets",
    [
        [None] * 50,
        [Numbers(n, n, 160 * n) for n in range(50)],
        [Numbers(1, 5, 160 * n) for n in range(50)],
        [Numbers(1, n, 800) for n in range(50)],
        [Numbers(1, 50 * n, 160 * n) for n in range(50)],
        [Numbers(1, n, 100_000 * n) for n in range(50)],
        [Numbers(1, 50 - n, 160 * (50 - n)) for n in range(50)],
    ],
    ids=["events", "ssrcs", "repeated", "one-timestamp", "gaps", "leaps", "backwards"],
)
def test_what_is_not_one_stream_of_audio_settles_nothing(packets: list[Numbers | None]) -> None:
    machine = Settling(SIGNALLED, nat=NAT)
    for number, packet in enumerate(packets):
        assert machine.judge(BEHIND_NAT, packet, 0.02 * number) is Verdict.STRANGER
    assert machine.source is None


def test_a_burst_settles_nothing() -> None:
    machine, speaker = Settling(SIGNALLED, nat=NAT), Speaker(BEHIND_NAT)
    for _ in range(100):
        assert machine.judge(BEHIND_NAT, speaker.next(), 0.0) is Verdict.STRANGER


def test_a_source_settles_though_packets_are_lost_repeated_and_overtaken() -> None:
    machine, speaker = Settling(SIGNALLED, nat=NAT), Speaker(BEHIND_NAT)
    for number in range(RUN):
        packet = speaker.next(skip=MAX_LOST if number == 2 else 0)
        verdict = machine.judge(BEHIND_NAT, packet, 0.02 * number)
        machine.judge(BEHIND_NAT, packet, 0.02 * number)
    assert verdict is MOVED


def test_a_run_that_pauses_begins_anew() -> None:
    machine, speaker = Settling(SIGNALLED, nat=NAT), Speaker(BEHIND_NAT)
    speaker.run(machine, 0.0, RUN - 1)
    assert speaker.run(machine, 5.0, RUN - 1) is Verdict.STRANGER


def test_a_stream_that_is_no_rtp_settles_by_its_number_of_packets() -> None:
    machine = Settling(SIGNALLED, nat=NAT)
    verdicts = [machine.judge(BEHIND_NAT, UNNUMBERED, 0.03 * n) for n in range(RUN)]
    assert verdicts == [Verdict.STRANGER] * (RUN - 1) + [MOVED]


def test_another_source_takes_over_only_after_silence() -> None:
    machine = Settling(SIGNALLED, nat=NAT)
    Speaker(BEHIND_NAT, ssrc=1).run(machine, 0.0)
    rival = Speaker(REBOUND, ssrc=2)
    for number in range(50):
        now = 1.0 + 0.02 * number
        assert machine.judge(REBOUND, rival.next(), now, heard_at=now) is Verdict.STRANGER
    verdicts = [
        machine.judge(REBOUND, rival.next(), 2.0 + QUIET_S + 0.02 * number, heard_at=2.0)
        for number in range(RUN)
    ]
    assert verdicts == [Verdict.STRANGER] * (RUN - 1) + [MOVED]


def test_a_stream_that_goes_on_from_another_port_is_followed_without_silence() -> None:
    machine, speaker = Settling(SIGNALLED, nat=NAT), Speaker(BEHIND_NAT)
    speaker.run(machine, 0.0)
    stream, speaker.address = speaker.numbers, REBOUND
    verdicts = [
        machine.judge(REBOUND, speaker.next(), 0.1 + 0.02 * n, stream=stream, heard_at=0.1)
        for n in range(RUN)
    ]
    assert verdicts[-1] is MOVED
    assert machine.target == REBOUND


def test_the_address_just_left_does_not_settle_for_a_while() -> None:
    machine = Settling(SIGNALLED, nat=NAT, former=BEHIND_NAT, now=10.0)
    speaker = Speaker(BEHIND_NAT)
    assert speaker.run(machine, 10.0, 40) is Verdict.STRANGER
    assert speaker.run(machine, 10.0 + FORMER_S) is MOVED


def test_many_sources_at_once_do_not_keep_a_party_out() -> None:
    machine, speaker = Settling(SIGNALLED, nat=NAT), Speaker(BEHIND_NAT)
    others = [Speaker((f"198.51.100.{n}", 9), ssrc=n) for n in range(20, 60)]
    for other in others:
        machine.judge(other.address, other.next(), 0.0)
    assert speaker.run(machine, 0.001) is MOVED


# Every walk of some length over all sources and kinds of packet: what a state may become.

SOURCES = (SIGNALLED, OTHER_PORT, BEHIND_NAT, REBOUND, STRANGER)


@pytest.mark.parametrize("nat", [(), tuple(NAT)], ids=["plain", "nat"])
def test_after_any_order_of_settled_speakers_only_the_allowed_ones_were_followed(
    nat: tuple[object, ...],
) -> None:
    """Each step: a source speaks a full run, after silence or in the midst of another's speech."""
    steps = list(itertools.product(SOURCES, (True, False)))
    for walk in itertools.product(steps, repeat=3):
        machine, now, heard_at = Settling(SIGNALLED, nat=nat), 0.0, -10.0  # type: ignore[arg-type]
        for source, after_silence in walk:
            now += QUIET_S + 1 if after_silence else 0.5
            before, speaker = machine.source, Speaker(source, ssrc=source[1])
            quiet = now - heard_at >= QUIET_S
            for number in range(RUN):
                at = now + 0.02 * number
                verdict = machine.judge(source, speaker.next(), at, heard_at=heard_at)
                if verdict is not Verdict.STRANGER:
                    heard_at = at
            _check(machine, bool(nat), before, source, quiet)
            now += 0.1


def _check(
    machine: Settling, nat: bool, before: Address | None, source: Address, quiet: bool
) -> None:
    allowed = SOURCES[:4] if nat else SOURCES[:2]
    assert machine.source is None or machine.source in allowed
    assert machine.target == (machine.source or SIGNALLED if nat else SIGNALLED)
    if source == SIGNALLED:
        assert machine.source == SIGNALLED
    elif source in allowed and (before is None or quiet):
        assert machine.source == source
    else:
        assert machine.source == before


class AttackedMachine(RuleBasedStateMachine):
    """A party and an attacker who may send anything from addresses of its own, at any time."""

    @initialize(nat=st.booleans())
    def begin(self, nat: bool) -> None:
        self.nat, self.now, self.heard_at = nat, 0.0, -1.0
        self.machine = Settling(SIGNALLED, nat=NAT if nat else ())
        self.party = Speaker(BEHIND_NAT if nat else OTHER_PORT)
        self.attackers = [Speaker(STRANGER, ssrc=7), Speaker(("203.0.113.10", 4000), ssrc=8)]
        self.stream: Numbers | None = None
        self.spoken = 0

    @rule(seconds=st.sampled_from([0.0, 0.005, 0.02, 0.5, 3.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(lost=st.integers(0, 3), audio=st.booleans())
    def the_party_speaks(self, lost: int, audio: bool) -> None:
        numbers = self.party.next(lost)
        self._send(self.party.address, numbers if audio else None)

    @rule(who=st.integers(0, 1), audio=st.booleans(), as_the_party=st.booleans())
    def an_attacker_speaks(self, who: int, audio: bool, as_the_party: bool) -> None:
        speaker = self.attackers[who]
        numbers = speaker.next()
        if as_the_party:
            numbers = self.party.numbers
        verdict = self._send(speaker.address, numbers if audio else None)
        assert verdict is Verdict.STRANGER

    @rule(packets=st.integers(1, 3 * RUN))
    def an_attacker_speaks_for_long(self, packets: int) -> None:
        for _ in range(packets):
            self.now += 0.02
            assert self._send(STRANGER, self.attackers[0].next()) is Verdict.STRANGER

    def _send(self, source: Address, numbers: Numbers | None) -> Verdict:
        verdict = self.machine.judge(
            source, numbers, self.now, stream=self.stream, heard_at=self.heard_at
        )
        if verdict is not Verdict.STRANGER:
            self.heard_at = self.now
            self.stream = numbers or self.stream
        return verdict

    @invariant()
    def nobody_else_is_the_party(self) -> None:
        if not hasattr(self, "machine"):
            return
        assert self.machine.source in (None, SIGNALLED, self.party.address)
        assert self.machine.target in (SIGNALLED, self.party.address)
        assert self.nat or self.machine.target == SIGNALLED
        assert self.machine.settled == (self.machine.source is not None or not self.nat)


TestAttackedMachine = AttackedMachine.TestCase
TestAttackedMachine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
