"""Whose packets are a party's: a stranger never settles, whatever is sent in whatever order."""

from __future__ import annotations

from ipaddress import ip_network

from sidecar.rtp.settling import RUN, UNNUMBERED, Numbers, Settling, Verdict
from tests.fuzz import oracle

SIGNALLED = ("192.0.2.1", 4000)
NAT = [ip_network("198.51.100.0/24")]
SOURCES = [
    SIGNALLED,
    ("192.0.2.1", 4444),
    ("198.51.100.7", 61000),
    ("198.51.100.7", 61001),
    ("203.0.113.9", 9),
    ("203.0.113.9", 4000),
]
STRANGERS = {"203.0.113.9"}
SIZE = 6
MOST = 400


def attempt(data: bytes) -> None:
    """The first byte says whether there is NAT; then six bytes a packet."""
    nat = NAT if data[:1] > b"\x7f" else []
    machine, now = Settling(SIGNALLED, nat=nat, former=SOURCES[1]), 0.0
    counted: Numbers | None = None
    heard_at, audio = 0.0, dict.fromkeys(SOURCES, 0)
    for at in range(1, min(len(data), SIZE * MOST) - SIZE, SIZE):
        wait, which, ssrc, high, low, step = data[at : at + SIZE]
        now += wait / 250
        source = SOURCES[which % len(SOURCES)]
        numbers = _numbers(which, ssrc, high << 8 | low, step)
        audio[source] += numbers is not None
        verdict = machine.judge(source, numbers, now, stream=counted, heard_at=heard_at)
        _check(machine, source, verdict, audio[source], nat=bool(nat))
        if verdict is not Verdict.STRANGER:
            heard_at, counted = now, numbers or counted


def _numbers(which: int, ssrc: int, sequence: int, step: int) -> Numbers | None:
    if which > 200:
        return None
    return UNNUMBERED if which > 190 else Numbers(ssrc & 1, sequence, sequence * 160 + step)


def _check(
    machine: Settling, source: tuple[str, int], verdict: Verdict, audio: int, *, nat: bool
) -> None:
    if verdict is Verdict.STRANGER:
        return
    oracle.demand(source[0] not in STRANGERS, "a stranger has settled", source)
    oracle.demand(nat or source[0] == SIGNALLED[0], "NAT that nobody named", source)
    oracle.demand(source == SIGNALLED or audio >= RUN, "settled without a run", source, audio)
    oracle.demand(machine.settled and machine.source == source, "settled on another", source)
    oracle.demand(nat or machine.target == SIGNALLED, "media to where nobody said", source)
