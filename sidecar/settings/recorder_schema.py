"""What may stand in `[pbx.NAME.recorder]`: which adapter controls the PBX's recorder, and how."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, PlainValidator, field_validator

from sidecar.tables.addresses import HostPort, parse_host_port
from sidecar.tables.complaints import Table
from sidecar.tables.paths import checked_path
from sidecar.tables.secret import Secret, parse_secret
from sidecar.tables.words import shown

_CODE = re.compile(r"[0-9*#A-D]{1,16}")


class RecorderTable(Table):
    """`[pbx.NAME.recorder]`: how the PBX's recorder is made to obey (docs/recorders.md)."""

    kind: Literal["asterisk-ami", "sip", "feature-code", "none"] = Field(
        examples=['kind = "asterisk-ami"']
    )
    """Which adapter: commands by AMI, SIP headers and INFO, codes that are dialled, or nothing."""
    address: Annotated[HostPort, PlainValidator(parse_host_port)] | None = None
    """asterisk-ami: ADDRESS:PORT of the manager interface."""
    username: str | None = Field(default=None, min_length=1, max_length=100)
    """asterisk-ami: a user of manager.conf."""
    secret: Annotated[Secret, PlainValidator(parse_secret)] | None = None
    """asterisk-ami: its secret, from { env = "NAME" } or { file = "PATH" }."""
    tls: bool = Field(default=False, strict=True)
    """asterisk-ami: TLS to the manager interface; its certificate must be that of `address`."""
    ca: Annotated[Path, AfterValidator(checked_path)] | None = None
    """asterisk-ami: PEM file of who has signed that certificate, where the system knows nobody."""
    files: Annotated[Path, AfterValidator(checked_path)] | None = None
    """asterisk-ami: where the sidecar sees the PBX's recordings, to look at them after a call."""
    stop: str | None = None
    """feature-code: what is dialled to stop a recording that runs."""
    start: str | None = None
    """feature-code: what is dialled to start it."""

    @field_validator("username")
    @classmethod
    def _is_one_word(cls, value: str | None) -> str | None:
        if value is not None and not value.isprintable():
            raise ValueError("must be one line of text")
        return value

    @field_validator("stop", "start")
    @classmethod
    def _is_code(cls, value: str | None) -> str | None:
        if value is not None and not _CODE.fullmatch(value):
            raise ValueError(f'{shown(value)} must be digits of a telephone, like "*1"')
        return value


NEEDED = {
    "asterisk-ami": ("address", "username", "secret"),
    "feature-code": ("stop",),
    "sip": (),
    "none": (),
}
"""The keys that each kind can't do without."""
USED = {
    "asterisk-ami": {"kind", "address", "username", "secret", "tls", "ca", "files"},
    "feature-code": {"kind", "stop", "start"},
    "sip": {"kind"},
    "none": {"kind"},
}
"""The keys that each kind has a use for."""
SEES_PEOPLE = "asterisk-ami"
"""The kind whose adapter can tell when a person is on the line, not a greeting or a menu."""
