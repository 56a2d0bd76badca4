"""What the call layer knows of media: the engine, its sessions, and what they report.

One session carries the media of one call: two sides (A leg, B leg) and one stream slot for each
m-line. All methods are plain calls that return at once; what came of them is reported by events,
in the order in which it happened, in the event loop of the signalling process.

Nothing here opens a socket: `sidecar.media.local` is the engine over worker processes.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Literal, Protocol

import msgspec


class Side(Enum):
    """Which leg of the call: A towards whoever called, B towards whoever is called."""

    A = "a"
    B = "b"

    @property
    def other(self) -> Side:
        """The opposite side."""
        return Side.B if self is Side.A else Side.A


class RemoteMedia(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one party's session description says about one stream.

    address: numeric IPv4 or IPv6 address, of the same family as the engine's own.
    rtcp_port: None for port + 1; equal to `port` for rtcp-mux (RFC 5761).
    kind: "rtp", or "raw" for anything that is relayed without a look (T.38 over UDPTL).
    codec, payload_type: what silence and prompts are sent in; None where the stream is only
        relayed (a closed gate then sends nothing, and a prompt fails).
    codecs: all audio codecs of the description, by payload type: "NAME/RATE" as in a=rtpmap, with
        the name in capitals; empty where no more than `codec` is known.
    telephone_event, telephone_event_rate: payload type and clock rate of RFC 4733 digits.
    hears: the party takes media now (its description is not sendonly, inactive or on hold).
    sends: the party ought to be sending now (not recvonly, inactive). A silence in which no party
        ought to, as on hold, is none.
    ptime_ms: how long the packets are at most that are generated: 10, 20, 30, 40 or 60 ms.
    """

    address: str
    port: int
    rtcp_port: int | None = None
    kind: Literal["rtp", "raw"] = "rtp"
    codec: Literal["PCMU", "PCMA", "G722"] | None = None
    payload_type: int | None = None
    codecs: tuple[tuple[int, str], ...] = ()
    telephone_event: int | None = None
    telephone_event_rate: int = 8000
    hears: bool = True
    sends: bool = True
    ptime_ms: int = 20


class SideStats(msgspec.Struct, frozen=True):
    """Packets of one side, all streams together.

    received: RTP packets taken from the party (its strangers not counted).
    relayed: of these, sent on to the other side.
    gated: of these, held back by a closed gate, a prompt or a key, or as a key that is collected.
    late: of the gated, those that had waited for too long when the worker came to them.
    strangers: packets from an address that is not the party's.
    invalid: packets that are no RTP, or too long.
    generated: packets of silence, tones and prompts sent to the party.
    """

    received: int = 0
    relayed: int = 0
    gated: int = 0
    late: int = 0
    strangers: int = 0
    invalid: int = 0
    generated: int = 0


class Opened(msgspec.Struct, frozen=True, tag=True):
    """Ports are bound: the RTP port of each stream; its RTCP port is the next one.

    Comes once after `open`, and again, with all ports, after each `add_stream`.
    """

    ports_a: tuple[int, ...]
    ports_b: tuple[int, ...]


class Refused(msgspec.Struct, frozen=True, tag=True):
    """No ports or no worker. After `open` the session is gone; after `add_stream` it goes on."""

    reason: str


class Played(msgspec.Struct, frozen=True, tag=True):
    """A prompt was sent in full, without a break, to where the party hears it.

    No packet of it was refused there, and the address is settled as the party's own.

    started_at, ended_at: wall clock seconds of the first frame and of the end of the last one.
    """

    side: Side
    name: str
    started_at: float
    ended_at: float


class PlayFailed(msgspec.Struct, frozen=True, tag=True):
    """A prompt will not be heard in full.

    reason: "no-prompt", "no-codec", "no-remote", "unreachable", "unsettled" (behind NAT nobody has
        spoken, so nobody knows where the party hears), "stopped" or "replaced".
    """

    side: Side
    name: str
    reason: str


class Digit(msgspec.Struct, frozen=True, tag=True):
    """A key pressed by the party on that side, reported once, when it has ended.

    means: "rtp" (RFC 4733), or "inband" where it was heard as a tone.
    """

    side: Side
    digit: str
    duration_ms: int
    means: Literal["rtp", "inband"] = "rtp"


