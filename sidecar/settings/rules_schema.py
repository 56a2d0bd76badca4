"""What may stand in the rules file (`rules.toml`)."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    PrivateAttr,
    field_validator,
)

from sidecar.errors import OperatorError
from sidecar.numbers import NumberSet
from sidecar.settings.complaints import Table
from sidecar.settings.durations import parse_duration
from sidecar.settings.positions import Key
from sidecar.settings.schema import as_list
from sidecar.settings.toml_file import TomlFile
from sidecar.settings.words import NOT_YET, dotted, shown

AnyTable = TypeVar("AnyTable", bound=Table)
Direction = Literal["inbound", "outbound"]
Messages = Literal["deny", "allow"]
_PROMPT = re.compile(r"[a-z0-9][a-z0-9-]*")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")

_MATCH_LATER = f"matching by this key {NOT_YET}"
_LATER = dict.fromkeys(("voicemail", "voicemail_divert"), f"a notice before voicemail {NOT_YET}")
_DIGITS = re.compile(r"[0-9*#A-D]{1,16}")
_SHORTEST, _LONGEST = 0.05, 3600.0


def _duration(value: Any) -> float:
    seconds = parse_duration(value)
    if not _SHORTEST <= seconds <= _LONGEST:
        raise ValueError(f"{shown(value)} must be between 50ms and 1h")
    return seconds


def _digits(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        raise ValueError(f"digits must stand in quotes, like {shown(str(value))}")
    if not isinstance(value, str) or not _DIGITS.fullmatch(value):
        raise ValueError(f'{shown(value)} must be digits of a telephone, like "*9"')
    return value


def _code(value: Any) -> str:
    return "" if value == "" else _digits(value)


def _for_each(value: Any) -> Any:
    """Let one text stand for both parties."""
    if isinstance(value, str):
        return {"caller": value, "callee": value}
    if not isinstance(value, dict):
        wanted = "text in quotes, or { caller = …, callee = … }"
        raise ValueError(f"must be {wanted}, not {shown(value)}")
    if not value:
        raise ValueError('must not be empty: name "caller", "callee" or both')
    return value


def _numbers(value: Any) -> NumberSet:
    """Read one number, or a list of numbers and beginnings of numbers."""
    written = as_list(value)
    if not written:
        raise ValueError("must not be empty: no call could match")
    for each in written:
        if not isinstance(each, str):
            raise ValueError(f"a number must stand in quotes, like {shown(str(each))}")
    return NumberSet(written)


Names = Annotated[tuple[str, ...], BeforeValidator(as_list), Field(min_length=1)]
Numbers = Annotated[NumberSet, PlainValidator(_numbers)]
Recording = Literal["off", "notice", "consent", "required"]
Parties = Annotated[tuple[Literal["caller", "callee"], ...], BeforeValidator(as_list)]
Duration = Annotated[float, PlainValidator(_duration)]
Digits = Annotated[str, PlainValidator(_digits)]
Code = Annotated[str, PlainValidator(_code)]
OnUnconfirmed = Literal["hangup", "mute"]
OnUnreachable = Literal["refuse", "unrecorded"]
OnRefusal = Literal["unrecorded", "hangup"]
ASKING = ("consent", "required")
"""The policies under which parties are asked."""
CODES = ("stop", "pause", "resume")


class MatchTable(Table):
    """`match = { … }`: all of its keys must hold; of a list, one."""

    LATER: ClassVar[dict[str, str]] = {
        **dict.fromkeys(("from_country", "to_country", "from_region", "to_region"), _MATCH_LATER),
        **dict.fromkeys(("jurisdiction", "hours", "days", "anonymous", "header"), _MATCH_LATER),
    }
    model_config = ConfigDict(arbitrary_types_allowed=True)

    direction: Direction | None = None
    """As the PBX sees it: inbound from a trunk, outbound to one."""
    trunk: Names | None = None
    """Names of trunks of the settings."""
    pbx: Names | None = None
    """Names of PBXs of the settings."""
    from_: Numbers | None = Field(default=None, alias="from")
    """Who calls: numbers, or beginnings of numbers and "*"."""
    to: Numbers | None = None
    """Who is called: numbers, or beginnings of numbers and "*"."""


class Texts(Table):
    """One text for each party."""

    caller: str = ""
    """The caller's."""
    callee: str = ""
    """The callee's."""

    def written(self) -> list[str]:
        """Return the texts that stand in the file."""
        return [getattr(self, party) for party in sorted(self.model_fields_set)]


class NoticeTable(Table):
    """`notice = { … }`: what a rule's leaves out is taken from that of `[defaults]`."""

    prompt: Annotated[Texts, BeforeValidator(_for_each)] = Texts()
    """NAME of LANGUAGE/NAME.wav; left out, what the policy asks for: recording-notice, or for one
    who is asked recording-consent or consent-required."""
    language: Annotated[Texts, BeforeValidator(_for_each)] = Texts()
    """LANGUAGE of LANGUAGE/NAME.wav; left out, "en"."""
    to: Annotated[Parties, Field(min_length=1)] = ("caller", "callee")
    """Who hears it; nobody is heard before each of them has."""
    at: Literal["answer", "before-connect"] = "answer"
    """At the answer; or to the caller before the callee is called, and to the callee after."""

    @field_validator("prompt")
    @classmethod
    def _are_prompts(cls, value: Texts) -> Texts:
        for each in value.written():
            if not _PROMPT.fullmatch(each):
                raise ValueError(f'{shown(each)} must be small letters, digits and "-", no ".wav"')
        return value

    @field_validator("language")
    @classmethod
    def _are_languages(cls, value: Texts) -> Texts:
        for each in value.written():
            if not _LANGUAGE.fullmatch(each):
                raise ValueError(f'{shown(each)} must be a language like "en" or "de-AT"')
        return value


