"""What is said in a call and may pass, and what its recorder sees, for the tests of calls."""

from __future__ import annotations

from sidecar.media.engine import Side


def prompts(w, side=Side.A):
    return [name for at, name, _language in w.media.said if at is side]


def open_gates(w):
    return all(w.media.gates.values())


def tell(w, *events):
    """Have the recorder see something; whoever is new can be spoken to a moment later."""
    for event in events:
        w.recording.tell(event)
        w.settle()
    w.pass_time(0.6)
