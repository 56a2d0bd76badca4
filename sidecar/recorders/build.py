"""Making the recorder that the settings of a PBX ask for."""

from __future__ import annotations

from sidecar.recorders.asterisk.adapter import AsteriskRecorder
from sidecar.recorders.none import NoRecorder
from sidecar.recorders.recorder import Recorder
from sidecar.settings.recorder_schema import RecorderTable


def build_recorder(table: RecorderTable | None) -> Recorder:
    """Make the recorder of a PBX; without a table nothing controls it.

    It is not started yet. The settings were checked: each kind has the keys it needs.
    """
    if table is not None and table.kind == "asterisk-ami":
        assert table.address is not None, "the settings are complete"
        assert table.username is not None, "the settings are complete"
        assert table.secret is not None, "the settings are complete"
        secret = table.secret.text.get_secret_value()
        return AsteriskRecorder(table.address, table.username, secret, table.files)
    return NoRecorder()
