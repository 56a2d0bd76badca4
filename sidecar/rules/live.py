"""The rules in force: calls are decided by them while new ones are read beside."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import structlog

from sidecar.consent.decision import CallFacts, Decision
from sidecar.errors import OperatorError, OperatorErrors
from sidecar.media.prompts import PromptLibrary
from sidecar.numbers import FileState
from sidecar.rules.checking import failures, missing_notices
from sidecar.rules.file.loading import load_rules, reload_lists
from sidecar.rules.file.schema import RulesFile
from sidecar.rules.rules import RuleSet
from sidecar.settings import Settings

log = structlog.get_logger(__name__)


class LiveRules:
    """Rules that can be replaced as a whole, by any thread; a decision is of the old or the new.

    New rules come into force only if nothing is wrong with them: their tests pass, and every
    notice in them can be played. Else the old ones stay, and the log says why.
    """

    def __init__(self, settings: Settings, rules: RuleSet) -> None:
        """Take the rules that hold at first, as they were loaded with the settings."""
        self.settings = settings
        self._rules = rules
        self._one_at_a_time = threading.Lock()

    @classmethod
    def load(cls, settings: Settings) -> LiveRules:
        """Read the rules that the settings name. Raises OperatorErrors with all that is wrong."""
        return cls(settings, RuleSet(load_rules(settings.rules, settings)))

    @property
    def current(self) -> RuleSet:
        """The rules in force."""
        return self._rules

    def decide(self, facts: CallFacts) -> Decision:
        """Return what holds for a call."""
        return self._rules.decide(facts)

    def reload(self) -> list[OperatorError]:
        """Read all anew; return what is wrong, in which case everything stays as it was.

        It may take seconds: call it in a thread of its own.
        """
        with self._one_at_a_time:
            known = self._rules.file.origin.lists
            return self._replace(lambda: load_rules(self.settings.rules, self.settings, known))

    def reload_lists(self) -> list[OperatorError]:
        """Read the lists of numbers whose files changed; the rules themselves stay.

        Return what is wrong, in which case everything stays as it was.
        """
        with self._one_at_a_time:
            return self._replace(lambda: reload_lists(self._rules.file, self.settings))

    def states(self) -> dict[Path, FileState | None]:
        """Return each file to be watched, as it was when it was read."""
        origin = self._rules.file.origin
        states: dict[Path, FileState | None] = {
            path: read.numbers.state for path, read in origin.lists.items()
        }
        if self.settings.watch and origin.file is not None:
            states[self.settings.rules] = origin.file.state
        return states

    def _replace(self, read: Callable[[], RulesFile]) -> list[OperatorError]:
        before = self._rules.version
        try:
            rules = RuleSet(read())
            if wrong := [*failures(rules), *missing_notices(rules, self._library())]:
                raise OperatorErrors(wrong)
        except OperatorErrors as found:
            errors = list(found.errors)
        except OperatorError as found:
            errors = [found]
        else:
            self._rules = rules
            log.info("rules_loaded", version=rules.version, before=before)
            return []
        for error in errors:  # the message may quote a number
            place = str(replace(error, message=""))
            log.error("rules_refused", place=place, see="consent-sidecar check", in_force=before)
            log.debug("rules_refused_why", place=place, problem=error.message)
        return errors

    def _library(self) -> PromptLibrary:
        return PromptLibrary(self.settings.prompts.folder)
