"""The service: builds every part from the settings, joins them, starts and stops them."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Literal

import structlog
from aiohttp import web

from sidecar import __version__, collector
from sidecar.calls.agent import DecisionHeaders, Ports
from sidecar.calls.b2bua import B2bua
from sidecar.calls.crossing.contact_seal import ContactSeal
from sidecar.calls.crossing.header_policy import SiteHeaders
from sidecar.calls.legs.probe import Probe
from sidecar.calls.limits import Limits, Pool
from sidecar.calls.routing import Peer, Router
from sidecar.calls.turns import Moment
from sidecar.control import Control
from sidecar.errors import OperatorError
from sidecar.hosts import HostTable
from sidecar.live.hub import EventHub
from sidecar.loop_lag import LoopLag
from sidecar.media.local import LocalEngine
from sidecar.media.prompts import PromptLibrary
from sidecar.metrics import Metrics
from sidecar.net.address import Address
from sidecar.net.names import Names
from sidecar.net.places import Neighbour
from sidecar.net.transports import Transports
from sidecar.readiness import Problem
from sidecar.recorders.kind import Surroundings
from sidecar.recorders.kinds import kind_of
from sidecar.records.contact_key import contact_key
from sidecar.records.sqlite import SqliteStore
from sidecar.rules.explanation import Explanation, call_facts, explain
from sidecar.rules.live import LiveRules
from sidecar.rules.watching import Watch
from sidecar.settings import Settings
from sidecar.settings.limits_schema import LimitsTable
from sidecar.settings.schema import Pbx, Trunk
from sidecar.sip.flow import Flow
from sidecar.sip.mailbox_signs import MailboxSigns
from sidecar.sip.transactions import TransactionTimers
from sidecar.sip.uri import Uri
from sidecar.web.api import create_api
from sidecar.web.app import create_app
from sidecar.web.server import WebServer

log = structlog.get_logger(__name__)

SIP_PORT = 5060
FAREWELLS_WITHIN = 3.0


def moment() -> Moment:
    """Return what time it is by the machine's clocks."""
    return Moment(time.monotonic(), time.time())


