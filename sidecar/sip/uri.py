"""SIP, SIPS and tel URIs (RFC 3261 section 19.1, RFC 3966); others are kept as they came."""

from __future__ import annotations

import re
from typing import Any, NamedTuple, Self
from urllib.parse import unquote, unquote_to_bytes

from sidecar.sip.errors import ParseError
from sidecar.sip.grammar import (
    HOST,
    HOST_NAME,
    Parameters,
    bare_host,
    find_parameter,
    format_parameters,
    ipv6_address,
    parse_port,
    written_host,
)

# A user part may hold more than RFC 3261 allows unescaped ("#" is often seen), but nothing
# that would end the user part, the URI or the line.
_USER = r"[^@:\x00-\x20<>\"\x7f]"
_PART = r"[^;=?@\x00-\x20<>\"\x7f]++"
_SIP = re.compile(
    rf"([sS][iI][pP][sS]?):(?:({_USER}++)(?::({_USER}*+))?@)?({HOST})(?::([0-9]{{1,5}}+))?"
    r"(;[^?\x00-\x20<>\"\x7f]++)?(?:\?([^\x00-\x20<>\"\x7f]++))?"
)

# What may mean a control character, or no character at all, is looked at more closely.
_PLAIN_USER = r"[^@:%\x00-\x20<>\"\x7f-\x9f\u2028\u2029\ud800-\udfff]"
_PLAIN_PART = r"[^;=?@%\x00-\x20<>\"\x7f-\x9f\u2028\u2029\ud800-\udfff]++"
PLAIN_SIP = (
    rf"[sS][iI][pP][sS]?:(?:{_PLAIN_USER}++(?::{_PLAIN_USER}*+)?@)?{HOST_NAME}"
    rf"(?::[1-9][0-9]{{0,3}}+)?(?:;{_PLAIN_PART}(?:={_PLAIN_PART})?)*+"
)
"""A pattern of SIP URIs that `Uri.parse` never refuses: nearly all there are.

What only has to be known to be well formed is matched with it, which is faster than to read it.
"""

