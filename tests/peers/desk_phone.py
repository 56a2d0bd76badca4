"""A telephone of the PBX's that writes what it likes into its own name: a script on a UDP socket.

It talks to Asterisk directly, so that no sidecar looks at what it sends.
"""

from __future__ import annotations

import socket
from types import TracebackType
from typing import Self

from .asterisk import DESK
from .processes import LOOPBACK


class DeskPhone:
    """Use as a context manager."""

    def __init__(self, port: int) -> None:
        """`port`: Asterisk's SIP socket on loopback."""
        self._asterisk = (LOOPBACK, port)
        self._calls = 0

    def __enter__(self) -> Self:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((DESK, 0))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()

    def have_told(self, number: str, *events: str, break_: str = "%0d%0a") -> None:
        """Call a number under a name that holds manager events, each of lines joined by `|`.

        `break_`: how its lines are ended, as it stands in the URI.
        """
        lines = [break_.join(event.split("|")) for event in events]
        user = (2 * break_).join(["1", *lines, "Event: X|Rest: ".replace("|", break_)])
        user = user.replace(":", "%3a").replace(" ", "%20")
        self._calls += 1
        here = f"{DESK}:{self._socket.getsockname()[1]}"
        body = (
            f"v=0\r\no=- 1 1 IN IP4 {DESK}\r\ns=-\r\nc=IN IP4 {DESK}\r\nt=0 0\r\n"
            "m=audio 40000 RTP/AVP 0\r\n"
        )
        mark = f"{self._calls}.{self._socket.getsockname()[1]}"
        self._socket.sendto(
            (
                f"INVITE sip:{number}@{LOOPBACK} SIP/2.0\r\n"
                f"Via: SIP/2.0/UDP {here};branch=z9hG4bK{mark}\r\nMax-Forwards: 70\r\n"
                f"From: <sip:{user}@{DESK}>;tag={mark}\r\nTo: <sip:{number}@{LOOPBACK}>\r\n"
                f"Call-ID: {mark}\r\nCSeq: 1 INVITE\r\nContact: <sip:desk@{here}>\r\n"
                f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n{body}"
            ).encode(),
            self._asterisk,
        )
