"""A telephone of the PBX's that writes what it likes into its own name: a script on a UDP socket.

It talks to Asterisk directly, so that no sidecar looks at what it sends.
"""

from __future__ import annotations

import socket
import struct
import time
from types import TracebackType
from typing import Self

from .asterisk import DESK
from .processes import LOOPBACK

MEDIA_PORT = 40000
FRAME_SECONDS = 0.02


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
        self._invite(number, (2 * break_).join(["1", *lines, "Event: X|Rest: "]), break_)

    def talk(self, number: str, *lines: str) -> None:
        """Call a number under a name that ends each event of its channel after these lines, and
        wait until it is answered."""
        name = "|".join(["1", *lines, "", "Event: X|Rest: "])
        there = self._invite(number, name, "%0d%0a")
        self._socket.settimeout(10)
        while True:
            answer = self._socket.recv(65536).decode()
            if answer.startswith("SIP/2.0 200"):
                break
        to = next(line for line in answer.split("\r\n") if line.startswith("To:"))
        self._send("ACK", number, there, to)
        self._media = (LOOPBACK, int(answer.partition("m=audio ")[2].split()[0]))

    def say_nothing(self, seconds: float) -> None:
        """Send silence: what records its channel needs a frame of it for each of the other's."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as media:
            media.bind((DESK, MEDIA_PORT))
            for number in range(round(seconds / FRAME_SECONDS)):
                header = struct.pack(">BBHII", 0x80, 0, number, number * 160, 1)
                media.sendto(header + b"\xff" * 160, self._media)
                time.sleep(FRAME_SECONDS)

    def _invite(self, number: str, user: str, break_: str) -> str:
        """Send an INVITE; return the headers that its ACK has too."""
        user = user.replace("|", break_).replace(":", "%3a").replace(" ", "%20")
        self._calls += 1
        here = f"{DESK}:{self._socket.getsockname()[1]}"
        mark = f"{self._calls}.{self._socket.getsockname()[1]}"
        headers = (
            f"Via: SIP/2.0/UDP {here};branch=z9hG4bK{mark}\r\nMax-Forwards: 70\r\n"
            f"From: <sip:{user}@{DESK}>;tag={mark}\r\n"
            f"Call-ID: {mark}\r\nContact: <sip:desk@{here}>\r\n"
        )
        body = (
            f"v=0\r\no=- 1 1 IN IP4 {DESK}\r\ns=-\r\nc=IN IP4 {DESK}\r\nt=0 0\r\n"
            f"m=audio {MEDIA_PORT} RTP/AVP 0\r\n"
        )
        self._send("INVITE", number, headers, f"To: <sip:{number}@{LOOPBACK}>", body)
        return headers

    def _send(self, method: str, number: str, headers: str, to: str, body: str = "") -> None:
        kind = "Content-Type: application/sdp\r\n" if body else ""
        self._socket.sendto(
            (
                f"{method} sip:{number}@{LOOPBACK} SIP/2.0\r\n{headers}{to}\r\n"
                f"CSeq: 1 {method}\r\n{kind}Content-Length: {len(body)}\r\n\r\n{body}"
            ).encode(),
            self._asterisk,
        )