_TEL = re.compile(r"[tT][eE][lL]:([0-9A-Fa-f+*#().\-]++)(;[^?\x00-\x20<>\"\x7f]++)?")
_ABSOLUTE = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*+):([^\x00-\x20<>\"\x7f]++)")
_PARAMETER = re.compile(rf"{_PART}(?:={_PART})?")
# Of Unicode too, with its separators of lines: some readers end a line there.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")

# Parameters that make two URIs different where only one of them has it (section 19.1.4).
_MUST_MATCH = frozenset(("user", "ttl", "method", "maddr", "transport"))


class _Parts(NamedTuple):
    scheme: str
    user: str | None
    password: str | None
    host: str
    port: int | None
    parameters: Parameters
    headers: Parameters
    opaque: str | None


class Uri(_Parts):
    """A URI of a request line or an address.

    `scheme` is in lower case. `user` and `password` keep their percent-escapes. `host` is
    without brackets. For tel: URIs the number is in `user` and `host` is empty; for schemes
    other than sip, sips and tel everything behind the colon is in `opaque`.

    Raises ParseError when made of parts that would not be read back as they are.
    """

    __slots__ = ()

    def __new__(
        cls,
        scheme: str,
        user: str | None = None,
        password: str | None = None,
        host: str = "",
        port: int | None = None,
        parameters: Parameters = (),
        headers: Parameters = (),
        opaque: str | None = None,
    ) -> Self:
        """Make a URI of its parts; raises ParseError."""
        # Parts put together by hand have to read back as themselves, so that none of them can
        # smuggle in another ("a@b" as user, ";x=y" in a host).
        parts = (scheme, user, password, host, port, parameters, headers, opaque)
        uri = tuple.__new__(cls, parts)
        if cls.parse(str(uri)) != uri:
            raise ParseError("Malformed URI")
        return uri

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a URI; raises ParseError.

        One with a control character, or bytes that are no UTF-8, is refused even where they are
        escaped: whoever unescapes it for a line of text would write two, or none.
        """
        if "%" in text or not text.isascii():
            check_characters(text)
        found = _SIP.fullmatch(text)
        if found is None:
            return tuple.__new__(cls, _other_parts(text))
        scheme, user, password, host, port, parameters, headers = found.groups()
        parts = (
            scheme.lower(),
            user,
            password,
            bare_host(host) if host[0] == "[" else host,
            parse_port(port) if port else None,
            _parse_parameters(parameters) if parameters else (),
            _parse_headers(headers) if headers else (),
            None,
        )
        return tuple.__new__(cls, parts)

    @property
    def user_unescaped(self) -> str | None:
        """The user part with its percent-escapes resolved."""
        if self.user is None or "%" not in self.user:
            return self.user
        return unquote(self.user)

    def param(self, name: str) -> str | None:
        """Return a URI parameter's value: "" where it has none, None where it is missing."""
        found = find_parameter(self.parameters, name)
        return None if found is None else found[1] or ""

    def with_(self, **changes: Any) -> Uri:
        """Return this URI with other parts, named as the constructor names them."""
        return type(self)(**{**self._asdict(), **changes})

    def equivalent(self, other: Uri) -> bool:
        """Compare as RFC 3261 section 19.1.4 (and RFC 5954 for IPv6) says."""
        if self.scheme not in ("sip", "sips") or self.scheme != other.scheme:
            return str(self) == str(other)
        return (
            _unescape(self.user) == _unescape(other.user)
            and _unescape(self.password) == _unescape(other.password)
            and _same_host(self.host, other.host)
            and self.port == other.port
            and _same_parameters(self.parameters, other.parameters)
            and _folded(self.headers) == _folded(other.headers)
        )

    def __str__(self) -> str:
        if self.opaque is not None:
            return f"{self.scheme}:{self.opaque}"
        if self.scheme == "tel":
            return f"tel:{self.user}{format_parameters(self.parameters)}"
        text = f"{self.scheme}:"
        if self.user is not None:
            text += self.user if self.password is None else f"{self.user}:{self.password}"
            text += "@"
        text += written_host(self.host)
        if self.port is not None:
            text += f":{self.port}"
        if self.parameters:
            text += format_parameters(self.parameters)
        if self.headers:
            text += "?" + "&".join(f"{name}={value or ''}" for name, value in self.headers)
        return text


def check_characters(text: str) -> None:
    """Raise ParseError where a text, with its percent-escapes resolved, is not one line of UTF-8.

    A reader resolves them once: `%250a` means the three characters `%0a`. Some (PJSIP among them)
    write those as they are into what they answer, and so resolve them twice; therefore what is
    escaped twice is looked at, too, and more often than that nothing may be. A percent sign that
    escapes nothing stands for itself.
    """
    meant = _resolved(text)
    if _ESCAPE.search(meant) is not None and _ESCAPE.search(_resolved(meant)) is not None:
        raise ParseError("Escaped Too Often In URI")


def _resolved(text: str) -> str:
    """Return a text with its escapes resolved, which is a single line; raises ParseError."""
    try:
        meant = unquote_to_bytes(text).decode()
    except ValueError:
        raise ParseError("Undecodable Characters In URI") from None
    if _CONTROL.search(meant) is not None:
        raise ParseError("Control Character In URI")
    return meant


def _other_parts(text: str) -> _Parts:
    found = _TEL.fullmatch(text)
    if found is not None:
        parameters = _parse_parameters(found[2]) if found[2] else ()
        return _Parts("tel", found[1], None, "", None, parameters, (), None)
    found = _ABSOLUTE.fullmatch(text)
    if found is None or found[1].lower() in ("sip", "sips", "tel"):
        raise ParseError("Malformed URI")
    return _Parts(found[1].lower(), None, None, "", None, (), (), found[2])


def _parse_parameters(text: str) -> Parameters:
    parameters: list[tuple[str, str | None]] = []
    for part in text[1:].split(";"):
        if _PARAMETER.fullmatch(part) is None:
            raise ParseError("Malformed URI Parameter")
        name, equals, value = part.partition("=")
        parameters.append((name, value if equals else None))
    return tuple(parameters)


def _parse_headers(text: str) -> Parameters:
    headers: list[tuple[str, str | None]] = []
    for part in text.split("&"):
        name, equals, value = part.partition("=")
        if not name or not equals:
            raise ParseError("Malformed URI Header")
        headers.append((name, value))
    return tuple(headers)


def _unescape(text: str | None) -> str | None:
    return text if text is None or "%" not in text else unquote(text)


def _same_host(one: str, other: str) -> bool:
    if ":" in one and ":" in other:
        return ipv6_address(one) == ipv6_address(other)
    return one.lower() == other.lower()


def _folded(parameters: Parameters) -> dict[str, str]:
    return {unquote(name).lower(): unquote(value or "").lower() for name, value in parameters}


def _same_parameters(one: Parameters, other: Parameters) -> bool:
    mine, theirs = _folded(one), _folded(other)
    names = (mine.keys() & theirs.keys()) | (_MUST_MATCH & (mine.keys() | theirs.keys()))
    return all(mine.get(name) == theirs.get(name) for name in names)
