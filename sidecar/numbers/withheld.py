"""What stands in place of a number that is withheld or not known."""

from __future__ import annotations

_WORDS = frozenset(
    ("", "anonymous", "blocked", "private", "restricted", "unavailable", "unknown", "withheld")
)
"""User parts: RFC 3323 section 4.1.1.3 and RFC 3325 have "anonymous"; gateways have the others."""
_SPELLED = frozenset(("+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253"))
"""The same words on a keypad, as networks that carry only digits send them."""


def is_withheld(text: str) -> bool:
    """Tell whether a normal number stands for none."""
    return text in _WORDS or text in _SPELLED
