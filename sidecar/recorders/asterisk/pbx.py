"""What a session needs of the adapter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from sidecar.recorders.asterisk.eyes.channels import Channels
from sidecar.recorders.asterisk.eyes.hidden import HiddenChannels
from sidecar.recorders.asterisk.eyes.people import Scene
from sidecar.recorders.asterisk.hands.control import Control

if TYPE_CHECKING:
    from sidecar.recorders.asterisk.session import AsteriskSession


class Pbx(Protocol):
    """What a session needs of the adapter."""

    channels: Channels
    control: Control
    hidden: HiddenChannels

    @property
    def connected(self) -> bool:
        """Whether there is a connection, and the channels are known."""

    def tied(self, call_id: str) -> str:
        """Return the uniqueid of the channel with this Call-ID, or an empty text."""

    def moved(self, session: AsteriskSession, joined: frozenset[str], left: frozenset[str]) -> None:
        """Channels have joined or left a session's call."""

    def forbidden(self, uniqueid: str) -> bool:
        """Whether an order of any session forbids to record this channel."""

    def scene(self, uniqueid: str) -> Scene:
        """Return what is connected with a call's own channel."""

    def answered_by(self, uniqueid: str) -> frozenset[str]:
        """Return which people have answered a call whose own channel is up."""

    def at_mailbox(self, uniqueid: str) -> bool:
        """Whether a call's own channel has come to a mailbox, or is about to."""

    def unsettled(self, uniqueid: str) -> bool:
        """Whether something was told of where a call is that has yet to be read back."""

    def cleared(self, session: AsteriskSession) -> None:
        """A session's call has told everyone what it had to: it may be recorded."""

    async def read_all(self) -> None:
        """Read all channels anew, if that is due; sessions are told what has changed."""

    def ended(self, session: AsteriskSession) -> None:
        """A session was closed."""