class Service:
    """One running sidecar."""

    def __init__(self, settings: Settings, rules: LiveRules) -> None:
        self._settings = settings
        self.rules = rules
        self._watch = Watch(rules)
        self._peers = _peers(settings)
        self._hosts = HostTable(settings)
        self._wake: asyncio.TimerHandle | None = None
        self._wake_at = 0.0
        self._stopped = False
        self._parting: asyncio.Event | None = None
        self._probes: list[Probe] = []
        self.metrics = Metrics()
        self._lag = LoopLag()
        self.metrics.watch_loop_lag(lambda: self._lag.longest)
        self.metrics.know_neighbours(f"{kind}.{name}" for kind, name in self._peers)
        self.events = EventHub(time.time)
        self._recorders = {
            name: kind_of(pbx.recorder).build(
                pbx.recorder,
                Surroundings(frozenset(pbx.voicemail.applications), self._carried_by_another),
            )
            for name, pbx in settings.pbx.items()
        }
        uris = [uri for peer in self._peers.values() for uri in peer.uris]
        self._names = Names(uri.host for uri in uris)
        self.media = LocalEngine(
            settings.media.address,
            settings.media.ports,
            PromptLibrary(settings.prompts.folder),
            silent_after=settings.media.silence,
        )

    async def start(self) -> None:
        """Start everything. Raises OperatorError where a part can't be had."""
        settings = self._settings
        app = create_app(self.metrics, self.problems, self._new_api())
        self.web = WebServer(app, *settings.http.listen)
        self.records = await SqliteStore.open(
            settings.records.database, self.metrics, keep_days=settings.records.keep_days
        )
        self.transports = Transports(
            [(each.transport, each.host, each.port) for each in settings.sip.listen],
            settings.sip.advertise,
            self._receive,
            self._neighbour_of,
            self._transport_failed,
            partial(self.metrics.limit_hit, limit="connections"),
        )
        try:
            self._seal = ContactSeal(contact_key(settings.records.database))
            await self._names.start()
            await self.media.start()
            await asyncio.gather(*(each.start() for each in self._recorders.values()))
            self.b2bua = self._new_b2bua()  # before the first message can come
            await self.transports.start()
            await self.web.start()
        except BaseException:
            await self.stop()
            raise
        self.b2bua.run(self._start_probes, at=moment())
        self._watch.start()
        self._lag.start()
        log.info("started", version=__version__, sip=self._listening(), http=self.web.port)

    async def stop(self) -> None:
        """Say goodbye on every call, then stop every part in the opposite order."""
        if hasattr(self, "b2bua"):
            self.b2bua.run(self._say_goodbye, at=moment())
            await self._farewells()
        self._lag.stop()
        await asyncio.to_thread(self._watch.stop)
        await self.web.stop()
        await self.transports.close()
        await self.media.close()
        for recorder in self._recorders.values():
            await recorder.close()
        await self._names.close()
        await self.records.close()
        self._stopped = True
        if self._wake is not None:
            self._wake.cancel()

    async def reload(self) -> list[OperatorError]:
        """Read the rules and their lists anew; return what is wrong: then the old ones stay.

        Calls that are up keep what was decided for them.
        """
        return await asyncio.to_thread(self.rules.reload)

    @property
    def busy(self) -> bool:
        """Whether any call or transaction lives."""
        return self.b2bua.unfinished > 0

    def problems(self) -> list[Problem]:
        """Return what keeps the service from its work, or soon will."""
        problems = []
        if not self.records.healthy:
            problems.append(Problem("records", "the disk does not take call records"))
        if self.records.rooms.blind:
            message = "who objects in conferences can't be known: none is recorded"
            problems.append(Problem("rooms", message, blocking=False))
        if not self.media.worker_pids:
            problems.append(Problem("media", "no media worker runs"))
        for name, recorder in self._recorders.items():
            if recorder.problem:
                message = f"the recorder of pbx {name}: {recorder.problem}"
                problems.append(Problem("recorder", message, blocking=False))
        for probe in self._probes:
            if probe.reachable is False:
                message = f"{probe.peer.kind} {probe.peer.name} does not answer"
                problems.append(Problem(probe.peer.kind, message, blocking=False))
        return problems

    # What the parts are plugged into.

    async def _carried_by_another(self, dialog: str) -> bool:
        return await self.records.rooms.carried_by_another(dialog)

    def _new_b2bua(self) -> B2bua:
        settings = self._settings
        own_hosts = {each.host for each in settings.sip.listen}
        if settings.sip.advertise:
            own_hosts.add(settings.sip.advertise)
        trunks = {peer.name: peer for peer in self._peers.values() if peer.kind == "trunk"}
        pbxs = {peer.name: peer for peer in self._peers.values() if peer.kind == "pbx"}
        return B2bua(
            ports=Ports(
                source_of=self._source_of,
                flow_to=self._flow_to,
                transmit=self._transmit,
                wake_at=self._wake_at_time,
                with_time=lambda step: step(moment()),
            ),
            router=Router(trunks, pbxs, own_hosts, self._seal),
            rules=self.rules,
            media=self.media,
            records=self.records,
            board=self.records.rooms,
            metrics=self.metrics,
            media_address=settings.sip.advertise or settings.media.address,
            recorders=self._recorders,
            signs={
                name: MailboxSigns(pbx.voicemail.users, forwarded=pbx.voicemail.forwarded)
                for name, pbx in settings.pbx.items()
            },
            events=self.events,
            headers=DecisionHeaders(settings.headers.consent, settings.headers.record),
            pool=Pool(len(settings.media.ports) // 4, settings.media.reserved),
            durations=_durations(self._peers.values()),
            keep_numbers=settings.records.numbers == "full",
        )

    def _new_api(self) -> web.Application:
        """Return what answers below /api."""
        control = Control(lambda: self.b2bua, self.events, self._explain, self.reload)
        return create_api(control, self._settings.http.token)

    def _explain(
        self,
        from_: str,
        to: str,
        direction: Literal["inbound", "outbound"],
        trunk: str | None,
        pbx: str | None,
    ) -> Explanation:
        facts = call_facts(self._settings, from_, to, direction, trunk, pbx, at=time.time())
        return explain(self.rules.current, facts)

    def _receive(self, data: bytes, flow: Flow) -> None:
        self.b2bua.receive(data, flow, moment())

    def _transport_failed(self, flow: Flow) -> None:
        self.b2bua.transport_failed(flow, moment())

    def _source_of(self, address: Address) -> Peer | None:
        found = self._hosts.find(*address)
        return self._peers[found] if found is not None else None

    def _neighbour_of(self, address: Address) -> Neighbour | None:
        peer = self._source_of(address)
        if peer is None:
            return None
        return Neighbour(f"{peer.kind}.{peer.name}", peer.limits.connections)

    def _flow_to(self, uri: Uri) -> Flow | None:
        host = self._names.address_of(uri.host)
        if host is None:
            return None
        transport = (uri.param("transport") or "udp").upper()
        return self.transports.flow_to(transport, (host, uri.port or SIP_PORT))

    def _transmit(self, outbox: list[tuple[bytes, Flow]]) -> None:
        for data, flow in outbox:
            self.transports.send(data, flow)

    def _wake_at_time(self, deadline: float | None) -> None:
        """Have the agent woken at a deadline; a wake-up that comes too early does no harm."""
        if self._parting is not None and not self.b2bua.legs:
            self._parting.set()
        if self._stopped or deadline is None:
            return
        if self._wake is not None and self._wake_at <= deadline:
            return
        if self._wake is not None:
            self._wake.cancel()
        loop = asyncio.get_running_loop()
        delay = max(0.0, deadline - time.monotonic())
        self._wake_at = deadline
        self._wake = loop.call_later(delay, self._wake_up)

    def _wake_up(self) -> None:
        self._wake = None
        self.b2bua.wake(moment())

    # Beginning and end.

    def _start_probes(self) -> None:
        for peer in self._peers.values():
            for uri in peer.uris:
                probe = Probe(self.b2bua, peer, uri)
                self._probes.append(probe)
                probe.ask(self.b2bua.now)

    def _say_goodbye(self) -> None:
        for probe in self._probes:
            probe.close()
        self.b2bua.close()

    async def _farewells(self) -> None:
        """Give the BYEs a moment to be answered."""
        if self.b2bua.legs:
            self._parting = asyncio.Event()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._parting.wait(), FAREWELLS_WITHIN)

    def _listening(self) -> str:
        return " ".join(
            f"{transport.lower()}://{host}:{port}"
            for transport, (host, port) in self.transports.addresses
        )