class ConsentTable(Table):
    """`consent = { … }`: what a rule's leaves out is taken from that of `[defaults]`."""

    from_: Annotated[Parties, Field(min_length=1)] = Field(default=("caller",), alias="from")
    """Who is asked; each of them must agree."""
    accept: Digits = "1"
    """What is pressed to agree."""
    decline: Digits = "2"
    """What is pressed to decline."""
    within: Duration = 8.0
    """The time to answer in, from the end of the notice."""
    repeat: int = Field(default=1, ge=0, le=5, strict=True)
    """How often silence is asked again; after that it is a no."""


class Defaults(Table):
    """`[defaults]`: what holds where no rule does, and what a rule leaves out."""

    LATER: ClassVar[dict[str, str]] = _LATER
    recording: Recording = "off"
    """Whether a call may be recorded: not at all; once the notice was heard; once those asked
    have agreed; or it must be, and ends without agreement."""
    messages: Messages = "deny"
    """What becomes of instant messages (SIP MESSAGE)."""
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


class Rule(Table):
    """`[[rule]]`: the first one that matches holds."""

    LATER: ClassVar[dict[str, str]] = _LATER
    name: str = Field(min_length=1, max_length=100, examples=['name = "support"'])
    """It stands in call records and in what `explain` tells."""
    match: MatchTable = MatchTable()
    """Which calls; all of them where it is left out."""
    recording: Recording | None = None
    """As in `[defaults]`."""
    messages: Messages | None = None
    """As in `[defaults]`."""
    notice: NoticeTable | None = None
    """What is said, to whom and when."""
    consent: ConsentTable | None = None
    """Who is asked, and how."""
    on_refusal: OnRefusal | None = None
    """As in `[defaults]`."""
    on_unconfirmed: OnUnconfirmed | None = None
    """As in `[defaults]`."""
    on_unreachable: OnUnreachable | None = None
    """As in `[defaults]`."""
    confirm_within: Duration | None = None
    """As in `[defaults]`."""
    stop: Code | None = None
    """As in `[defaults]`."""
    pause: Code | None = None
    """As in `[defaults]`."""
    resume: Code | None = None
    """As in `[defaults]`."""

    @field_validator("name")
    @classmethod
    def _is_one_line(cls, value: str) -> str:
        if not value.isprintable() or value != value.strip():
            raise ValueError("must be one line of text without blanks around it")
        return value


class Call(Table):
    """`call = { … }` of a test."""

    direction: Direction = "inbound"
    """As the PBX sees it."""
    trunk: str | None = None
    """Name of a trunk; the first of the settings where left out."""
    pbx: str | None = None
    """Name of a PBX; the first of the settings where left out."""
    from_: str = Field(default="", alias="from")
    """The number of who calls."""
    to: str = ""
    """The number of who is called."""


class Expect(Table):
    """`expect = { … }` of a test: only what is named is compared."""

    LATER: ClassVar[dict[str, str]] = _LATER
    rule: str | None = None
    """The rule's name; "" where none is to hold."""
    recording: Recording | None = None
    """What is to be decided."""
    messages: Messages | None = None
    """What is to be decided."""


class Test(Table):
    """`[[test]]`: run by `check`, and before the sidecar starts."""

    call: Call = Field(examples=['call = { to = "+442079460101" }'])
    """The call that is made up."""
    expect: Expect = Field(examples=['expect = { recording = "off" }'])
    """What the rules are to decide about it."""


class RulesFile(Table):
    """The whole file. The first rule that matches holds; `[defaults]` where none does."""

    defaults: Defaults = Defaults()
    """What holds where no rule does."""
    rule: tuple[Rule, ...] = ()
    """The rules, in their order."""
    test: tuple[Test, ...] = ()
    """The rules' own tests."""
    _file: TomlFile | None = PrivateAttr(default=None)

    def come_from(self, file: TomlFile) -> None:
        """Remember the file, so that later errors name its lines."""
        self._file = file

    def error(self, key: Key, message: str) -> OperatorError:
        """Return an error about a key of this file."""
        if self._file is None:
            return OperatorError(message, key=dotted(key))
        return self._file.error(key, message)

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

    def code_of(self, rule: Rule | Defaults, name: str) -> str:
        """Return a rule's code for one of CODES, its own or that of the defaults."""
        own: str | None = getattr(rule, name)
        default: str = getattr(self.defaults, name)
        return default if own is None else own

    def notice_of(self, rule: Rule | Defaults) -> NoticeTable:
        """Return what a rule has said, its own words before those of the defaults."""
        return _over(self.defaults.notice, rule.notice)

    def consent_of(self, rule: Rule | Defaults) -> ConsentTable:
        """Return how a rule asks, its own words before those of the defaults."""
        return _over(self.defaults.consent, rule.consent)


def _over(base: AnyTable, own: AnyTable | None) -> AnyTable:
    """Return a table with what another one says in place of its own, also in tables within."""
    if own is None:
        return base
    said = {name: getattr(own, name) for name in own.model_fields_set}
    for name, value in said.items():
        if isinstance(value, Table):
            said[name] = _over(getattr(base, name), value)
    return base.model_copy(update=said)
