"""Every message of RFC 4475 (SIP torture tests), with the RFC's verdict and ours.

The texts in `rfc4475/` are those of the RFC's section 3, in the notation of its section 2 (see
conftest.py); the table follows its order and numbers. Where the verdict is for a layer above
the parser (an unknown scheme, extension, method, body), the parser has to hand the message up
unharmed, and the row says what an element does with it then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

from sidecar.sip.message import Message, Request, respond
from sidecar.sip.parser import MessageError, parse_message

Torture = Callable[[str, str], bytes]


class Accepted(NamedTuple):
    """A message the parser hands up: what has to be read in it, and what becomes of it then."""

    section: str
    name: str
    element: str
    fields: dict[str, object]


class Refused(NamedTuple):
    """A message the parser refuses: status and reason, and whether an answer can be sent."""

    section: str
    name: str
    status: int
    reason: str
    answerable: bool = True


WELL_FORMED = "serves it as any other"

ACCEPTED = [
    Accepted(
        "3.1.1.1",
        "wsinv",
        WELL_FORMED,
        {
            "target.parameters": (("unknownparam", None),),
            "to.uri.user": "vivekg",
            "to_tag": "1918181833n",
            "from_.display": 'J Rosenberg \\"',
            "from_tag": "98asjd8",
            "headers Max-Forwards": ["0068"],
            "cseq": (9, "INVITE"),
            "via.host": "192.0.2.2",
            "via.branch": "390skdjuw",
            "values Via": [
                "SIP  /   2.0 /UDP 192.0.2.2;branch=390skdjuw",
                "SIP  / 2.0  / TCP     spindle.example.com   ; branch  =   z9hG4bK9ikj8",
                "SIP  /    2.0   / UDP  192.168.255.111   ; branch= z9hG4bK30239",
            ],
            "headers Subject": [""],
            "headers NewFangledHeader": ["newfangled value continued newfangled value"],
            "headers UnknownHeaderWithUnusualValue": [";;,,;;,;"],
            "contact.display": 'Quoted string ""',
            "contact.parameters": (("newparam", "newvalue"), ("secondparam", None), ("q", "0.33")),
        },
    ),
    Accepted(
        "3.1.1.2",
        "intmeth",
        "answers 501, or forwards the method it doesn't know",
        {
            "method": "!interesting-Method0123456789_*+`.%indeed'~",
            "target.user": "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*",
            "target.password": "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)",
            "target.host": "example.com",
            "via.branch": "z9hG4bK-.!%66*_+`'~",
            "to.display": "BEL:\x07 NUL:\x00 DEL:\x7f",
            "from_.display": "token1~` token2'+_ token3*%!.-",
            "from_.parameters": (
                ("fromParam''~+*_!.-%", '"работающий"'),
                ("tag", "_token~1'+`*%!-."),
            ),
            "call_id": "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{",
            "headers extensionHeader-!.%*+_`'~": ["\ufeff大停電"],
        },
    ),
    Accepted(
        "3.1.1.3",
        "esc01",
        WELL_FORMED,
        {
            "target.user": "sips%3Auser%40example.com",
            "target.user_unescaped": "sips:user@example.com",
            "target.host": "example.net",
            "to.uri.user_unescaped": "user",
            "from_.uri.user_unescaped": "I have spaces",
            "contact.uri.user_unescaped": "caller",
            "contact.uri.parameters": (("%6C%72", None), ("n%61me", "v%61lue%25%34%31")),
        },
    ),
    Accepted(
        "3.1.1.5",
        "esc02",
        "answers 501: % doesn't escape in a method, so it is no REGISTER",
        {
            "method": "RE%47IST%45R",
            "to.display": "%Z%45",
            "values Contact": ["<sip:alias1@host1.example.com>", "<sip:alias3@host3.example.com>"],
            "headers C%6Fntact": ["<sip:alias2@host2.example.com>"],
        },
    ),
    Accepted(
        "3.1.1.6", "lwsdisp", WELL_FORMED, {"from_.display": "caller", "from_.uri.user": "caller"}
    ),
    Accepted(
        "3.1.1.7",
        "longreq",
        WELL_FORMED,
        {
            "to.uri.port": 6000,
            "from_.uri.user": "amazinglylongcallername" * 5,
            "from_tag": "12" + "982" * 50 + "424",
            "call_id": "longreq.one" + "really" * 20 + "longcallid",
            "count Via": 34,
            "via.host": "sip33.example.com",
        },
    ),
    Accepted(
        "3.1.1.8",
        "dblreq",
        "ignores what follows the body in a datagram",
        {"method": "REGISTER", "cseq": (8, "REGISTER"), "body": b""},
    ),
    Accepted(
        "3.1.1.9",
        "semiuri",
        WELL_FORMED,
        {
            "target.user": "user;par=u%40example.net",
            "target.user_unescaped": "user;par=u@example.net",
            "target.parameters": (),
            "count Accept": 6,
        },
    ),
    Accepted("3.1.1.10", "transports", WELL_FORMED, {"via.transport": "UDP", "count Via": 5}),
    Accepted(
        "3.1.1.11",
        "mpart01",
        WELL_FORMED,
        {
            "length": 553,
            "headers Content-Type": ["multipart/mixed;boundary=7a9cbec02ceef655"],
            "via.rport": None,
            "via.has_rport": True,
            "contact.uri.port": 5070,
        },
    ),
    Accepted(
        "3.1.1.12",
        "unreason",
        WELL_FORMED,
        {"status": 200, "reason": "= 2**3 * 5**2 но сто девяносто девять - простое"},
    ),
    Accepted("3.1.1.13", "noreason", WELL_FORMED, {"status": 100, "reason": ""}),
    Accepted(
        "3.1.2.12",
        "baddate",
        "ignores the Date, or answers 400: the parser doesn't read dates",
        {"headers Date": ["Fri, 01 Jan 2010 16:00:00 EST"]},
    ),
    Accepted(
        "3.2.1",
        "badbranch",
        "matches it by the rules of RFC 2543, or answers 400: the cookie has no identifier",
        {"via.branch": "z9hG4bK"},
    ),
    Accepted(
        "3.3.2",
        "unkscm",
        "answers 416",
        {"target.scheme": "nobodyknowsthisscheme", "target.opaque": "totallyopaquecontent"},
    ),
    Accepted(
        "3.3.3",
        "novelsc",
        "answers 416",
        {"target.scheme": "soap.beep", "target.opaque": "//192.0.2.103:3002"},
    ),
    Accepted(
        "3.3.4",
        "unksm2",
        "forwards it; a registrar answers 400",
        {
            "to.uri.scheme": "isbn",
            "from_.uri.scheme": "http",
            "from_tag": "3234233",
            "contact.uri.opaque": "John_Smith",
        },
    ),
    Accepted(
        "3.3.5",
        "bext01",
        "answers 420 and lists what it doesn't support",
        {"values Require": ["nothingSupportsThis", "nothingSupportsThisEither"]},
    ),
    Accepted(
        "3.3.6",
        "invut",
        "answers 415",
        {"headers Content-Type": ["application/unknownformat"], "length": 40},
    ),
    Accepted(
        "3.3.7",
        "regaut01",
        "treats it as a request without credentials",
        {"headers Authorization": ["NoOneKnowsThisScheme opaque-data=here"]},
    ),
    Accepted(
        "3.3.10",
        "bcast",
        "discards it: two Vias, the second one not to be sent to",
        {"status": 200, "count Via": 2, "via.host": "192.0.2.198"},
    ),
    Accepted(
        "3.3.11",
        "zeromf",
        "answers 483, or as the recipient 200",
        {"headers Max-Forwards": ["0"]},
    ),
    Accepted(
        "3.3.12",
        "cparam01",
        WELL_FORMED,
        {"contact.parameters": (("unknownparam", None),), "contact.uri.parameters": ()},
    ),
    Accepted(
        "3.3.13",
        "cparam02",
        WELL_FORMED,
        {"contact.parameters": (), "contact.uri.parameters": (("unknownparam", None),)},
    ),
    Accepted(
        "3.3.14",
        "regescrt",
        WELL_FORMED,
        {"contact.uri.headers": (("Route", "%3Csip:sip.example.com%3E"),)},
    ),
    Accepted("3.3.15", "sdp01", "answers 406", {"headers Accept": ["text/nobodyKnowsThis"]}),
    Accepted(
        "3.4.1",
        "inv2543",
        "serves it: no branch, no From tag, no Max-Forwards, no Content-Length",
        {
            "via.branch": None,
            "from_tag": None,
            "to.uri.parameters": (),
            "to.parameters": (("user", "phone"),),
            "contact": None,
            "length": 105,
        },
    ),
]

REFUSED = [
    # Well-formed, and refused all the same: peers written in C read another number than we do.
    Refused("3.1.1.4", "escnull", 400, "Control Character In URI"),
    Refused("3.1.2.1", "badinv01", 400, "Malformed Parameters", answerable=False),
    Refused("3.1.2.2", "clerr", 400, "Body Shorter Than Content-Length"),
    Refused("3.1.2.3", "ncl", 400, "Malformed Content-Length"),
    Refused("3.1.2.4", "scalar02", 400, "Malformed CSeq"),
    Refused("3.1.2.5", "scalarlg", 400, "Malformed CSeq", answerable=False),
    Refused("3.1.2.6", "quotbal", 400, "Malformed Address"),
    Refused("3.1.2.7", "ltgtruri", 400, "Malformed URI"),
    Refused("3.1.2.8", "lwsruri", 400, "Malformed Start Line"),
    Refused("3.1.2.9", "lwsstart", 400, "Malformed Start Line"),
    Refused("3.1.2.10", "trws", 400, "Malformed Start Line"),
    Refused("3.1.2.11", "escruri", 400, "Headers In Request-URI"),
    Refused("3.1.2.13", "regbadct", 400, "Malformed Address"),
    Refused("3.1.2.14", "badaspec", 400, "Malformed URI"),
    Refused("3.1.2.15", "baddn", 400, "Malformed Address"),
    Refused("3.1.2.16", "badvers", 505, "Version Not Supported"),
    Refused("3.1.2.17", "mismatch01", 400, "CSeq Method Differs"),
    Refused("3.1.2.18", "mismatch02", 400, "CSeq Method Differs"),
    Refused("3.1.2.19", "bigcode", 400, "Malformed Start Line", answerable=False),
    Refused("3.3.1", "insuf", 400, "Missing Call-ID", answerable=False),
    Refused("3.3.8", "multi01", 400, "Repeated CSeq"),
    Refused("3.3.9", "mcl01", 400, "Repeated Content-Length"),
]


def read(message: Message, path: str) -> object:
    """Return what a path of the table names: attributes, or a header's lines, values, count."""
    kind, _, name = path.partition(" ")
    if name:
        headers = message.headers
        if kind == "headers":
            return headers.get_all(name)
        return headers.values(name) if kind == "values" else len(headers.values(name))
    if kind == "length":
        return len(message.body)
    value: object = message
    for part in path.split("."):
        value = getattr(value, part)
    return value


