"""The settings file and the rules file: schema, loading, errors with file, line and key.

`load_settings` and `load_rules` raise OperatorErrors with everything that is wrong in their file;
`check_files` tells what is wrong in both, and what is allowed but worth a second look.
"""

from __future__ import annotations

from sidecar.settings.loading import CheckReport, check_files, load_settings
from sidecar.settings.rules_loading import load_rules
from sidecar.settings.rules_schema import RulesFile
from sidecar.settings.schema import Settings

__all__ = ["CheckReport", "RulesFile", "Settings", "check_files", "load_rules", "load_settings"]
