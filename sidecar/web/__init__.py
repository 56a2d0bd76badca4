"""The HTTP face: metrics and probes (docs/metrics.md)."""

from __future__ import annotations

from sidecar.web.app import create_app
from sidecar.web.server import WebServer

__all__ = ["WebServer", "create_app"]