class Pressed(msgspec.Struct, frozen=True, tag=True):
    """The answer to `press`: the keys went out, or could not.

    reason: empty; else "no-remote", "no-codec" or "unreachable", or, told at once and not in turn,
    "too-many" (64 keys wait already) or "no-key" (there is no such key, or none).
    """

    side: Side
    digits: str
    reason: str = ""


class Silent(msgspec.Struct, frozen=True, tag=True):
    """No party has sent anything for too long, neither RTP nor RTCP, though one ought to.

    side: who was heard last, the A side if nobody ever was. seconds: since then, or since
    `answered` where nobody ever was. Told once, until somebody is heard again.
    """

    side: Side
    seconds: float


class Lost(msgspec.Struct, frozen=True, tag=True):
    """The worker died, and the media of this session with it. The session is gone."""

    reason: str


class Closed(msgspec.Struct, frozen=True, tag=True):
    """The answer to `close`: the last event of a session that was neither refused nor lost."""

    a: SideStats
    b: SideStats


MediaEvent = Opened | Refused | Played | PlayFailed | Digit | Pressed | Silent | Lost | Closed
EventCallback = Callable[[MediaEvent], None]


class MediaSession(Protocol):
    """The media of one call. Gates start closed, ports are known with `Opened`."""

    @property
    def id(self) -> int:
        """A number that no other session of this engine has or had."""

    def behind_nat(self, side: Side, networks: tuple[str, ...]) -> None:
        """Let a party also speak from these networks, if any, and send to where it speaks from.

        To be called before the first `configure` of that side; see docs/media.md.
        """

    def configure(self, side: Side, stream: int, remote: RemoteMedia | None) -> None:
        """Set where a party of a stream is; None forgets it (a disabled m-line).

        At a new address or port its source has to settle anew. Raises PeerError(488) where the
        address is no numeric unicast address of the engine's family.
        """

    def answered(self) -> None:
        """Both parties are up: from now on somebody has to be heard, or Silent is told."""

    def gate(self, side_from: Side, open: bool) -> None:
        """Open or close the way from one side to the other, for all streams and their RTCP."""

    def play(self, side: Side, name: str, language: str) -> None:
        """Play a prompt to a side; answered by Played or PlayFailed. Nothing else reaches it then.

        It starts anew where the party stops hearing before its end: on hold, at a new address,
        when packets were refused. It fails when too many were, or nobody knows where the party is.
        """

    def ring(self, side: Side, on: bool) -> None:
        """Send a generated ringback tone to a side in place of silence, or end it."""

    def stop(self, side: Side) -> None:
        """Stop a prompt; answered by PlayFailed("stopped"). Nothing happens if none is played."""

    def collect(self, side: Side, on: bool) -> None:
        """Keep the keys of a party from the other side, from now on, or let them pass again.

        Collected keys are reported by Digit and go nowhere else: telephone events (RFC 4733) are
        not relayed, and where that party negotiated none, its tones are found in the audio and
        cut out of it. Whoever collects passes keys on by `press`.
        """

    def press(self, side: Side, digits: str) -> None:
        """Send keys to a side: telephone events, or tones where it negotiated none.

        They follow one another, after those of earlier calls and after a prompt that plays; each
        takes 160 ms. Nothing else reaches the party then. Each call is answered by Pressed.
        """

    def add_stream(self) -> None:
        """Bind ports for one more m-line; answered by Opened (all ports) or Refused."""

    def close(self) -> None:
        """Give all ports back; answered by Closed. Further calls are ignored."""


class PromptIndex(Protocol):
    """Which prompts there are."""

    def has(self, name: str, language: str) -> bool:
        """Whether `play` would find it: in this language or its base ("de" for "de-AT")."""


class MediaEngine(Protocol):
    """Where sessions come from."""

    @property
    def address(self) -> str:
        """The address that media sockets are bound to."""

    @property
    def prompts(self) -> PromptIndex:
        """The prompts that can be played."""

    async def start(self) -> None:
        """Returns when sessions can be opened. Raises OperatorError where they never could."""

    async def close(self) -> None:
        """End all sessions and workers."""

    def open(self, streams: int, on_event: EventCallback) -> MediaSession:
        """Start a session with ports for so many streams; answered by Opened or Refused."""
