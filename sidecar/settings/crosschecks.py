"""Mistakes in the settings that no key shows alone, such as addresses that contradict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from sidecar.settings.schema import Neighbour, Settings
from sidecar.tables.addresses import Host, Target, is_numeric, parse_address, target_of, written
from sidecar.tables.positions import Key

Complaint = tuple[Key, str]

_LITERAL = 'a secret stands in this file; { env = "NAME" } or { file = "PATH" } keeps it out'


def of_settings(settings: Settings) -> Iterator[Complaint]:
    """Yield what is wrong with settings of which each key alone is right."""
    yield from _listeners(settings)
    yield from _hosts(settings)
    yield from _targets(settings)
    yield from _recorders(settings)
    yield from _pass_headers(settings)
    advertise, media = settings.sip.advertise, settings.media.address
    if advertise is not None and (":" in advertise) != (":" in media):
        message = f'"{advertise}" stands for [media] address {media}: both must be IPv4 or IPv6'
        yield ("sip", "advertise"), message
    if settings.headers.consent.lower() == settings.headers.record.lower():
        yield ("headers", "record"), "must be another name than that of consent"


def _neighbours(settings: Settings) -> Iterator[tuple[str, str, Neighbour]]:
    for kind, tables in (("pbx", settings.pbx), ("trunk", settings.trunk)):
        named: Mapping[str, Neighbour] = tables
        for name, table in named.items():
            yield kind, name, table


def _listeners(settings: Settings) -> Iterator[Complaint]:
    listen = settings.sip.listen
    for index, listener in enumerate(listen):
        key = "sip", "listen", index
        if listener.port and listener in listen[:index]:
            yield key, f'"{listener}" is there twice'
        if listener.host in ("0.0.0.0", "::") and settings.sip.advertise is None:  # noqa: S104
            yield (
                key,
                f'"{listener}" listens on every address; say which one others are told: '
                'advertise = "ADDRESS" in [sip]',
            )


def _hosts(settings: Settings) -> Iterator[Complaint]:
    seen: dict[Host, str] = {}
    for kind, name, neighbour in _neighbours(settings):
        for index, host in enumerate(neighbour.hosts):
            owner = seen.setdefault(host, f"{kind}.{name}")
            key = kind, name, "hosts", index
            if owner != f"{kind}.{name}":
                yield key, f'"{host}" belongs to [{owner}] already; tell them apart by ADDRESS:PORT'
            elif host in neighbour.hosts[:index]:
                yield key, f'"{host}" is there twice'


def _targets(settings: Settings) -> Iterator[Complaint]:
    """Yield URIs that lead to the sidecar itself, or that no listener can reach."""
    listen = settings.sip.listen
    own = {Target(each.host, each.port, each.transport) for each in listen}
    if settings.sip.advertise is not None:
        own |= {each._replace(host=settings.sip.advertise) for each in own}
    ways = {(each.transport, ":" in each.host) for each in listen}
    for kind, name, neighbour in _neighbours(settings):
        for index, uri in enumerate(neighbour.uris):
            key = kind, name, "uri", *((index,) if len(neighbour.uris) > 1 else ())
            target = target_of(uri)
            if target in own:
                yield key, f'"{uri}" is the sidecar itself; calls would come back to it'
            elif not ways & _ways_to(target):
                place = "[ADDRESS]" if ":" in target.host else "ADDRESS"
                needed = f"{target.transport}://{place}:5070"
                yield key, f'"{uri}" can\'t be reached: add "{needed}" to sip.listen'


def _recorders(settings: Settings) -> Iterator[Complaint]:
    """Yield what contradicts within a recorder's table."""
    for name, pbx in settings.pbx.items():
        if pbx.recorder is not None:
            for key, message in pbx.recorder.mistakes():
                yield ("pbx", name, "recorder", key), message


def _pass_headers(settings: Settings) -> Iterator[Complaint]:
    """Yield headers that may not be passed on: our own, and those of a trunk nobody trusts."""
    own = (settings.headers.consent.lower(), settings.headers.record.lower())
    for kind, name, neighbour in _neighbours(settings):
        for index, pattern in enumerate(neighbour.pass_headers):
            if pattern.lower() in own:
                key = kind, name, "pass_headers", index
                yield key, f'"{pattern}" is in [headers]: the sidecar alone writes it'
    for name, trunk in settings.trunk.items():
        if trunk.pass_headers and not trunk.trusted:
            yield ("trunk", name, "pass_headers"), "needs trusted = true"


def _ways_to(target: Target) -> set[tuple[str, bool]]:
    """Return the transports, with whether over IPv6, that lead to a target."""
    if is_numeric(target.host):
        return {(target.transport, ":" in target.host)}
    return {(target.transport, True), (target.transport, False)}


def doubtful(settings: Settings) -> Iterator[Complaint]:
    """Yield what is allowed, but hardly meant."""
    for kind, name, neighbour in _neighbours(settings):
        for index, host in enumerate(neighbour.hosts):
            if host.network.prefixlen == 0:
                message = f"takes everyone for [{kind}.{name}] who is not named elsewhere"
                yield (kind, name, "hosts", index), f'"{host}" {message}'
        for uri in neighbour.uris:
            if (place := _stranger(target_of(uri), neighbour.hosts)) is not None:
                message = f"{place} is not among its hosts: what it sends gets no answer"
                yield (kind, name, "uri"), message
    for index, listener in enumerate(settings.sip.listen):
        if listener.transport == "udp" and listener.port in settings.media.ports:
            message = f"port {listener.port} is one of [media] ports too; one of both can't have it"
            yield ("sip", "listen", index), message
    yield from _doubtful_addresses(settings)
    first = settings.records.database.parts[0]
    if first in ("var", "srv", "opt", "home", "data", "tmp"):
        message = f'"sqlite:///{first}…" lies beside this file; an absolute path has four slashes'
        yield ("records", "database"), message
    for where, secret in settings.secrets():
        if secret.is_written:
            yield where, _LITERAL
    for name, pbx in settings.pbx.items():
        if pbx.recorder is not None:
            for key, message in pbx.recorder.doubts():
                yield ("pbx", name, "recorder", key), message
    if settings.records.keep_days == 0:
        yield ("records", "keep_days"), "0 keeps call records for ever"


def _doubtful_addresses(settings: Settings) -> Iterator[Complaint]:
    """Yield a family of media that no listener has, and HTTP that everyone reaches."""
    media = settings.media.address
    if not any((":" in media) == (":" in each.host) for each in settings.sip.listen):
        version, other = ("IPv6", "IPv4") if ":" in media else ("IPv4", "IPv6")
        yield (
            ("media", "address"),
            f"{media} is {version} and no sip.listen is: offers of {other} are refused with 488",
        )
    http = settings.http.listen.host
    if http in ("0.0.0.0", "::"):  # noqa: S104
        yield (
            ("http", "listen"),
            f"{http} is every address of this machine, and metrics have no password; "
            "name 127.0.0.1, or that of a management network",
        )


def _stranger(target: Target, hosts: Iterable[Host]) -> str | None:
    """Return a numeric target from which messages would not be accepted."""
    if not is_numeric(target.host):
        return None
    address = parse_address(target.host)
    known = any(
        host.network.version == address.version
        and address in host.network
        and host.port in (None, target.port)
        for host in hosts
    )
    return None if known else written(target.host, target.port)
