"""Other readers of session descriptions, and what they find, to compare with what we do."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import aiosipua

from sidecar.sip.sdp import Codec, SessionDescription

from .processes import PeerFailedError, cache_folder

SCRIPT = Path(__file__).parent / "sdp_reader.mjs"

Found = tuple[int, str, int, int]
"""A codec: payload type, name, rate, channels."""


class Medium(NamedTuple):
    """What a reader finds in one media line."""

    kind: str
    port: int
    protocol: str
    address: str
    direction: str
    codecs: tuple[Found, ...]

    @classmethod
    def of(
        cls,
        kind: str,
        port: int,
        protocol: str,
        address: str,
        direction: str,
        codecs: list[Found] | tuple[Found, ...],
    ) -> Self:
        """Make readers comparable: names in capitals, and nothing is meant by a refused line."""
        found = tuple((n, name.upper(), rate, channels) for n, name, rate, channels in codecs)
        live = port != 0
        return cls(kind, port, protocol, address, direction if live else "", found if live else ())


def folder() -> Path:
    """Where setup.sh puts sdp-transform."""
    return cache_folder() / "sdp-transform"


def missing() -> str:
    """Why sdp-transform can't be asked; empty if it can."""
    if shutil.which("node") is None:
        return "node is not installed: run tests/peers/setup.sh as root"
    if not (folder() / "node_modules" / "sdp-transform").exists():
        return f"no sdp-transform in {folder()}: run tests/peers/setup.sh"
    return ""


def ours(body: bytes) -> list[Medium]:
    """What we read."""
    sdp = SessionDescription.parse(body)
    return [
        Medium.of(
            media.kind,
            media.port,
            media.protocol,
            media.connection.address if media.connection is not None else "",
            media.direction,
            [_found(codec) for codec in media.codecs],
        )
        for media in sdp.media
    ]


def _found(codec: Codec) -> Found:
    return codec.payload_type, codec.name, codec.rate, codec.channels


def by_aiosipua(body: bytes) -> list[Medium]:
    """What aiosipua reads."""
    sdp = aiosipua.parse_sdp(body.decode("ascii"))
    found = []
    for media in sdp.media:
        connection = media.connection or sdp.connection
        assert connection is not None
        codecs = [
            (codec.payload_type, codec.encoding_name, codec.clock_rate, codec.channels or 1)
            for codec in media.codecs
        ]
        found.append(
            Medium.of(
                media.media, media.port, media.proto, connection.address, media.direction, codecs
            )
        )
    return found


class SdpTransform:
    """sdp-transform in a process of its own. Use as a context manager."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            ["node", str(SCRIPT), str(folder())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate(timeout=10)

    def read(self, body: bytes) -> list[Medium]:
        """What it reads. Raises PeerFailedError where it has ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(body.decode("ascii")) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise PeerFailedError(f"sdp-transform could not read {body!r}")
        return [
            Medium.of(*words, [tuple(each) for each in codecs])
            for *words, codecs in json.loads(line)
        ]
