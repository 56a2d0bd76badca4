"""What is said of a kind of recorder before there is one: its table, and what it can do at all.

The settings, the rules' checks and the metrics go by this. None of them loads an adapter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from sidecar.recorders.recorder import CarriedByAnother, Recorder
from sidecar.tables.complaints import Table

Complaint = tuple[str, str]
"""A key of the recorder's table, and what is to be said of it."""


class RecorderTable(Table):
    """`[pbx.NAME.recorder]`: how the PBX's recorder is made to obey (docs/recorders.md)."""

    kind: str

    def mistakes(self) -> Iterator[Complaint]:
        """Yield keys that contradict each other."""
        return iter(())

    def doubts(self) -> Iterator[Complaint]:
        """Yield what is allowed, but hardly meant."""
        return iter(())

    def authorities(self) -> Iterator[tuple[str, Path]]:
        """Yield the keys that name whom a connection trusts, and their PEM files."""
        return iter(())


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an adapter is told beside its own table."""

    mailboxes: frozenset[str]
    """The PBX's applications that take a message (`[pbx.NAME.voicemail]`)."""
    carried_by_another: CarriedByAnother


class _Module(Protocol):
    """What stands in each kind's `adapter.py`."""

    def build(self, table: RecorderTable, surroundings: Surroundings) -> Recorder:
        """Make the adapter of one PBX. It is not started yet."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of recorder."""

    name: str
    """What the settings say at `kind`."""
    word: str
    """What records and metrics say; no other than `name`, but for kinds that were renamed."""
    table: type[RecorderTable]
    adapter: str
    """The module that builds it."""
    former: tuple[str, ...] = ()
    """Words that the settings once had for it, and that are still taken."""
    can_hold: bool = False
    """See Recorder.holds."""
    can_stop: bool = False
    """Whether it is known to take orders in mid-call: see Recorder.obeys."""
    can_begin: bool = False
    """Whether it can begin, or go on, in mid-call, too."""
    begins_with: str = ""
    """The key of its table without which it can't begin."""
    sees_people: bool = False
    """See Recorder.sees."""
    controls: bool = True
    """See Recorder.controls."""

    def begins(self, table: RecorderTable | None) -> bool:
        """Tell whether one with this table can begin, or go on, in mid-call."""
        return self.can_begin and not (self.begins_with and not getattr(table, self.begins_with))

    def build(self, table: RecorderTable | None, surroundings: Surroundings) -> Recorder:
        """Make the adapter of one PBX, which is not started yet.

        Its module is loaded no earlier: whoever only reads the settings needs no connections.
        """
        module = cast(_Module, import_module(self.adapter))
        return module.build(table or self.table(kind=self.name), surroundings)
