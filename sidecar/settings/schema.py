"""What may stand in the settings file (`sidecar.toml`)."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, NamedTuple
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

NOT_YET = "is not supported by this version"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_TOKEN = re.compile(r"[A-Za-z0-9!%'*+\-._`~]+")
_STANDARD_HEADERS = frozenset(
    "accept allow authorization call-id contact content-length content-type cseq from "
    "max-forwards record record-route require route supported to via".split()
)


class Table(BaseModel):
    """A table of the settings: nothing unknown in it, nothing changed later."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    LATER: ClassVar[dict[str, str]] = {}


class Listener(NamedTuple):
    """Where SIP is listened for."""

    transport: Literal["udp", "tcp"]
    host: str
    port: int


class HostPort(NamedTuple):
    """An address and a port."""

    host: str
    port: int


def _listener(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError('must be text like "udp://127.0.0.1:5070"')
    parts = urlsplit(value)
    if parts.scheme in ("tls", "wss", "ws"):
        raise ValueError(f"{parts.scheme}:// {NOT_YET}; use udp:// or tcp://")
    if parts.scheme not in ("udp", "tcp"):
        raise ValueError('must be like "udp://127.0.0.1:5070" or "tcp://127.0.0.1:5070"')
    host, port = _host_port(value.partition("://")[2])
    return Listener(parts.scheme, host, port)  # type: ignore[arg-type]


def _host_port(text: str) -> HostPort:
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or port is None:
        raise ValueError(f'"{text}" must be ADDRESS:PORT (an IPv6 address in brackets)')
    return HostPort(str(_address(host)), port)


def _http_address(value: Any) -> Any:
    return _host_port(value) if isinstance(value, str) else value


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        raise ValueError(f'"{text}" is not an IP address') from None


def _uris(value: Any) -> Any:
    uris = [value] if isinstance(value, str) else value
    if not isinstance(uris, list) or not uris or not all(isinstance(uri, str) for uri in uris):
        raise ValueError('must be a SIP URI like "sip:127.0.0.1:5080", or a list of them')
    for uri in uris:
        if not re.fullmatch(r"sip:[^\s@;<>]+(;transport=(udp|tcp))?", uri):
            raise ValueError(
                f'"{uri}" must be sip:HOST or sip:HOST:PORT, with ";transport=tcp" for TCP'
            )
    return tuple(uris)


def _ports(value: Any) -> Any:
    found = re.fullmatch(r"(\d{1,5})-(\d{1,5})", value) if isinstance(value, str) else None
    if found is None or not 1024 <= int(found[1]) < int(found[2]) <= 65535:
        raise ValueError('must be a range within 1024 and 65535, like "30000-39999"')
    if int(found[2]) - int(found[1]) < 15:
        raise ValueError("must hold 16 ports or more; a call takes 4")
    return range(int(found[1]), int(found[2]) + 1)


def _database(value: Any) -> Any:
    if not isinstance(value, str) or not value.startswith("sqlite:///"):
        raise ValueError('must be like "sqlite:///records.db"; other databases: ' + NOT_YET)
    path = value.removeprefix("sqlite:///")
    if not path:
        raise ValueError('names no file; "sqlite:///records.db" lies beside this settings file')
    return Path(path)


class Sip(Table):
    """`[sip]`"""

    listen: tuple[Annotated[Listener, BeforeValidator(_listener)], ...] = Field(min_length=1)
    advertise: str | None = None
    """IP address written into SIP and SDP in place of the bound one."""

    @field_validator("advertise")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        return str(_address(value)) if value is not None else None


class Neighbour(Table):
    """What `[pbx.*]` and `[trunk.*]` have in common."""

    uris: Annotated[tuple[str, ...], BeforeValidator(_uris)] = Field(alias="uri")
    """Where requests are sent; the next one is tried where one stays silent."""
    hosts: tuple[str, ...] = Field(min_length=1)
    """From where requests come: address, network or address:port."""

    @field_validator("hosts")
    @classmethod
    def _are_hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for host in value:
            parse_host(host)
        return value


class Pbx(Neighbour):
    """`[pbx.NAME]`"""

    LATER: ClassVar[dict[str, str]] = {"recorder": f"control of the PBX's recorder {NOT_YET}; the PBX is told by headers"}
    kind: Literal["asterisk", "freeswitch", "yeastar-p", "yeastar-s", "generic"] = "generic"


class Trunk(Neighbour):
    """`[trunk.NAME]`"""

    trusted: bool = False
    """Whether the identities that this trunk asserts are believed."""


class Media(Table):
    """`[media]`"""

    engine: Literal["local"] = "local"
    address: str = "127.0.0.1"
    ports: Annotated[range, BeforeValidator(_ports)] = range(30000, 40000)

    model_config = ConfigDict(arbitrary_types_allowed=True)

    @field_validator("engine", mode="before")
    @classmethod
    def _is_local(cls, value: Any) -> Any:
        if value == "rtpengine":
            raise ValueError(f'"rtpengine" {NOT_YET}; use "local"')
        return value

    @field_validator("address")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if _address(value).is_unspecified:
            raise ValueError("must be the one address that media is sent from and to")
        return str(_address(value))


class Prompts(Table):
    """`[prompts]`"""

    folder: Path | None = None
    """LANGUAGE/NAME.wav; what lies there replaces the built-in prompt of that name."""


class Records(Table):
    """`[records]`"""

    LATER: ClassVar[dict[str, str]] = {"key": f"encryption of records {NOT_YET}"}
    database: Annotated[Path, BeforeValidator(_database)] = Path("records.db")
    keep_days: int = Field(default=30, ge=0, le=36500)
    """Finished records older than that are erased; 0 keeps them all."""
    numbers: Literal["full", "none"] = "full"

    @field_validator("numbers", mode="before")
    @classmethod
    def _is_built(cls, value: Any) -> Any:
        if value in ("truncated", "pseudonym"):
            raise ValueError(f'"{value}" {NOT_YET}; use "full" or "none"')
        return value


class Http(Table):
    """`[http]`"""

    LATER: ClassVar[dict[str, str]] = {"token": f"the HTTP API, and so its token, {NOT_YET}"}
    listen: Annotated[HostPort, BeforeValidator(_http_address)] = HostPort("127.0.0.1", 9464)


class HeaderNames(Table):
    """`[headers]`: the names of the headers in which the PBX is told the decision."""

    consent: str = "X-Consent"
    record: str = "X-Record"

    @field_validator("consent", "record")
    @classmethod
    def _is_free(cls, value: str) -> str:
        if not _TOKEN.fullmatch(value):
            raise ValueError(f'"{value}" is no header name')
        if value.lower() in _STANDARD_HEADERS:
            raise ValueError(f'"{value}" has a meaning of its own in SIP; choose another')
        return value


class Settings(Table):
    """The whole file. Paths in it are relative to its folder; `load_settings` resolves them."""

    rules: Path = Path("rules.toml")
    sip: Sip
    pbx: dict[str, Pbx] = Field(min_length=1)
    trunk: dict[str, Trunk] = Field(min_length=1)
    media: Media = Media()
    prompts: Prompts = Prompts()
    records: Records = Records()
    http: Http = Http()
    headers: HeaderNames = HeaderNames()

    @field_validator("pbx", "trunk")
    @classmethod
    def _are_named(cls, value: dict[str, Any]) -> dict[str, Any]:
        for name in value:
            if not _NAME.fullmatch(name):
                raise ValueError(f'the name "{name}" must be letters, digits, ".", "_" and "-"')
        return value


Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def parse_host(text: str) -> tuple[Network, int | None]:
    """Return the network and, where the text names one, the port. Raises ValueError."""
    try:
        return ipaddress.ip_network(text, strict=False), None
    except ValueError:
        pass
    try:
        host, port = _host_port(text)
    except ValueError:
        raise ValueError(
            f'"{text}" must be an address, a network (10.0.0.0/24) or ADDRESS:PORT'
        ) from None
    return ipaddress.ip_network(host), port
