"""What may stand in the settings file (`sidecar.toml`)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    field_validator,
)

from sidecar.recorders.kind import RecorderTable
from sidecar.recorders.kinds import TABLES
from sidecar.settings.limits_schema import LimitsTable
from sidecar.settings.voicemail_schema import VoicemailTable
from sidecar.tables.addresses import (
    Host,
    HostPort,
    Listener,
    parse_address,
    parse_database,
    parse_host,
    parse_host_port,
    parse_listener,
    parse_ports,
    parse_uri,
)
from sidecar.tables.complaints import Table, held
from sidecar.tables.durations import duration_between
from sidecar.tables.header_names import STANDARD, parse_header_pattern
from sidecar.tables.moments import parse_holidays, parse_timezone
from sidecar.tables.paths import checked_path
from sidecar.tables.places import parse_country, parse_place
from sidecar.tables.positions import Key
from sidecar.tables.secret import Secret, parse_secret
from sidecar.tables.words import NOT_YET, shown

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
_TOKEN = re.compile(r"[A-Za-z0-9!%'*+\-._`~]{2,}")
_LATER_ENGINE = "rtpengine"
_LATER_NUMBERS = ("truncated", "pseudonym")


def as_list(value: Any) -> list[Any]:
    """Let one text stand for a list of one. Raises ValueError where it is neither."""
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list):
        raise ValueError(f"must be text in quotes or a list of such, not {shown(value)}")
    return value


def _name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError('the name must be letters, digits, ".", "_" and "-"')
    return value


Name = Annotated[str, AfterValidator(_name)]
FilePath = Annotated[Path, AfterValidator(checked_path)]


class Sip(Table):
    """`[sip]`"""

    LATER: ClassVar[dict[str, str]] = dict.fromkeys(("certificate", "key"), f"TLS {NOT_YET}")
    listen: tuple[Annotated[Listener, PlainValidator(parse_listener)], ...] = Field(
        min_length=1, examples=['listen = ["udp://127.0.0.1:5070"]']
    )
    """Where SIP is listened for: udp://ADDRESS:PORT, tcp://ADDRESS:PORT."""
    advertise: str | None = None
    """IP address written into SIP and SDP in place of the own ones (behind NAT)."""

    @field_validator("advertise")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        return _one_address(value) if value is not None else None


class Neighbour(Table):
    """What `[pbx.*]` and `[trunk.*]` have in common."""

    uris: Annotated[
        tuple[Annotated[str, PlainValidator(parse_uri)], ...], BeforeValidator(as_list)
    ] = Field(alias="uri", min_length=1, examples=['uri = "sip:192.0.2.1"'])
    """Where its calls are sent; of a list, the next one where one stays silent."""
    hosts: tuple[Annotated[Host, PlainValidator(parse_host)], ...] = Field(
        min_length=1, examples=['hosts = ["192.0.2.1"]']
    )
    """From where its messages come: address, network or ADDRESS:PORT; the narrowest wins."""
    pass_headers: tuple[Annotated[str, AfterValidator(parse_header_pattern)], ...] = Field(
        default=(), examples=['pass_headers = ["X-Account-*"]']
    )
    """Headers of your own that it may send to the other side: names, or beginnings with "*".
    Of a trunk only where it is trusted; never one that SIP has given a meaning, nor [headers]."""
    limits: LimitsTable = LimitsTable()
    """How much it may ask of the sidecar."""
    nat: bool = Field(default=False, strict=True)
    """Whether its media may come from any address of `hosts`, and is sent to where it comes from:
    for one behind NAT (docs/media.md)."""


class Pbx(Neighbour):
    """`[pbx.NAME]`"""

    kind: Literal["asterisk", "freeswitch", "yeastar-p", "yeastar-s", "generic"] = "generic"
    """What it is. Makes no difference yet."""
    place: Annotated[str, PlainValidator(parse_place)] | None = None
    """Where its users are, like "US-CA" or "GB": for those whose number does not tell, such as
    extensions; left out, default_country."""
    recorder: Annotated[RecorderTable | None, TABLES] = None
    """How its recorder is controlled; where left out, the PBX is told by headers alone."""
    voicemail: VoicemailTable = VoicemailTable()
    """How calls that its mailboxes take are told from others."""


class Trunk(Neighbour):
    """`[trunk.NAME]`"""

    trusted: bool = Field(default=False, strict=True)
    """Whether the identities that this trunk asserts are believed, and what it writes into To."""