def test_the_table_names_all_49_messages_of_the_rfc(
    torture_names: Callable[[str], set[str]],
) -> None:
    table = [case.name for case in ACCEPTED] + [case.name for case in REFUSED]

    assert len(table) == 49
    assert set(table) == torture_names("rfc4475")


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case.name)
def test_a_valid_message_is_read_as_the_rfc_says(case: Accepted, torture: Torture) -> None:
    message = parse_message(torture("rfc4475", case.name))

    assert {path: read(message, path) for path in case.fields} == case.fields


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case.name)
def test_a_valid_message_survives_being_written_and_read(case: Accepted, torture: Torture) -> None:
    message = parse_message(torture("rfc4475", case.name))

    again = parse_message(message.encode())

    def but_length(message: Message) -> list[tuple[str, str]]:
        return [item for item in message.headers.items() if item[0] != "Content-Length"]

    assert but_length(again) == but_length(message)
    assert again.body == message.body
    assert {path: read(again, path) for path in case.fields} == case.fields


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_a_malformed_message_is_refused_with_a_reason(case: Refused, torture: Torture) -> None:
    with pytest.raises(MessageError) as refusal:
        parse_message(torture("rfc4475", case.name))

    assert (refusal.value.status, refusal.value.reason) == (case.status, case.reason)
    assert (refusal.value.request is not None) == case.answerable


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_what_can_be_answered_is_answered_with_its_own_identity(
    case: Refused, torture: Torture
) -> None:
    data = torture("rfc4475", case.name)
    with pytest.raises(MessageError) as refusal:
        parse_message(data)
    if refusal.value.request is None:
        return

    answer = respond(refusal.value.request, refusal.value.status, refusal.value.reason, "here")

    assert isinstance(refusal.value.request, Request)
    for name in ("Via", "From", "Call-ID", "CSeq"):
        value = answer.headers.get(name)
        assert value is not None
        assert value.encode() in data
    assert answer.encode().startswith(f"SIP/2.0 {case.status} {case.reason}\r\n".encode())
