"""Random identifiers: tags, Call-IDs, call ids (RFC 3261 section 19.3: at least 32 random bits)."""

from __future__ import annotations

from secrets import token_hex


def new_tag() -> str:
    """Return a tag for From or To."""
    return token_hex(8)


def new_call_id() -> str:
    """Return a Call-ID; it holds no host name."""
    return token_hex(16)
