"""Consent Sidecar: a SIP back-to-back user agent that makes consent to recording real."""

from __future__ import annotations

__version__ = "0.1.0"
