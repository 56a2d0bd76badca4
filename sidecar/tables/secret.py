"""Secrets: from the environment, from a file, or (with a warning) as they are written.

The text of a secret never shows in an error, a log or a representation.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from pydantic import SecretStr

from sidecar.tables.paths import checked_path

_WRITE = 'write { env = "NAME" } or { file = "PATH" }'


class Secret(NamedTuple):
    """Where a secret comes from, and the secret itself once the settings were loaded."""

    env: str = ""
    file: Path | None = None
    text: SecretStr = SecretStr("")

    @property
    def is_written(self) -> bool:
        """Whether it stands in the settings themselves."""
        return not self.env and self.file is None


def parse_secret(value: Any) -> Secret:
    """Read `{ env = "NAME" }`, `{ file = "PATH" }` or text.

    Raises ValueError, without the value: it may be the secret itself.
    """
    match value:
        case {"env": str(name), **rest} if name and not rest:
            return Secret(env=name)
        case {"file": str(path), **rest} if path and not rest:
            return Secret(file=checked_path(Path(path)))
        case str() if value and not value.isprintable():
            raise ValueError("must be one line of text")
        case str() if value:
            return Secret(text=SecretStr(value))
        case str():
            raise ValueError(f"must not be empty: {_WRITE}")
    raise ValueError(f"must be text in quotes, or better: {_WRITE}")
