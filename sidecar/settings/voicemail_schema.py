"""What may stand in `[pbx.NAME.voicemail]`: by what the PBX's mailboxes are known."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import ConfigDict, Field, PlainSerializer, PlainValidator, field_validator

from sidecar.tables.complaints import Table
from sidecar.tables.text_set import TextSet
from sidecar.tables.words import shown

_APPLICATION = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")
_USER = re.compile(r'[^\s@:;?<>"%]{1,64}')


def parse_users(value: Any) -> TextSet:
    """Read user parts; a "*" at the end takes any ending, elsewhere it is the key of that name.

    Raises ValueError.
    """
    if not isinstance(value, list | tuple):
        raise ValueError(f'must be a list like ["vm*", "*97"], not {shown(value)}')
    for each in value:
        if not isinstance(each, str) or not _USER.fullmatch(each) or not each.isprintable():
            raise ValueError(f'{shown(each)} must be the user part of a SIP URI, like "vm*"')
    folded = [each.casefold() for each in value]
    return TextSet(
        tuple(value),
        frozenset(each for each in folded if each[-1] != "*"),
        tuple(each[:-1] for each in folded if each[-1] == "*"),
    )


Users = Annotated[TextSet, PlainValidator(parse_users), PlainSerializer(str)]


class VoicemailTable(Table):
    """`[pbx.NAME.voicemail]`: how calls that its mailboxes take are told from others."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    users: Users = TextSet((), frozenset(), ())
    """User parts by which its SIP messages name mailboxes: "vm102", or "vm*" for all that begin
    so; "*97" is the code of that name."""
    forwarded: bool = Field(default=False, strict=True)
    """Whether every call that it says is forwarded (181) is taken for one that a mailbox takes."""
    applications: tuple[str, ...] = ("VoiceMail", "MinivmRecord")
    """Where the recorder sees the dialplan (Asterisk): its applications that take a message."""

    @field_validator("applications")
    @classmethod
    def _are_applications(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            if not _APPLICATION.fullmatch(each):
                raise ValueError(f'{shown(each)} must be the name of one, like "VoiceMail"')
        return value
