"""One endpoint of the API: what is asked, what may be answered, and what does it.

Handlers, router and OpenAPI document all work from the same `Endpoint`.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Generic, Literal, NamedTuple, TypeVar

from pydantic import BaseModel

from sidecar.errors import SidecarError
from sidecar.web.api.control import CallControl
from sidecar.web.api.models import Asked, Fault

A = TypeVar("A", bound=Asked)
_VARIABLE = re.compile(r"\{(\w+)\}")


class Reply(NamedTuple):
    """A status, and what is said with it."""

    status: int
    content: BaseModel


class Answers(NamedTuple):
    """What may come with a status, and when it does."""

    model: type[BaseModel]
    when: str


@dataclass
class RequestError(SidecarError):
    """The client's fault, or nobody's: it is answered `status` and a Fault."""

    status: int
    message: str
    field: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Endpoint(Generic[A]):
    """A method on a path below /api/v1.

    The fields of `asked` that the path names are read from it; the others from the query, or with
    POST from the body, a JSON object.
    """

    method: Literal["GET", "POST"]
    path: str
    name: str
    summary: str
    asked: type[A]
    handle: Callable[[CallControl, A], Awaitable[Reply]]
    answers: Mapping[int, Answers]

    @property
    def path_fields(self) -> frozenset[str]:
        """Names of what is read from the path."""
        return frozenset(_VARIABLE.findall(self.path))

    @property
    def has_body(self) -> bool:
        """Whether a body is read."""
        return self.method == "POST" and bool(self.asked.model_fields.keys() - self.path_fields)

    @property
    def has_query(self) -> bool:
        """Whether the query is read; else it must be empty."""
        return self.method == "GET" and bool(self.asked.model_fields.keys() - self.path_fields)

    def all_answers(self) -> dict[int, Answers]:
        """Return every status that may be answered, those of any endpoint included."""
        answers = dict(COMMON)
        if self.has_body:
            answers |= OF_BODIES
        if self.path_fields:
            answers[404] = Answers(Fault, "There is no such call, or the API is switched off.")
        return dict(sorted((answers | dict(self.answers)).items()))


COMMON = {
    401: Answers(Fault, "The token is missing or wrong."),
    404: Answers(Fault, "The API is switched off."),
    422: Answers(Fault, "A parameter is wrong; `field` names it."),
    429: Answers(Fault, "Too many wrong tokens."),
    503: Answers(Fault, "The sidecar is stopping."),
    504: Answers(Fault, "It was not done in time."),
}
OF_BODIES = {
    400: Answers(Fault, "The body is not JSON."),
    408: Answers(Fault, "The body did not arrive in time."),
    413: Answers(Fault, "The body is too large."),
    415: Answers(Fault, "The body is not said to be application/json."),
}
