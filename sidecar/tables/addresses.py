"""Addresses as they stand in the settings. Each parser raises ValueError saying what is right."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Any, Literal, NamedTuple

from sidecar.tables.paths import checked_path
from sidecar.tables.words import NOT_YET, shown

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

FEWEST_PORTS = 16
"""Four calls of one stream each."""
_HOST_PORT = re.compile(r"(?:\[([^\[\]]+)\]|([^:\[\]]+))(?::(\d{1,5}))?")
_SCOPE = re.compile(r"[A-Za-z0-9_.:@-]{0,15}")
"""Names of network interfaces (as Linux bounds them) and their numbers; empty: none is named."""
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?")
_URI = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):([^;?]*)((?:;[^;?]*)*)")
_USER = r"(?:[A-Za-z0-9_.!~*'()&=+$,;?/-]|%[0-9A-Fa-f]{2}){1,80}"
_PARAMETER = r";[A-Za-z0-9_.!~*'()%/:&+$-]{1,80}(?:=[A-Za-z0-9_.!~*'()%/:&+$-]{1,80})?"
_MAILBOX = re.compile(rf"((?i:sips?)):({_USER})@([^@;?]{{1,255}})((?:{_PARAMETER}){{0,4}})")


class Listener(NamedTuple):
    """Where SIP is listened for; port 0 is any that is free."""

    transport: Literal["udp", "tcp"]
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.transport}://{written(self.host, self.port)}"


class HostPort(NamedTuple):
    """A numeric address and a port."""

    host: str
    port: int


class Host(NamedTuple):
    """From where a neighbour's messages come; from any port where `port` is None."""

    network: Network
    port: int | None

    @property
    def is_one_address(self) -> bool:
        """Whether it is no larger than one address."""
        return self.network.prefixlen == self.network.max_prefixlen

    def __str__(self) -> str:
        if self.port is not None:
            return written(str(self.network.network_address), self.port)
        return str(self.network.network_address if self.is_one_address else self.network)


class Target(NamedTuple):
    """Where a neighbour's URI leads: its host (a name or an address) and how it is reached."""

    host: str
    port: int
    transport: Literal["udp", "tcp"]


