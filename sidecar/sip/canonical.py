"""URIs and addresses as they leave: written anew from what was understood, in one spelling.

Nothing of a peer's spelling crosses. Escapes are resolved and written again only where the
grammar of RFC 3261 section 25.1 needs one, in upper case. Of parameters cross those of `TABLE`,
once each, in lower case. Passwords and the headers of a URI stay here. A display name is what can
be printed of it, quoted.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple
from urllib.parse import quote as escape
from urllib.parse import unquote as unescape

from sidecar.numbers import as_run
from sidecar.sip.errors import ParseError
from sidecar.sip.grammar import Parameters, format_parameters, is_token, quote, unquote
from sidecar.sip.uri import Uri

LONGEST_DISPLAY = 128
"""Characters of a display name that cross."""
LONGEST_VALUE = 256
"""Characters of a parameter's value; a longer one does not cross."""

_USER = "-_.!~*'()&=+$,?/"
"""What needs no escape in a user part (user-unreserved and mark), less the semicolon: that begins
a parameter of the number, and the text of one holds none."""
_PARAMETER = "-_.!~*'()[]/:&+$"


Place = Literal["request", "names", "diverted", "numbers"]
PLACES: dict[Place, str] = {
    "request": "the Request-URI to a trunk, a PBX's Refer-To and Contacts of a 3xx",
    "names": "From, To, P-Asserted-Identity and its like",
    "diverted": "Diversion, History-Info",
    "numbers": "the number itself (to a trunk, and in P-Asserted-Identity and its like)",
}
"""Where a parameter may cross, and what the documents call it."""


class Rule(NamedTuple):
    """One parameter that crosses."""

    name: str
    rfc: int
    places: tuple[Place, ...]
    values: str = r".+"
    """A pattern of its values, "" where it has none."""


_CONTEXT = r"\+[0-9]{1,20}|(?:[A-Za-z0-9\-]+\.)*[A-Za-z][A-Za-z0-9\-]*"
_ROUTED = r"\+?[0-9A-Fa-f\-.()]+"
TABLE = (
    Rule("user", 3261, ("request", "names", "diverted"), "phone|ip|dialstring"),
    Rule("transport", 3261, ("request",), "udp|tcp|tls|sctp|ws|wss"),
    Rule("cause", 4458, ("request", "diverted"), "[1-6][0-9][0-9]"),
    Rule("target", 4458, ("request", "diverted")),
    Rule("phone-context", 3966, ("numbers",), _CONTEXT),
    Rule("ext", 3966, ("numbers",), r"[0-9\-.()]+"),
    Rule("isub", 3966, ("numbers",)),
    Rule("isub-encoding", 4715, ("numbers",), "nsap-ia5|nsap-bcd|nsap"),
    Rule("npdi", 4694, ("numbers",), ""),
    Rule("rn", 4694, ("numbers",), _ROUTED),
    Rule("rn-context", 4694, ("numbers",), _CONTEXT),
    Rule("cic", 4694, ("numbers",), _ROUTED),
    Rule("cic-context", 4694, ("numbers",), _CONTEXT),
    Rule("tgrp", 4904, ("numbers",)),
    Rule("trunk-context", 4904, ("numbers",), _CONTEXT),
)
"""The parameters of URIs and of the numbers in them that cross, and where."""

_VALUES = {rule.name: re.compile(rule.values, re.IGNORECASE) for rule in TABLE}


def _known(place: Place) -> frozenset[str]:
    return frozenset(rule.name for rule in TABLE if place in rule.places)


IN_REQUEST_URI = _known("request")
IN_NAMES = _known("names")
IN_DIVERTED = _known("diverted")
OF_NUMBERS = _known("numbers")
IN_CONTEXT = frozenset(("phone-context",))


def number_of(uri: Uri) -> str:
    """Return whom a URI names, in the form that rules, records and the PBX get."""
    return as_run(_user_of(uri))


def _user_of(uri: Uri) -> str:
    """Return the user part with the parameters of its number, escapes resolved."""
    user = uri.user_unescaped or ""
    return user + unescape(format_parameters(uri.parameters)) if uri.scheme == "tel" else user