class Media(Table):
    """`[media]`"""

    engine: Literal["local"] = "local"
    """What relays RTP: the sidecar's own worker processes."""
    address: str = "127.0.0.1"
    """The one address that RTP is received at and sent from."""
    ports: Annotated[range, PlainValidator(parse_ports)] = range(30000, 40000)
    """FIRST-LAST; a call takes 4."""
    reserved: int = Field(default=20, ge=0, le=90, strict=True)
    """Percent of the ports that only calls from a PBX may take."""
    silence: Annotated[float, PlainValidator(duration_between("10s", "24h"))] = 300.0
    """After so long without any RTP or RTCP of either side a call ends (docs/media.md)."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    @field_validator("engine", mode="before")
    @classmethod
    def _is_built(cls, value: Any) -> Any:
        if value == _LATER_ENGINE:
            raise ValueError(f'"{_LATER_ENGINE}" {NOT_YET}; use "local"')
        return value

    @field_validator("address")
    @classmethod
    def _is_address(cls, value: str) -> str:
        return _one_address(value)


class Prompts(Table):
    """`[prompts]`"""

    folder: FilePath | None = None
    """LANGUAGE/NAME.wav; what lies there replaces the built-in prompt of that name."""


class Records(Table):
    """`[records]`"""

    LATER: ClassVar[dict[str, str]] = {"key": f"encryption of records {NOT_YET}"}
    database: Annotated[Path, PlainValidator(parse_database)] = Path("records.db")
    """sqlite:///PATH, relative to this file; sqlite:////PATH, absolute."""
    keep_days: int = Field(default=30, ge=0, le=36500, strict=True)
    """Finished records older than that are erased; 0 keeps them all."""
    numbers: Literal["full", "none"] = "full"
    """Whether the numbers of caller and callee are kept."""

    @field_validator("numbers", mode="before")
    @classmethod
    def _is_built(cls, value: Any) -> Any:
        if value in _LATER_NUMBERS:
            raise ValueError(f'{shown(value)} {NOT_YET}; use "full" or "none"')
        return value


class Http(Table):
    """`[http]`"""

    listen: Annotated[HostPort, PlainValidator(parse_host_port)] = HostPort("127.0.0.1", 9464)
    """ADDRESS:PORT of /metrics, /healthz, /readyz and the API."""
    token: Annotated[Secret, PlainValidator(parse_secret)] | None = None
    """What a client of the API must show ("Authorization: Bearer …"); no API where left out."""


class HeaderNames(Table):
    """`[headers]`: the names of the headers in which the PBX is told the decision."""

    consent: str = "X-Consent"
    """Carries the policy: off, notice, consent or required."""
    record: str = "X-Record"
    """Carries what follows from it: off or on."""

    @field_validator("consent", "record")
    @classmethod
    def _is_free(cls, value: str) -> str:
        if not _TOKEN.fullmatch(value):
            raise ValueError(f'{shown(value)} is no header name: write one like "X-Consent"')
        if value.lower() in STANDARD:
            raise ValueError(f'"{value}" has a meaning of its own in SIP; write "X-{value}"')
        return value


class Settings(Table):
    """The whole file. Paths in it are relative to its folder; `load_settings` resolves them."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    rules: FilePath = Path("rules.toml")
    """The rules file."""
    watch: bool = Field(default=False, strict=True)
    """Whether the rules are read anew by themselves when their file changes."""
    default_country: Annotated[str, PlainValidator(parse_country)] | None = None
    """Where national numbers belong, like "GB" (ISO 3166-1); left out, they stay as they are."""
    timezone: Annotated[ZoneInfo, PlainValidator(parse_timezone)] | None = None
    """The time zone of hours and days in the rules, like "Europe/London"."""
    holidays: Annotated[str, PlainValidator(parse_holidays)] | None = None
    """Whose public holidays the rules go by: a country, or a part of one, like "DE-BY"."""
    jurisdictions: FilePath | None = None
    """Rows of your own over the table of whose consent the law asks for (docs/jurisdictions.md)."""
    sip: Sip = Field(examples=['[sip] and in it listen = ["udp://127.0.0.1:5070"]'])
    """How SIP is spoken."""
    pbx: dict[Name, Pbx] = Field(
        min_length=1, examples=["[pbx.main] and in it uri and hosts of the PBX"]
    )
    """The PBXs by name; calls of trunks go to the first."""
    trunk: dict[Name, Trunk] = Field(
        min_length=1, examples=["[trunk.carrier] and in it uri and hosts of the trunk"]
    )
    """The trunks by name; a PBX's calls go to the one whose host they name, or to the first."""
    media: Media = Media()
    """How RTP is relayed."""
    prompts: Prompts = Prompts()
    """What is said."""
    records: Records = Records()
    """What is kept of calls."""
    http: Http = Http()
    """Metrics and probes."""
    headers: HeaderNames = HeaderNames()
    """How the PBX is told the decision."""

    def secrets(self) -> Iterator[tuple[Key, Secret]]:
        """Yield each secret of the file, and where it stands."""
        for name, pbx in self.pbx.items():
            if pbx.recorder is not None:
                for key, secret in held(pbx.recorder, Secret):
                    yield ("pbx", name, "recorder", key), secret
        if self.http.token is not None:
            yield ("http", "token"), self.http.token


def _one_address(text: str) -> str:
    address = parse_address(text)
    if address.is_unspecified or address.is_multicast:
        raise ValueError(f'"{text}" must be the one address at which others reach the sidecar')
    return str(address)
