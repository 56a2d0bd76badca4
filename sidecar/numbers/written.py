"""How a number is written: what is only for the eye, or for the protocol, is left out."""

from __future__ import annotations

import re

_SEPARATORS = str.maketrans("", "", " -.()/\t")
_DIALLED = re.compile(r"[+]?[0-9*#]+")
_SCHEME = re.compile(r"\s*(?:(?:sips?|tel):\s*)+", re.IGNORECASE)
_CONTEXT = re.compile(r";phone-context(?:=([^;]*+))?+(?=;|\Z)", re.IGNORECASE)
_GLOBAL_DIGITS = re.compile(r"\+[0-9.()-]{1,20}")


def normal_number(text: str) -> str:
    """Return a number as it is compared where nothing is known of its country.

    Of what can be dialled, visual separators (RFC 3966 section 5.1.1, and blanks and slashes) are
    left out and a leading "00" is "+", so that "0*" means national numbers and "00*" the others.
    Other users are compared in any case of their letters. Parameters of a user part are cut off.
    """
    number = plain(text)
    if not number.startswith("00") or not is_dialled(number):
        return number
    return "+" + number[2:]


def plain(text: str) -> str:
    """Return the same without making "00" a plus."""
    return as_sent(text).casefold()


def as_sent(user: str) -> str:
    """Return a user part as it goes on: all that `plain` leaves out is left out, but no case.

    `plain` says the same of what this returns as of what it was given.
    """
    text = user.partition(";")[0].strip()
    number = text.translate(_SEPARATORS)
    return number if is_dialled(number) else text


def is_dialled(number: str) -> bool:
    """Tell whether a text is digits, stars and hashes only, with or without a plus."""
    return _DIALLED.fullmatch(number) is not None


def user_of(text: str) -> str:
    """Return the user part, with its parameters, of a SIP or tel URI; other text as it is."""
    scheme = _SCHEME.match(text)
    return text[scheme.end() :].partition("@")[0] if scheme is not None else text


def context_of(user: str) -> str:
    """Return the leading digits that a local number is to be read behind (RFC 3966 5.1.5).

    "" where there is no `phone-context`, or one that is a domain or rubbish. Of several the first
    counts, whatever it says: another reader must not be led to the next.
    """
    found = _CONTEXT.search(user)
    context = found[1] or "" if found is not None else ""
    return context.translate(_SEPARATORS) if _GLOBAL_DIGITS.fullmatch(context) else ""
