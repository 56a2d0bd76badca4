"""Endpoints for the rules: what they say about a call, and reading them anew."""

from __future__ import annotations

from typing import Any

from sidecar.errors import OperatorError
from sidecar.rules.explanation import Explanation
from sidecar.web.api.control import CallControl
from sidecar.web.api.endpoint import Answers, Endpoint, Reply, RequestError
from sidecar.web.api.models import ExplainAsked, Nothing, NotReloaded, Reloaded, RulesMistake


async def _explain(control: CallControl, asked: ExplainAsked) -> Reply:
    try:
        told = control.explain(asked.from_, asked.to, asked.direction, asked.trunk, asked.pbx)
    except OperatorError as error:
        raise RequestError(422, f"{error.key} {error.message}", error.key) from None
    return Reply(200, told)


async def _reload(control: CallControl, _asked: Nothing) -> Reply:
    errors = tuple(map(RulesMistake.of, await control.reload()))
    if not errors:
        return Reply(200, Reloaded(rules="reloaded"))
    said = "the rules can't be put in force: those that were in force still are"
    return Reply(409, NotReloaded(error=said, errors=errors))


RULES: tuple[Endpoint[Any], ...] = (
    Endpoint(
        "GET",
        "/explain",
        "explain",
        "Tell which rule a call would meet, what it decides, and why the others don't hold.",
        ExplainAsked,
        _explain,
        {200: Answers(Explanation, "What the rules in force say.")},
    ),
    Endpoint(
        "POST",
        "/reload",
        "reload",
        "Read the rules file anew and put it in force, unless something is wrong in it.",
        Nothing,
        _reload,
        {
            200: Answers(Reloaded, "The rules are in force, for calls that begin from now on."),
            409: Answers(NotReloaded, "Something is wrong; the old rules hold."),
        },
    ),
)
