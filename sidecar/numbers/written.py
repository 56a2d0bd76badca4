"""How a number is written: what is only for the eye, or for the protocol, is left out."""

from __future__ import annotations

import re

_SEPARATORS = str.maketrans("", "", " -.()/\t")
_DIALLED = re.compile(r"[+]?[0-9*#]+")


def normal_number(text: str) -> str:
    """Return a number as it is compared where nothing is known of its country.

    Of what can be dialled, visual separators (RFC 3966 section 5.1.1, and blanks and slashes) are
    left out and a leading "00" is "+", so that "0*" means national numbers and "00*" the others.
    Other users are compared in any case of their letters. Parameters of a user part are cut off.
    """
    user = text.partition(";")[0]
    number = user.translate(_SEPARATORS)
    if not _DIALLED.fullmatch(number):
        return user.strip().casefold()
    return "+" + number[2:] if number.startswith("00") else number
