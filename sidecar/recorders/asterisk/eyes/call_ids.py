"""Which channel has which SIP Call-ID: no event tells it, so that each SIP channel is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from sidecar.recorders.asterisk.eyes.channels import Channel
from sidecar.recorders.asterisk.wire.connection import Connection, Reply

TRIES = 5
"""A channel has its Call-ID a moment after it was announced."""
PAUSE = 0.03


class CallIds:
    """What the channels have answered."""

    def __init__(
        self,
        connection: Connection,
        channel_of: Callable[[str], Channel | None],
        on_known: Callable[[Channel, str], None],
        on_none: Callable[[Channel], None],
    ) -> None:
        """`channel_of`: the channel with a uniqueid, while it lives. `on_known` is called with a
        channel and its Call-ID, `on_none` with a channel that tells none.
        """
        self._connection = connection
        self._channel_of = channel_of
        self._on_known = on_known
        self._on_none = on_none
        self._channels: dict[str, str] = {}
        self._call_ids: dict[str, str] = {}

    def of(self, uniqueid: str) -> str:
        """Return a channel's Call-ID; empty where there is none, or it is not known (yet)."""
        return self._call_ids.get(uniqueid, "")

    def channel_with(self, call_id: str) -> str:
        """Return the uniqueid of the channel with this Call-ID, or an empty text."""
        return self._channels.get(call_id, "")

    def lacks(self, channel: Channel) -> bool:
        """Whether a channel has a Call-ID which is not known yet."""
        return channel.is_sip and channel.uniqueid not in self._call_ids

    def ask(self, channel: Channel, *, tries: int = TRIES) -> asyncio.Future[Reply]:
        """Ask a channel, as often as `tries` says; the future is the first answer."""
        variable = "CHANNEL(pjsip,call-id)" if channel.name.startswith("PJSIP/") else "SIPCALLID"
        answer = self._connection.ask(
            "Getvar", ("Channel", channel.uniqueid), ("Variable", variable)
        )
        answer.add_done_callback(partial(self._note, channel.uniqueid, tries - 1))
        return answer

    def gone(self, uniqueid: str) -> None:
        """A channel is gone."""
        call_id = self._call_ids.pop(uniqueid, "")
        if self._channels.get(call_id) == uniqueid:
            del self._channels[call_id]

    def clear(self) -> None:
        """Nothing is known any more."""
        self._channels.clear()
        self._call_ids.clear()

    def _note(self, uniqueid: str, tries: int, answer: asyncio.Future[Reply]) -> None:
        channel = self._channel_of(uniqueid)
        if answer.cancelled() or channel is None:
            return
        if call_id := answer.result().message.get("value"):
            self.gone(channel.uniqueid)  # one that was taken over has another than before
            self._channels[call_id] = uniqueid
            self._call_ids[uniqueid] = call_id
            self._on_known(channel, call_id)
        elif tries and not answer.result().no_channel:
            pause = PAUSE * (TRIES - tries)
            asyncio.get_running_loop().call_later(pause, self._ask_again, uniqueid, tries)
        else:
            self._on_none(channel)

    def _ask_again(self, uniqueid: str, tries: int) -> None:
        if channel := self._channel_of(uniqueid):
            self.ask(channel, tries=tries)
