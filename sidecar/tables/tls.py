"""Whom a TLS connection of the sidecar's trusts."""

from __future__ import annotations

import ssl
from pathlib import Path


def trusting(authority: Path | None) -> ssl.SSLContext:
    """Return a client's context that trusts a PEM file, or whom the system trusts.

    The other side's certificate must name the address that was connected to. Raises OSError, of
    which ssl.SSLError is one, where the file can't be used.
    """
    context = ssl.create_default_context(cafile=authority)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def problem_of_authority(authority: Path) -> str:
    """Return why a PEM file can't be trusted, empty where it can."""
    try:
        trusting(authority)
    except ssl.SSLError:
        return f"{authority} holds no certificate in PEM"
    except OSError as error:
        return f"{authority} can't be read: {error.strerror}"
    return ""
