"""Reading the secrets that the settings name, when the settings are read.

So a secret that is not there is a mistake of the settings, with its line and its key.
"""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import SecretStr

from sidecar.tables.paths import written_by_others
from sidecar.tables.secret import Secret

LONGEST = 4096
"""Characters of a file with a secret."""


def with_text(secret: Secret, folder: Path) -> Secret:
    """Return a secret with its text; a relative file is looked for in `folder`.

    Raises ValueError where it is not to be had.
    """
    if secret.is_written:
        return secret
    if secret.file is not None:
        origin, text = str(folder / secret.file), _of_file(folder / secret.file)
    else:
        origin, text = f"{secret.env} of the environment", _of_environment(secret.env)
    if not text.isprintable():
        raise ValueError(f"{origin} must be one line of text")
    return secret._replace(text=SecretStr(text))


def _of_environment(name: str) -> str:
    if not (found := os.environ.get(name)):
        raise ValueError(f"the environment has no {name}")
    return found


def _of_file(path: Path) -> str:
    try:
        if not path.is_file():
            raise ValueError(_no_file(path))
        with path.open(encoding="utf-8") as file:
            text = file.read(LONGEST + 1)
    except OSError as error:
        raise ValueError(f"{path} can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 text") from error
    if len(text) > LONGEST:
        raise ValueError(f"{path} is longer than {LONGEST} characters: is it the right file?")
    if problem := written_by_others(path):
        raise ValueError(problem)
    if not (secret := text.strip()):
        raise ValueError(f"{path} is empty")
    return secret


def _no_file(path: Path) -> str:
    """Say what is there instead; a device or a pipe could keep the start waiting for ever."""
    path.stat()  # raises what the system says where nothing is there
    return f"{path} is no plain file"
