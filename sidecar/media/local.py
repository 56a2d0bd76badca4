"""The engine "local": sessions in worker processes of this machine.

Each worker has its own part of the port range. New sessions go to the one with the fewest; a worker
that dies is told to its sessions (Lost) and replaced.
"""

from __future__ import annotations

import asyncio
import ipaddress
import itertools
import logging
import os
from functools import lru_cache

import msgspec

from sidecar.errors import PeerError

from .engine import (
    Closed,
    EventCallback,
    Lost,
    MediaEvent,
    Opened,
    Refused,
    RemoteMedia,
    Side,
    SideStats,
)
from .process import WorkerProcess
from .prompts import PromptLibrary, encode_tones, keys
from .protocol import (
    AddStream,
    Answered,
    BehindNat,
    Close,
    Collect,
    Command,
    Configure,
    Gate,
    Open,
    Play,
    Press,
    Prompts,
    Ring,
    Start,
    Stop,
    encode,
)

log = logging.getLogger(__name__)

SILENT_AFTER_S = 300.0
NEVER_AFTER_S = 120.0
START_TIMEOUT_S = 10.0

PACKET_TIMES_MS = (10, 20, 30, 40, 60)


class LocalSession:
    """A session in a worker. See MediaSession."""

    __slots__ = ("_closing", "_engine", "_on_event", "_opened", "_worker", "id", "ports")

    def __init__(
        self,
        number: int,
        engine: LocalEngine,
        worker: WorkerProcess | None,
        on_event: EventCallback,
    ) -> None:
        self.id = number
        self._engine = engine
        self._worker = worker
        self._on_event = on_event
        self._opened = False
        self._closing = False
        self.ports: tuple[int, ...] = ()
        """All RTP ports."""

    def behind_nat(self, side: Side, networks: tuple[str, ...]) -> None:
        """See MediaSession.behind_nat."""
        if networks:
            self._tell(BehindNat(self.id, side, networks))

    def configure(self, side: Side, stream: int, remote: RemoteMedia | None) -> None:
        """See MediaSession.configure. Raises PeerError."""
        if remote is not None:
            remote = self._engine.check_remote(remote)
        self._tell(Configure(self.id, side, stream, remote))

    def answered(self) -> None:
        """See MediaSession.answered."""
        self._tell(Answered(self.id))

    def gate(self, side_from: Side, open: bool) -> None:
        """See MediaSession.gate."""
        self._tell(Gate(self.id, side_from, open))

    def play(self, side: Side, name: str, language: str) -> None:
        """See MediaSession.play."""
        self._tell(Play(self.id, side, name, self._engine.prompts.find(name, language) or ""))

    def ring(self, side: Side, on: bool) -> None:
        """See MediaSession.ring."""
        self._tell(Ring(self.id, side, on))

    def stop(self, side: Side) -> None:
        """See MediaSession.stop."""
        self._tell(Stop(self.id, side))

    def collect(self, side: Side, on: bool) -> None:
        """See MediaSession.collect."""
        self._tell(Collect(self.id, side, on))

    def press(self, side: Side, digits: str) -> None:
        """See MediaSession.press."""
        self._tell(Press(self.id, side, digits))

    def add_stream(self) -> None:
        """See MediaSession.add_stream."""
        self._tell(AddStream(self.id))

    def close(self) -> None:
        """See MediaSession.close."""
        self._tell(Close(self.id))
        self._closing = True

    def deliver(self, event: MediaEvent) -> bool:
        """Hand an event on. Returns True if it is the session's last one."""
        if isinstance(event, Refused) and not self._opened and self._closing:
            event = Closed(SideStats(), SideStats())  # what was waited for
        last = isinstance(event, Closed | Lost | Refused) and not (
            isinstance(event, Refused) and self._opened
        )
        if self._closing and not last:
            return False
        if isinstance(event, Opened):
            self._opened = True
            self.ports = event.ports_a + event.ports_b
        self._closing = self._closing or last
        self._on_event(event)
        if last:
            self._on_event = _nobody
        return last

    def _tell(self, command: Command) -> None:
        if not self._closing and self._worker is not None:
            self._worker.tell(command)


def _nobody(_event: MediaEvent) -> None:
    """Nobody is told: a session that has ended keeps nothing of its call."""


class LoadedPrompts:
    """The prompts that the workers have. See PromptIndex."""

    def __init__(self) -> None:
        self._keys: frozenset[str] = frozenset()

    def load(self, library: PromptLibrary) -> int:
        """Read and encode everything; what can't be used is logged, and missing then.

        Returns the number of a file in memory which the workers inherit.
        """
        usable, problems = library.list()
        for problem in problems:
            log.warning("prompt cannot be played: %s", problem)
        prompts: Prompts = {prompt.key: prompt.audio for prompt in usable}
        self._keys = frozenset(prompts)
        prompts |= encode_tones()
        number = os.memfd_create("prompts")
        with os.fdopen(number, "wb", closefd=False) as file:
            file.write(encode(prompts))
        return number

    def has(self, name: str, language: str) -> bool:
        """See PromptIndex.has."""
        return self.find(name, language) is not None

    def find(self, name: str, language: str) -> str | None:
        """The key of the prompt, in this language or its base."""
        return next((key for key in keys(name, language) if key in self._keys), None)


