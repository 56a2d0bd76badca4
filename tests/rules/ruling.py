"""Rules and calls that are made up, and asked."""

from __future__ import annotations

from typing import Any

from sidecar.consent.decision import CallFacts, ForEach
from sidecar.rules.file.schema import RulesFile
from sidecar.rules.rules import RuleSet


def same(text: str) -> ForEach:
    """One text for both."""
    return ForEach(text, text)


def rules(*found: dict[str, Any], **defaults: Any) -> RuleSet:
    """Rules that record with a notice unless they say otherwise."""
    listed = [{"recording": "notice", **rule} for rule in found]
    return RuleSet(RulesFile.model_validate({"rule": listed, "defaults": defaults}))


def call(to: str = "5001", **known: Any) -> CallFacts:
    """An inbound call to a number."""
    facts: dict[str, Any] = {"direction": "inbound", "trunk": "carrier", "pbx": "main"}
    return CallFacts(**{**facts, "from_": "+4930123456", "to": to, **known})
