"""Making the recorder that the settings of a PBX ask for."""

from __future__ import annotations

from sidecar.recorders.asterisk.adapter import AsteriskRecorder
from sidecar.recorders.feature_code.adapter import FeatureCodeRecorder
from sidecar.recorders.none.adapter import NoRecorder
from sidecar.recorders.recorder import CarriedByAnother, Recorder
from sidecar.recorders.sip.adapter import SipRecorder
from sidecar.settings.schema import Pbx
from sidecar.tables.tls import trusting


def build_recorder(pbx: Pbx, carried_by_another: CarriedByAnother) -> Recorder:
    """Make the recorder of a PBX; without a table nothing controls it.

    It is not started yet. The settings were checked: each kind has the keys it needs.
    """
    table = pbx.recorder
    if table is None:
        return NoRecorder()
    match table.kind:
        case "asterisk-ami":
            assert table.address is not None, "asterisk-ami needs it"
            assert table.username is not None, "asterisk-ami needs it"
            assert table.secret is not None, "asterisk-ami needs it"
            secret = table.secret.text.get_secret_value()
            return AsteriskRecorder(
                table.address,
                table.username,
                secret,
                table.files,
                frozenset(pbx.voicemail.applications),
                carried_by_another=carried_by_another,
                tls=trusting(table.ca) if table.tls else None,
            )
        case "sip":
            return SipRecorder()
        case "feature-code":
            assert table.stop is not None, "feature-code needs it"
            return FeatureCodeRecorder(table.stop, table.start)
        case "none":
            return NoRecorder()