def written(host: str, port: int) -> str:
    """Write HOST:PORT, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def parse_address(text: str) -> IpAddress:
    """Read a numeric address; an IPv4 address mapped into IPv6 is the IPv4 address."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise ValueError(f'"{text}" is not an IP address') from None
    if isinstance(address, ipaddress.IPv6Address) and not _SCOPE.fullmatch(address.scope_id or ""):
        raise ValueError(f"{shown(text)} names no interface behind its %")
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def is_numeric(host: str) -> bool:
    """Tell whether a host is written as an address, not as a name."""
    return ":" in host or host.replace(".", "").isdigit()


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine."""
    return host == "localhost" or (is_numeric(host) and parse_address(host).is_loopback)


def _split(text: str) -> tuple[str, int | None] | None:
    """Return host and port, or None where the text is not HOST, HOST:PORT or [HOST]:PORT."""
    found = _HOST_PORT.fullmatch(text)
    if found is None or (found[3] and int(found[3]) > 65535):
        return None
    return found[1] or found[2], int(found[3]) if found[3] else None


def _host_port(text: str) -> HostPort:
    parts = _split(text)
    if parts is None or parts[1] is None:
        raise ValueError(f'"{text}" must be ADDRESS:PORT, an IPv6 address in brackets')
    return HostPort(str(parse_address(parts[0])), parts[1])


def parse_listener(value: Any) -> Listener:
    """Read `udp://ADDRESS:PORT` or `tcp://ADDRESS:PORT`."""
    scheme, separator, rest = value.partition("://") if isinstance(value, str) else ("", "", "")
    match scheme:
        case "udp" | "tcp" if separator:
            return Listener(scheme, *_host_port(rest))
        case "tls" | "ws" | "wss":
            raise ValueError(f"{scheme}:// {NOT_YET}; use udp:// or tcp://")
    raise ValueError(f'must be like "udp://127.0.0.1:5070" or "tcp://…", not {shown(value)}')


def parse_host_port(value: Any) -> HostPort:
    """Read `ADDRESS:PORT`."""
    if not isinstance(value, str):
        raise ValueError(f'must be like "127.0.0.1:9464", not {shown(value)}')
    return _host_port(value)


def parse_host(value: Any) -> Host:
    """Read an address, a network or `ADDRESS:PORT`."""
    if not isinstance(value, str):
        raise ValueError(f'must be an address like "192.0.2.1", not {shown(value)}')
    if "/" in value:
        return Host(_network(value), None)
    parts = (value, None) if value.count(":") > 1 and "[" not in value else _split(value)
    if parts is None or parts[1] == 0:
        raise ValueError(f'"{value}" must be an address, a network (10.0.0.0/24) or ADDRESS:PORT')
    try:
        address = parse_address(parts[0])
    except ValueError:
        named = " (a name can't be: write its address)" if _NAME.fullmatch(parts[0]) else ""
        raise ValueError(
            f'"{value}" must be an address, a network (10.0.0.0/24) or ADDRESS:PORT{named}'
        ) from None
    return Host(ipaddress.ip_network(address), parts[1])


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        pass
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f'"{text}" must be a network like "10.0.0.0/24"') from None
    address = text.partition("/")[0]
    raise ValueError(f'"{text}" is no network: write "{network}", or "{address}" alone')


def parse_uri(value: Any) -> str:
    """Read `sip:HOST`, with a port and `;transport=tcp` where they are needed."""
    found = _URI.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f'must be a SIP URI like "sip:127.0.0.1:5080", not {shown(value)}')
    scheme, place, parameters = found[1].lower(), found[2], found[3].lower()
    if scheme == "sips" or parameters == ";transport=tls":
        raise ValueError(f'"{value}": TLS {NOT_YET}; use "sip:{place}"')
    if scheme != "sip":
        raise ValueError(f'"{value}" must be a SIP URI like "sip:127.0.0.1:5080"')
    if "@" in place:
        raise ValueError(f'"{value}" must name no user: write "sip:{place.rpartition("@")[2]}"')
    parts = _split(place)
    if parts is None or parts[1] == 0 or not _is_host(parts[0], place):
        raise ValueError(f'"{value}": "{place}" must be HOST or HOST:PORT')
    if parameters not in ("", ";transport=udp", ";transport=tcp"):
        raise ValueError(f'"{value}" can have no parameter but ";transport=udp" or "…=tcp"')
    return f"sip:{place}{parameters}"


def _is_host(host: str, place: str) -> bool:
    if place.startswith("[") or re.fullmatch(r"[0-9.]+", host):
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
        return (address.version == 6) == place.startswith("[") and "%" not in host
    return _NAME.fullmatch(host) is not None


def target_of(uri: str) -> Target:
    """Return where a URI that `parse_uri` has accepted leads (RFC 3261 section 19.1.2)."""
    place, _, transport = uri.removeprefix("sip:").partition(";transport=")
    parts = _split(place)
    assert parts is not None, "the URI was accepted"
    return Target(parts[0].lower(), parts[1] or 5060, "tcp" if transport == "tcp" else "udp")


def parse_mailbox(value: Any) -> str:
    """Read `sip:USER@HOST` or `sips:USER@HOST`, with a port and parameters where needed."""
    found = _MAILBOX.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f'must be a SIP URI like "sip:vm102@192.0.2.10", not {shown(value)}')
    scheme, user, place, parameters = found.groups()
    parts = _split(place)
    if parts is None or parts[1] == 0 or not _is_host(parts[0], place):
        raise ValueError(f"{shown(value)}: {shown(place)} must be HOST or HOST:PORT")
    return f"{scheme.lower()}:{user}@{place}{parameters}"


def mailbox_host(uri: str) -> str:
    """Return the host of a URI that `parse_mailbox` has accepted, as `target_of` has it."""
    parts = _split(uri.rpartition("@")[2].partition(";")[0])
    assert parts is not None, "the URI was accepted"
    return parts[0].lower()


def parse_ports(value: Any) -> range:
    """Read `FIRST-LAST`."""
    found = re.fullmatch(r"(\d{1,5})-(\d{1,5})", value) if isinstance(value, str) else None
    if found is None or not 1024 <= int(found[1]) <= int(found[2]) <= 65535:
        raise ValueError(
            f'must be a range within 1024 and 65535, like "30000-39999", not {shown(value)}'
        )
    ports = range(int(found[1]), int(found[2]) + 1)
    if len(ports) < FEWEST_PORTS:
        raise ValueError(f"must hold {FEWEST_PORTS} ports or more; a call takes 4")
    return ports


def parse_database(value: Any) -> Path:
    """Read `sqlite:///PATH`; the path is relative to the settings unless it begins with "/"."""
    if isinstance(value, str) and value.partition("://")[0] in ("postgresql", "postgres", "mysql"):
        raise ValueError(f'{shown(value)}: this database {NOT_YET}; use "sqlite:///records.db"')
    path = value.removeprefix("sqlite:///") if isinstance(value, str) else ""
    if path in ("", value):
        raise ValueError(f'must be like "sqlite:///records.db", not {shown(value)}')
    return checked_path(Path(path))