async def serve(settings: Settings, rules: LiveRules) -> None:
    """Run until SIGTERM or SIGINT; SIGHUP has the rules read anew.

    Raises OperatorError where the service can't start.
    """
    stop, hang_up = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, hang_up.set)
    service = Service(settings, rules)
    await service.start()
    collector.spare()
    collecting = asyncio.create_task(collector.collect_when_quiet(lambda: service.busy))
    reloading = asyncio.create_task(_reload_at_each(hang_up, service))
    await stop.wait()
    reloading.cancel()
    collecting.cancel()
    await service.stop()
    log.info("stopped")


async def _reload_at_each(hang_up: asyncio.Event, service: Service) -> None:
    while True:
        await hang_up.wait()
        hang_up.clear()
        await service.reload()


def _durations(peers: Iterable[Peer]) -> TransactionTimers:
    """Have no INVITE end by itself before its call's own ringing time is over."""
    usual, longest = TransactionTimers(), max(peer.limits.ringing for peer in peers)
    return replace(usual, timer_c=max(usual.timer_c, longest + 1.0))


def _limits(table: LimitsTable) -> Limits:
    return Limits(table.calls, table.rate, table.ringing, table.connections)


def _peer(
    kind: str, name: str, table: Trunk | Pbx, *, trusted: bool, never: tuple[str, ...]
) -> Peer:
    uris = tuple(map(Uri.parse, table.uris))
    site = SiteHeaders(table.pass_headers, never)
    return Peer(kind, name, trusted, uris, site, _limits(table.limits), _nat(table))


def _peers(settings: Settings) -> dict[tuple[str, str], Peer]:
    never = (settings.headers.consent, settings.headers.record)
    peers = [
        _peer("trunk", name, trunk, trusted=trunk.trusted, never=never)
        for name, trunk in settings.trunk.items()
    ]
    peers += [
        _peer("pbx", name, pbx, trusted=True, never=never) for name, pbx in settings.pbx.items()
    ]
    return {(peer.kind, peer.name): peer for peer in peers}


def _nat(neighbour: Pbx | Trunk) -> tuple[str, ...]:
    """Return the networks that a neighbour's media may come from besides what it signals."""
    return tuple(str(network) for network, _ in neighbour.hosts) if neighbour.nat else ()
