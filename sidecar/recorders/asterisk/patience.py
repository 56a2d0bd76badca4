"""How long the adapter waits for what, in seconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """The adapter's times. They hold for one manager connection and all calls over it."""

    connect_within: float = 3.0
    """Until the manager interface has taken the connection, and until each step of the login."""
    answer_within: float = 2.0
    """Until an action is answered."""
    read_within: float = 5.0
    """The same, of one that lists everything."""
    ping_every: float = 5.0
    """So often a silent connection is tried."""
    first_pause: float = 0.1
    """Before the second attempt to connect; it doubles with each, up to `longest_pause`."""
    longest_pause: float = 10.0
    fresh_for: float = 1.0
    """So long the list of all channels is good: each call's status asks for it."""
    hidden_pause: float = 0.02
    """Between two looks for the channel that records a conference."""
    channel_within: float = 5.0
    """Until the PBX has the channel of a new call."""
    retry_after: float = 1.0
    """Until a stop or hold that failed is tried again."""
    names_after: float = 0.1
    """Until a recording that has just begun is asked for its files again."""
    complete_within: float = 5.0
    """Until the files of an ended call no longer grow."""
    look_every: float = 0.1
    """So often it is looked whether they do."""
