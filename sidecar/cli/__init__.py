"""The command line: `consent-sidecar`."""

from __future__ import annotations

import click

from sidecar import __version__
from sidecar.cli.calls import calls
from sidecar.cli.cdr import cdr
from sidecar.cli.check import check
from sidecar.cli.demo import demo
from sidecar.cli.explain import explain
from sidecar.cli.faults import FaultsAsLines
from sidecar.cli.run import run

__all__ = ["main"]


@click.group(cls=FaultsAsLines, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="consent-sidecar")
def main() -> None:
    """Make consent to call recording real, between a trunk and a PBX.

    Exit codes: 0 fine, 1 something was found wrong, 2 wrong usage.
    """


main.add_command(run)
main.add_command(check)
main.add_command(explain)
main.add_command(calls)
main.add_command(cdr)
main.add_command(demo)
