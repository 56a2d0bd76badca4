"""Beginnings of numbers (`+4420*`, `020*`), read to meet what `read_number` reads."""

from __future__ import annotations

from sidecar.numbers.plans import Plan, plan_behind, plan_of
from sidecar.numbers.written import is_dialled, normal_number, plain

_TRUNK_IN_BRACKETS = "(0)"


def beginnings_of(written: str, country: str = "") -> tuple[str, ...]:
    """Return how `Number.text` begins for the numbers that begin as it is written, without "*".

    With a country, digits are a beginning of what is dialled there: of national numbers, if they
    are dialled so, and as they stand of all that is no E.164 number (extensions, short codes).
    """
    number = plain(written)
    if number.startswith("+"):
        return (_international(written),)
    plan = plan_of(country)
    if plan is None or not is_dialled(number) or "*" in number or "#" in number:
        return (normal_number(written),)
    prefix = plan.international.match(number)
    if prefix is not None:
        return ("+" + number[prefix.end() :], number)
    if number.startswith("00") and plan.zeros_are_plus:
        return ("+" + number[2:],)
    return (number, *_national(number, plan))


def _international(written: str) -> str:
    """Return a plus and digits without the zero of `+44 (0)20`, where the country has one."""
    number = plain(written)
    if _TRUNK_IN_BRACKETS not in written:
        return number
    plan = plan_behind(number)
    return plain(written.replace(_TRUNK_IN_BRACKETS, "")) if plan and plan.trunk == "0" else number


def _national(number: str, plan: Plan) -> tuple[str, ...]:
    if plan.trunk and number.startswith(plan.trunk):
        return (f"+{plan.code}{number.removeprefix(plan.trunk)}",)
    if plan.trunk.startswith(number):
        return (f"+{plan.code}",)
    return (f"+{plan.code}{number}",) if plan.never_needs_trunk else ()
