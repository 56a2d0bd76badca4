"""The sidecar as a product to be measured: one instance, the policy chosen by the number called."""

from __future__ import annotations

from pathlib import Path

from tests.peers.processes import LOOPBACK
from tests.peers.sidecar import Sidecar, chirp

NOTICE_SECONDS = 0.5
OFF = "+441"
NOTICE = "+442"
PACKAGED = "+443"
MEDIA_PORTS = (10000, 31999)

_RULE = """
[[rule]]
name = "{name}"
match = {{ to = ["{prefix}*"] }}
recording = "notice"
notice = {{ prompt = "{prompt}", language = "en", to = ["caller", "callee"], at = "answer" }}
"""


class SidecarProduct(Sidecar):
    """Numbers under OFF are not recorded; under NOTICE both hear half a second of notice, under
    PACKAGED the English text that comes with the package.
    """

    name = "Consent Sidecar"

    def __init__(self, folder: Path, callee_port: int) -> None:
        super().__init__(
            folder,
            pbx=f"{LOOPBACK}:{callee_port}",
            rules=_RULE.format(name="short", prefix=NOTICE, prompt="recording-notice")
            + _RULE.format(name="packaged", prefix=PACKAGED, prompt="recording-consent"),
            prompt=chirp(NOTICE_SECONDS),
            media_ports=MEDIA_PORTS,
        )
        self.callee_port = callee_port
