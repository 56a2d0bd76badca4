"""`consent-sidecar demo`: one call through the sidecar on loopback, drawn as a ladder."""

from __future__ import annotations

import asyncio
import logging
import sys

import click
import structlog

from sidecar.demo.show import show


@click.command()
def demo() -> None:
    """Place a call through the sidecar on this machine and show it as a ladder."""
    quiet = structlog.make_filtering_bound_logger(logging.WARNING)
    structlog.configure(wrapper_class=quiet)
    kept = asyncio.run(show(click.echo))
    sys.exit(0 if kept else 1)
