"""Values of headers that are no list of the table's: Via, CSeq, addresses, and their parts."""

from __future__ import annotations

from collections.abc import Callable

from sidecar.sip import header_values
from sidecar.sip.address import Address, is_plain
from sidecar.sip.cseq import CSeq
from sidecar.sip.errors import ParseError
from sidecar.sip.grammar import is_token, quote, split_values, unquote
from sidecar.sip.history import HistoryEntry
from sidecar.sip.session_timer import SessionExpires
from sidecar.sip.via import Via
from tests.fuzz import oracle

READERS: dict[str, Callable[[str], object]] = {
    "Via": Via.parse,
    "CSeq": CSeq.parse,
    "History-Info": HistoryEntry.parse,
    "From": Address.parse,
    "Session-Expires": SessionExpires.parse,
}
WRITERS = [
    header_values.words,
    header_values.opaque,
    header_values.token,
    header_values.tokens,
    header_values.option_tags,
    header_values.privacy,
    header_values.seconds,
    header_values.session_interval,
    header_values.retry_after,
    header_values.token_with_parameters,
    header_values.tokens_with_parameters,
    header_values.user_to_user,
    header_values.languages,
    header_values.credentials,
    header_values.authentication_info,
    header_values.date,
    header_values.warning,
]


def attempt(data: bytes) -> None:
    """Give one value to every reader."""
    text = data.decode("utf-8", "surrogateescape")
    if "\r" in text or "\n" in text:
        return
    for name, parse in READERS.items():
        _read(name, parse, text)
    for write in WRITERS:
        _write(write, text)
    for value in split_values(text):
        oracle.demand(value == value.strip(" \t"), "blanks around a value", value)
    oracle.demand(unquote(quote(text)) == text, "quoted, it says otherwise", text)
    oracle.demand(not is_token(text) or text.isascii(), "no token", text)


def _read(name: str, parse: Callable[[str], object], text: str) -> None:
    try:
        value = parse(text)
    except ParseError:
        oracle.demand(name != "From" or not is_plain(text), "plain, and refused", text)
        return
    if value is not None:
        again = parse(str(value))
        oracle.demand(again == value, f"{name} reads otherwise", text, str(value))


def _write(write: Callable[[str], str | None], text: str) -> None:
    written = write(text)
    if written is None:
        return
    oracle.one_line(written)
    oracle.bounded(written, text.encode("utf-8", "surrogateescape"))
    oracle.demand(write(written) == written, f"{write.__name__} twice", text, written)
