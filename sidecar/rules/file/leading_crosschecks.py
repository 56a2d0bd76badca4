"""Mistakes in where rules lead their calls that no key shows alone."""

from __future__ import annotations

from collections.abc import Iterator

from sidecar.rules.file.leading import DivertTable
from sidecar.rules.file.schema import Rule, RulesFile
from sidecar.settings.crosschecks import Complaint
from sidecar.settings.schema import Pbx, Settings
from sidecar.tables.addresses import mailbox_host, parse_address, target_of
from sidecar.tables.positions import Key
from sidecar.tables.words import nearest


def of_leading(rules: RulesFile, settings: Settings | None) -> Iterator[Complaint]:
    """Yield calls that can't be led there, and mailboxes that are at no PBX of the settings."""
    for index, rule in enumerate(rules.rule):
        key, divert = ("rule", index, "voicemail_divert"), rule.voicemail_divert
        if divert is not None and divert.to is not None:
            yield from _contradictions(rule, divert, key)
            if settings is not None:
                yield from _mailbox(divert.to, (*key, "to"), settings)


def _contradictions(rule: Rule, divert: DivertTable, key: Key) -> Iterator[Complaint]:
    if "no-answer" not in divert.on and "after" in divert.model_fields_set:
        yield (*key, "after"), 'nothing happens after it: write "no-answer" into on'
    if rule.match.direction == "outbound":
        message = "a mailbox of the PBX is for those who call it"
        yield key, f'{message}: write direction = "inbound" into match'
    if rule.room is not None:
        yield key, "the calls lead into a room already: one of both can't be"


def _mailbox(uri: str, key: Key, settings: Settings) -> Iterator[Complaint]:
    host = mailbox_host(uri)
    if not any(_is_at(host, pbx) for pbx in settings.pbx.values()):
        known = {target_of(each).host for pbx in settings.pbx.values() for each in pbx.uris}
        message = f'"{host}" is no host of a [pbx.NAME], where a mailbox must be'
        yield key, f"{message}; {nearest(host, known)}"


def _is_at(host: str, pbx: Pbx) -> bool:
    """Tell whether a host is that of a PBX's URIs, or among its hosts."""
    if host in (target_of(uri).host for uri in pbx.uris):
        return True
    try:
        address = parse_address(host)
    except ValueError:
        return False  # a name
    return any(
        each.network.version == address.version and address in each.network for each in pbx.hosts
    )
