"""`python -m sidecar` is the command `consent-sidecar`."""

from __future__ import annotations

from sidecar.cli import main

main(prog_name="consent-sidecar")
