"""URIs: whatever is read is written canonically in each place where it may leave."""

from __future__ import annotations

from sidecar.calls.replaces import Reference
from sidecar.errors import PeerError
from sidecar.numbers import as_run, read_number
from sidecar.sip.canonical import (
    IN_CONTEXT,
    IN_DIVERTED,
    IN_NAMES,
    IN_REQUEST_URI,
    context_left,
    number_of,
    written_uri,
)
from sidecar.sip.errors import ParseError
from sidecar.sip.uri import Uri
from tests.fuzz import oracle


def attempt(data: bytes) -> None:
    """Read a URI, as a Request-URI or from between brackets."""
    text = data.decode("utf-8", "surrogateescape")
    _refer(text)
    try:
        uri = Uri.parse(text)
    except ParseError as error:
        oracle.one_line(str(error))
        return
    oracle.demand(Uri.parse(str(uri)) == uri, "written, it reads otherwise", text)
    oracle.demand(uri.equivalent(uri), "not itself", text)
    number = number_of(uri)
    oracle.demand(as_run(number) == number, "run as another number", number)
    read_number(number, "DE")
    for known in (IN_REQUEST_URI, IN_NAMES, IN_DIVERTED, IN_CONTEXT):
        _leaves(uri, known, text)
    context_left(uri)


def _leaves(uri: Uri, known: frozenset[str], text: str) -> None:
    try:
        written = written_uri(uri, known)
    except ParseError:
        return
    spelled = str(written)
    oracle.one_line(spelled)
    oracle.demand(oracle.uri(spelled), "no URI of RFC 3261", text, spelled)
    oracle.bounded(spelled, text.encode("utf-8", "surrogateescape"))
    oracle.demand(number_of(written) == number_of(uri), "another number leaves", text, spelled)
    again = str(written_uri(Uri.parse(spelled), known))
    oracle.demand(again == spelled, "another spelling the second time", spelled, again)


def _refer(text: str) -> None:
    """References to dialogs, as they stand behind a question mark or in a header."""
    for header in ("Replaces", "Target-Dialog"):
        try:
            reference = Reference.read(header, text)
        except PeerError:
            continue
        oracle.one_line(str(reference))
        again = Reference.read(header, str(reference))
        oracle.demand(str(again) == str(reference), "another spelling", text)
