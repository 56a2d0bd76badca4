"""`kind = "asterisk"`: commands over the manager interface (AMI)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, PlainValidator, field_validator

from sidecar.recorders.kind import Complaint, Kind, RecorderTable
from sidecar.tables.addresses import HostPort, is_loopback, parse_host_port
from sidecar.tables.paths import checked_path
from sidecar.tables.secret import Secret, parse_secret

_IN_CLEAR = (
    "leads to another machine without TLS: whoever is on the way can read and give commands to "
    "the PBX; write tls = true"
)


class AsteriskTable(RecorderTable):
    """`[pbx.NAME.recorder]`: commands go over Asterisk's manager interface."""

    kind: Literal["asterisk", "asterisk-ami"]
    """The second is its former name."""
    address: Annotated[HostPort, PlainValidator(parse_host_port)]
    """ADDRESS:PORT of the manager interface."""
    username: str = Field(min_length=1, max_length=100)
    """A user of manager.conf."""
    secret: Annotated[Secret, PlainValidator(parse_secret)]
    """Its secret, from { env = "NAME" } or { file = "PATH" }."""
    tls: bool = Field(default=False, strict=True)
    """TLS to the manager interface; its certificate must be that of `address`."""
    ca: Annotated[Path, AfterValidator(checked_path)] | None = None
    """PEM file of who has signed that certificate, where the system knows nobody."""
    files: Annotated[Path, AfterValidator(checked_path)] | None = None
    """Where the sidecar sees the PBX's recordings, to look at them after a call."""

    @field_validator("username")
    @classmethod
    def _is_one_word(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError("must be one line of text")
        return value

    def mistakes(self) -> Iterator[Complaint]:
        """See RecorderTable."""
        if self.ca is not None and not self.tls:
            yield "ca", "is of use with tls = true only"

    def doubts(self) -> Iterator[Complaint]:
        """See RecorderTable."""
        if not self.tls and not is_loopback(self.address.host):
            yield "address", _IN_CLEAR

    def authorities(self) -> Iterator[tuple[str, Path]]:
        """See RecorderTable."""
        if self.ca is not None:
            yield "ca", self.ca


ASTERISK = Kind(
    name="asterisk",
    word="asterisk-ami",
    table=AsteriskTable,
    adapter="sidecar.recorders.asterisk.adapter",
    former=("asterisk-ami",),
    can_hold=True,
    can_stop=True,
    can_begin=True,
    sees_people=True,
)
