"""The error that every parser of the SIP layer raises."""

from __future__ import annotations


class ParseError(ValueError):
    """What a peer sent can't be read: the peer's fault, to be answered with a 4xx."""
