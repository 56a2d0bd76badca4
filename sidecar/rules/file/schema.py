"""What may stand in the rules file (`rules.toml`)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, NamedTuple

from pydantic import Field, PrivateAttr, field_validator

from sidecar.errors import OperatorError
from sidecar.numbers import NumberList
from sidecar.rules.file.consent import (
    Code,
    ConsentTable,
    Duration,
    Hold,
    Messages,
    NoticeTable,
    OnRefusal,
    OnUnconfirmed,
    OnUnreachable,
    Recording,
    Renotice,
    Voicemail,
    over,
)
from sidecar.rules.file.decided import Decided
from sidecar.rules.file.expect import Test
from sidecar.rules.file.leading import MAILBOX_EXAMPLE, DivertTable, one_line
from sidecar.rules.file.match import MatchTable
from sidecar.rules.file.site import Site
from sidecar.settings.schema import FilePath, Name
from sidecar.tables.complaints import Table
from sidecar.tables.positions import Key
from sidecar.tables.toml_file import TomlFile
from sidecar.tables.words import dotted


class Defaults(Table):
    """`[defaults]`: what holds where no rule does, and what a rule leaves out."""

    ELSEWHERE: ClassVar[dict[str, str]] = {
        "voicemail_divert": "a mailbox is for the calls of a rule: write it into a [[rule]]",
        "room": "a conference is for the calls of a rule: write it into a [[rule]]",
    }
    recording: Recording = "off"
    """Whether a call may be recorded: not at all; once the notice was heard; once those asked
    have agreed; or it must be, and ends without agreement."""
    voicemail: Voicemail = "notice"
    """Whether the caller may leave a message where a mailbox answers: it may; once it was told;
    once it has agreed; or not, and the call ends."""
    messages: Messages = "deny"
    """What becomes of instant messages: SIP MESSAGE, and MSRP in calls (docs/messages.md)."""
    notice: NoticeTable = NoticeTable()
    """What is said where recording is not "off" and a rule does not say otherwise."""
    consent: ConsentTable = ConsentTable()
    """How consent is asked for where a rule does not say otherwise."""
    on_refusal: OnRefusal = "unrecorded"
    """What becomes of a call where someone does not agree (recording = "consent")."""
    on_unconfirmed: OnUnconfirmed = "hangup"
    """What becomes of a call whose recorder does not confirm in time: ended, or silence to the
    PBX."""
    on_unreachable: OnUnreachable = "refuse"
    """What becomes of a new call while the recorder can't be reached: refused before it rings, or
    unrecorded where that can be verified once both are up."""
    confirm_within: Duration = 0.5
    """How long the recorder's confirmation is waited for."""
    stop: Code = "*9"
    """What either party presses to stop the recording; "" for nothing."""
    pause: Code = ""
    """What either party presses to pause it."""
    resume: Code = ""
    """What the party that stopped or paused it presses to let it go on."""
    renotice: Renotice = "new-party"
    """Who hears the notice where someone new takes a side of the call: who is new, or all."""
    hold: Hold = "record"
    """What becomes of the recording while the call is on hold: it goes on, or pauses."""


class _Matching(Table):
    name: str = Field(min_length=1, max_length=100, examples=['name = "support"'])
    """It stands in call records and in what `explain` tells."""
    match: MatchTable = MatchTable()
    """Which calls; all of them where it is left out."""

    @field_validator("name")
    @classmethod
    def _is_one_line(cls, value: str) -> str:
        return one_line(value)


class Rule(Decided, _Matching):  # the last base's keys come first
    """`[[rule]]`: the first one that matches holds."""

    @field_validator("voicemail_divert")
    @classmethod
    def _leads_somewhere(cls, value: DivertTable | None) -> DivertTable | None:
        if value is not None and value.to is None:
            raise ValueError(f"which mailbox? Write {MAILBOX_EXAMPLE} into it")
        return value


class LoadedList(NamedTuple):
    """A list of numbers, and a hash of the file it was read from."""

    numbers: NumberList
    digest: str


class Origin(NamedTuple):
    """Where rules come from, and what they go by."""

    file: TomlFile | None = None
    site: Site = Site()
    version: str = ""
    """A short hash of all that decides: the file, its lists, the settings it goes by."""
    lists: Mapping[Path, LoadedList] = MappingProxyType({})


class RulesFile(Table):
    """The whole file. The first rule that matches holds; `[defaults]` where none does."""

    defaults: Defaults = Defaults()
    """What holds where no rule does."""
    lists: dict[Name, FilePath] = Field(default_factory=dict)
    """Lists of numbers by name, for "list:NAME" in a rule's from and to: each a file, from this
    file's folder, of one number a line."""
    rule: tuple[Rule, ...] = ()
    """The rules, in their order."""
    test: tuple[Test, ...] = ()
    """The rules' own tests."""
    _origin: Origin = PrivateAttr(default_factory=Origin)

    @property
    def origin(self) -> Origin:
        """Where they come from, and what they go by beside this file."""
        return self._origin

    def come_from(self, origin: Origin) -> None:
        """Remember where they come from, so that later errors name its lines."""
        self._origin = origin

    def error(self, key: Key, message: str) -> OperatorError:
        """Return an error about a key of this file."""
        if self.origin.file is None:
            return OperatorError(message, key=dotted(key))
        return self.origin.file.error(key, message)

    def with_tests_between(self, trunk: str, pbx: str) -> RulesFile:
        """Return these rules with a trunk and a PBX for the tests whose calls name none."""
        tests = []
        for test in self.test:
            between = {"trunk": test.call.trunk or trunk, "pbx": test.call.pbx or pbx}
            call = test.call.model_copy(update=between)
            tests.append(test.model_copy(update={"call": call}))
        return self.model_copy(update={"test": tuple(tests)})

    def recording_of(self, rule: Rule | Defaults) -> Recording:
        """Return a rule's policy, its own or that of the defaults."""
        return rule.recording or self.defaults.recording

    def voicemail_of(self, rule: Rule | Defaults) -> Voicemail:
        """Return what a rule says of mailboxes, its own word or that of the defaults."""
        return rule.voicemail or self.defaults.voicemail

    def code_of(self, rule: Rule | Defaults, name: str) -> str:
        """Return a rule's code for one of CODES, its own or that of the defaults."""
        own: str | None = getattr(rule, name)
        default: str = getattr(self.defaults, name)
        return default if own is None else own

    def notice_of(self, rule: Rule | Defaults) -> NoticeTable:
        """Return what a rule has said, its own words before those of the defaults."""
        return over(self.defaults.notice, rule.notice)

    def consent_of(self, rule: Rule | Defaults) -> ConsentTable:
        """Return how a rule asks, its own words before those of the defaults."""
        return over(self.defaults.consent, rule.consent)
