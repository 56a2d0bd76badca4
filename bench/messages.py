"""Microseconds of CPU to read and write an INVITE, beside sipmessage and aiosipua.

All read the same 200 INVITEs of about 900 bytes, which differ in numbers, tags and branches so
that no cache answers for a parser. The products take turns; the best round of each counts,
since whatever else runs on the machine only ever adds. `fields` is what a server has to know
of a request: top Via, From, To, Call-ID, CSeq and Contact, read from a fresh message.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

from bench import Row
from sidecar.sip.parser import MessageError, parse_message

ROUNDS = 15
MESSAGES = 200
LENGTH = 900

_SDP = """\
v=0
o=- 374700{i} 374700{i} IN IP4 192.0.2.10
s=-
c=IN IP4 192.0.2.10
t=0 0
m=audio 49170 RTP/AVP 0 8 9 101
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:9 G722/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=ptime:20
a=sendrecv
"""
_INVITE = """\
INVITE sip:+442079460{i}@192.0.2.20:5070;user=phone SIP/2.0
Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK776asdhds{i};rport
Max-Forwards: 70
From: "Caller {i}" <sip:+4930123{i}@trunk.example.com>;tag=1928301774{i}
To: <sip:+442079460{i}@192.0.2.20:5070>
Call-ID: a84b4c76e66710{i}@192.0.2.10
CSeq: 314{i} INVITE
Contact: <sip:+4930123{i}@192.0.2.10:5060;transport=udp>
Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, SUBSCRIBE, NOTIFY, INFO, UPDATE, PRACK
Supported: replaces, timer, 100rel
User-Agent: {agent}
Content-Type: application/sdp
Content-Length: {length}

"""


class Product(NamedTuple):
    """A message layer: how it reads, writes, and gives the fields of a message it has read."""

    name: str
    read: Callable[[bytes], Any]
    write: Callable[[Any], object]
    fields: Callable[[Any], object]


def invites() -> list[bytes]:
    """The messages that are measured, each filled up to `LENGTH` by its User-Agent."""
    messages = []
    for number in range(MESSAGES):
        i = f"{number:03}"
        body = _SDP.format(i=i).replace("\n", "\r\n")
        head = _INVITE.format(i=i, length=len(body), agent="{agent}").replace("\n", "\r\n")
        missing = LENGTH - len(head) - len(body) + len("{agent}")
        messages.append(
            (head.replace("{agent}", "Carrier SBC ".ljust(missing, "4")) + body).encode()
        )
    return messages


@cache
def products() -> list[Product]:
    """Ours, and of the others those that are installed."""
    found = [
        Product(
            "sidecar",
            parse_message,
            lambda m: m.encode(),
            lambda m: (m.via, m.from_, m.to, m.call_id, m.cseq, m.contact),
        )
    ]
    for name, add in (("sipmessage", _sipmessage), ("aiosipua", _aiosipua)):
        try:
            found.append(add(importlib.import_module(name)))
        except ImportError:
            print(f"{name} is not installed: not measured", file=sys.stderr)
    return found


def _sipmessage(module: Any) -> Product:
    return Product(
        "sipmessage",
        module.Message.parse,
        bytes,
        lambda m: (m.via, m.from_address, m.to_address, m.call_id, m.cseq, m.contact),
    )


def _aiosipua(module: Any) -> Product:
    return Product(
        "aiosipua",
        module.SipMessage.parse,
        lambda m: m.serialize().encode(),
        lambda m: (m.via, m.from_addr, m.to_addr, m.call_id, m.cseq, m.contact),
    )


def _microseconds(work: Callable[[Any], object], inputs: Sequence[Any]) -> float:
    started = time.process_time_ns()
    for item in inputs:
        work(item)
    return (time.process_time_ns() - started) / len(inputs) / 1000


def measure() -> dict[str, dict[str, float]]:
    """Return, by product, the microseconds of read, write and fields."""
    data = invites()
    best: dict[str, dict[str, float]] = {}
    for _ in range(ROUNDS):
        for product in products():
            read = [product.read(message) for message in data]
            figures = {
                "read": _microseconds(product.read, data),
                "write": _microseconds(product.write, read),
                "fields": _microseconds(product.fields, read),
            }
            known = best.setdefault(product.name, figures)
            for step, figure in figures.items():
                known[step] = min(known[step], figure)
    return best


def refusal() -> float:
    """Return the milliseconds to refuse a datagram of 9,000 headers."""
    hostile = b"OPTIONS sip:a@b SIP/2.0\r\n" + b"a:b\r\n" * 9000 + b"\r\n"

    def refused(data: bytes) -> None:
        try:
            parse_message(data)
        except MessageError:
            return
        raise AssertionError("9,000 headers were accepted")

    return min(_microseconds(refused, [hostile] * 20) for _ in range(ROUNDS)) / 1000


def run() -> list[Row]:
    """Measure; one row for each step and competitor, the ratio of ours to theirs beside."""
    figures = measure()
    ours = figures.pop("sidecar")
    rows = []
    for name, theirs in figures.items():
        for steps in (("read",), ("write",), ("read", "write"), ("read", "write", "fields")):
            mine = sum(ours[step] for step in steps)
            other = sum(theirs[step] for step in steps)
            goal = "at most 1.00" if steps == ("read", "write") else ""
            rows.append(
                Row(
                    f"INVITE of {LENGTH} bytes: {' + '.join(steps)}",
                    f"{mine:.1f} us",
                    f"{name} {other:.1f} us, ratio {mine / other:.2f}",
                    goal,
                )
            )
    rows.append(Row("a datagram of 9,000 headers: refused in", f"{refusal():.2f} ms"))
    return rows
