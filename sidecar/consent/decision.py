"""What the rules are asked about a call, and what they answer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from sidecar.consent.party import Party


class Policy(StrEnum):
    """Whether a call may be recorded."""

    OFF = "off"
    """It may not."""
    NOTICE = "notice"
    """It may once the notice was heard."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What is said to whom, and when."""

    prompt: str = "recording-notice"
    language: str = "en"
    to: frozenset[Party] = frozenset(Party)
    at: Literal["answer", "before-connect"] = "answer"


@dataclass(frozen=True, slots=True)
class Decision:
    """What holds for one call. `notice` is None where the policy needs none."""

    rule: str = ""
    """The rule's name; empty where `[defaults]` decided."""
    recording: Policy = Policy.OFF
    notice: Notice | None = None
    messages: Literal["deny", "allow"] = "deny"


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What is known of a call before it is set up.

    `direction` is seen from the PBX. `from_` and `to` are user parts as they came, without
    parameters; `trunk` and `pbx` are names of the settings.
    """

    direction: Literal["inbound", "outbound"]
    trunk: str
    pbx: str
    from_: str
    to: str