class LocalEngine:
    """See MediaEngine. To be used in one event loop."""

    def __init__(
        self,
        address: str,
        ports: range,
        library: PromptLibrary,
        *,
        workers: int | None = None,
        silent_after: float = SILENT_AFTER_S,
        never_after: float = NEVER_AFTER_S,
    ) -> None:
        """address: numeric, to bind to. ports: all of them, RTCP's too.

        silent_after: seconds after which a call in which nobody is heard any more is told (Silent).
        never_after: the same for one in which nobody ever was; no more than `silent_after`.

        workers: one for every two processors unless said; signalling needs one too, and the more
        calls a worker has the fewer times it wakes up for a packet.
        """
        self._address = address
        self._version = ipaddress.ip_address(address).version
        self._library = library
        self._prompts = LoadedPrompts()
        self._prompts_file = -1
        self._silent_after = silent_after
        self._never_after = min(never_after, silent_after)
        workers = workers or (os.cpu_count() or 1) // 2
        workers = max(1, min(workers, len(ports) // 4))
        share = len(ports) // workers // 2 * 2
        self._workers = [
            WorkerProcess(self._start_command(ports[index * share : (index + 1) * share]))
            for index in range(workers)
        ]
        self._numbers = itertools.count(1)

    @property
    def address(self) -> str:
        """See MediaEngine.address."""
        return self._address

    @property
    def prompts(self) -> LoadedPrompts:
        """See MediaEngine.prompts."""
        return self._prompts

    @property
    def sessions(self) -> int:
        """How many there are."""
        return sum(len(worker.sessions) for worker in self._workers)

    @property
    def worker_pids(self) -> list[int]:
        """The process ids of the workers that run."""
        return [worker.pid for worker in self._workers if worker.pid]

    async def start(self) -> None:
        """See MediaEngine.start."""
        self._prompts_file = await asyncio.to_thread(self._prompts.load, self._library)
        try:
            for worker in self._workers:
                worker.launch(self._prompts_file)
            async with asyncio.timeout(START_TIMEOUT_S):
                for worker in self._workers:
                    await worker.ready()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """See MediaEngine.close."""
        for worker in self._workers:
            await worker.end()
        if self._prompts_file >= 0:
            os.close(self._prompts_file)
            self._prompts_file = -1

    def open(self, streams: int, on_event: EventCallback) -> LocalSession:
        """See MediaEngine.open."""
        alive = [worker for worker in self._workers if worker.alive]
        worker = min(alive, key=lambda each: len(each.sessions), default=None)
        session = LocalSession(next(self._numbers), self, worker, on_event)
        if worker is None:
            asyncio.get_running_loop().call_soon(session.deliver, Refused("no media worker runs"))
            return session
        worker.sessions[session.id] = session
        worker.tell(Open(session.id, streams))
        return session

    def _start_command(self, ports: range) -> Start:
        return Start(self._address, ports[0], ports[-1], self._silent_after, self._never_after)

    def check_remote(self, remote: RemoteMedia) -> RemoteMedia:
        """The same in canonical form. Raises PeerError where packets can't or mustn't go there."""
        address = _canonical(remote.address, self._version)
        if not 0 < remote.port < 65536 or not 0 <= (remote.rtcp_port or 0) < 65536:
            raise PeerError(488, "Media Port Out Of Range")
        for number in (remote.payload_type, remote.telephone_event):
            if number is not None and not 0 <= number < 128:
                raise PeerError(488, "Media Payload Type Out Of Range")
        fitting = [each for each in PACKET_TIMES_MS if each <= remote.ptime_ms]
        ptime = fitting[-1] if fitting else PACKET_TIMES_MS[0]
        if address == remote.address and ptime == remote.ptime_ms:
            return remote
        return msgspec.structs.replace(remote, address=address, ptime_ms=ptime)


@lru_cache(maxsize=1024)  # a description's address has at most `sdp.fields.MAX_HOST` characters
def _canonical(text: str, version: int) -> str:
    """The address in canonical form. Raises PeerError where packets can't or mustn't go there."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise PeerError(488, "Media Address Not Numeric") from None
    if address.version != version:
        raise PeerError(488, "Incompatible Media Address Family")
    if address.is_multicast or address.is_unspecified or str(address) == "255.255.255.255":
        raise PeerError(488, "Media Address Not Unicast")
    return str(address)
