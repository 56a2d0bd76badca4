"""What a call, a packet and a message cost: `python -m bench` (see docs/benchmarks.md)."""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """One line of the printed table; every part's `run()` returns a list of them."""

    what: str  # what was measured
    figure: str  # the figure with its unit
    beside: str = ""  # the same of the product it is compared with, or a ratio
    goal: str = ""  # what is aimed at


def median(values: list[float]) -> float:
    """The middle one; the mean of the middle two. Raises ValueError on none."""
    if not values:
        raise ValueError("no values to take the median of")
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def percentile(values: list[float], share: float) -> float:
    """The value that this share (0 to 1) of the values does not exceed."""
    if not values:
        raise ValueError("no values to take a percentile of")
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]