def written_user(uri: Uri, *, with_parameters: bool) -> str | None:
    """Return the user part that says what `number_of` does; None for nobody.

    `with_parameters`: with those of the number that cross.
    """
    number = number_of(uri)
    if not number:
        return None
    return _escaped(number) + (_number_parameters(uri, number) if with_parameters else "")


def _escaped(number: str) -> str:
    return number if number.isalnum() and number.isascii() else escape(number, safe=_USER)


def _number_parameters(uri: Uri, number: str) -> str:
    known = OF_NUMBERS - IN_CONTEXT if number.startswith("+") else OF_NUMBERS
    return format_parameters(written_parameters(_parameters_of(_user_of(uri)), known))


def context_left(uri: Uri) -> Parameters:
    """Return the `phone-context` of a number that is no E.164 number even with it."""
    parameters = _parameters_of(_user_of(uri))
    if not parameters or number_of(uri).startswith("+"):
        return ()
    return written_parameters(parameters, IN_CONTEXT)


def _parameters_of(user: str) -> Parameters:
    """Return the parameters that stand within a user part (RFC 3261 section 19.1.6).

    They are escaped anew: those of `user` are resolved, and are not to be resolved twice.
    """
    if ";" not in user:
        return ()
    parts = (part.partition("=") for part in user.split(";")[1:])
    return tuple(
        (escape(name, safe=""), escape(value, safe="") if equals else None)
        for name, equals, value in parts
    )


def written_parameters(parameters: Parameters, known: frozenset[str]) -> Parameters:
    """Return those of the parameters that are known and say what they may, written anew.

    Of several of one name the first counts, whatever it says: it is what we have judged by.
    """
    if not parameters:
        return ()
    first: dict[str, str | None] = {}
    for name, value in parameters:
        name = unescape(name).lower()
        if name in known and name not in first:
            first[name] = _value(name, value)
    return tuple((name, text or None) for name, text in first.items() if text is not None)


def _value(name: str, value: str | None) -> str | None:
    """Return a parameter's value written anew, None where it does not cross."""
    text = unescape(value or "")
    if len(text) > LONGEST_VALUE or not text.isprintable() or not _VALUES[name].fullmatch(text):
        return None
    if name == "target":
        try:
            text = str(written_uri(Uri.parse(text), IN_NAMES))
        except ParseError:
            return None
        if len(text) > LONGEST_VALUE:  # its escapes were written anew
            return None
    elif name in ("user", "transport"):
        text = text.lower()
    return escape(text, safe=_PARAMETER)


def written_uri(uri: Uri, known: frozenset[str]) -> Uri:
    """Return a URI written anew, with those of its own parameters that are known.

    Raises ParseError for a scheme other than sip, sips and tel, and for a number of tel: that
    can't be written as one.
    """
    if uri.scheme == "tel":
        number = number_of(uri)
        return Uri.parse(f"tel:{number}{_number_parameters(uri, number)}")
    if uri.opaque is not None:
        raise ParseError("Unsupported URI Scheme")
    parameters = written_parameters(uri.parameters, known)
    user = written_user(uri, with_parameters=True)
    return Uri(uri.scheme, user, None, uri.host.lower(), uri.port, parameters)


def written_display(text: str | None) -> str | None:
    """Return what can be printed of a display name, None where that is nothing."""
    if text is None or (len(text) <= LONGEST_DISPLAY and text.isprintable()):
        return text or None
    shown = "".join(each if each.isprintable() else " " for each in text[: 4 * LONGEST_DISPLAY])
    return " ".join(shown.split())[:LONGEST_DISPLAY] or None


def written_header_parameters(parameters: Parameters, known: frozenset[str]) -> Parameters:
    """Return those parameters of an address's header that are known, written anew.

    A name in `known` that ends with `*` stands for all that begin so.
    """
    written: dict[str, str | None] = {}
    beginnings = tuple(name[:-1] for name in known if name.endswith("*"))
    for name, value in parameters:
        name = name.lower()
        if name in written or not (name in known or (beginnings and name.startswith(beginnings))):
            continue
        if value is None or is_token(value):
            written[name] = value
        elif value.startswith('"') and (said := written_display(unquote(value))):
            written[name] = quote(said)
    return tuple(written.items())
