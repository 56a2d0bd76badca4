"""The settings file (`sidecar.toml`): schema, loading, errors with file, line and key.

`load_settings` raises OperatorErrors with everything that is wrong in it.
"""

from __future__ import annotations

from sidecar.settings.loading import load_settings
from sidecar.settings.schema import Settings

__all__ = ["Settings", "load_settings"]
