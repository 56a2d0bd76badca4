"""Telephone numbers, as people dial them and as SIP carries them."""

from __future__ import annotations

from sidecar.numbers import as_run, normal_number, read_number
from sidecar.numbers.written import user_of
from tests.fuzz import oracle


def attempt(data: bytes) -> None:
    """Read a number in several countries; what is run is what was judged."""
    text = data.decode("utf-8", "surrogateescape")
    user = user_of(text)
    oracle.demand(as_run(as_run(text)) == as_run(text), "run as another number", text)
    normal = normal_number(text)
    oracle.demand(normal_number(normal) == normal, "another number the second time", text)
    for country in ("", "DE", "US", "XX"):
        number = read_number(text, country)
        oracle.demand(number == read_number(text, country), "another number", text)
        judged = read_number(as_run(user), country)
        oracle.demand(judged == number, "judged by another number than is run", text, number)
