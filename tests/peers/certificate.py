"""A certificate for a peer that talks TLS."""

from __future__ import annotations

import subprocess
from pathlib import Path

from .processes import LOOPBACK


def make_certificate(file: Path) -> None:
    """Write a key and a certificate for loopback's address that it has signed itself."""
    key = file.with_suffix(".key")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-subj", "/CN=pbx", "-addext", f"subjectAltName=IP:{LOOPBACK}",
         "-keyout", key, "-out", file],
        check=True, capture_output=True,
    )  # fmt: skip
    file.write_text(file.read_text() + key.read_text())
    file.chmod(0o644)
