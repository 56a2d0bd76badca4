"""A manager interface that a test can make slow, silent, forgetful or a liar.

Only for what a real Asterisk can't be made to do; what it does is tested in tests/peers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

Fields = dict[str, str]
ITEMS = {
    "CHANNEL(name)": "name",
    "CHANNEL(uniqueid)": "uniqueid",
    "CHANNEL(linkedid)": "linkedid",
    "CHANNEL(appname)": "application",
    "CHANNEL(state)": "state",
}
HEADER = ("MixMonitor ID\tFile\tReceive File\tTransmit File", "=" * 73)


@dataclass
class FakeChannel:
    """A channel with its MixMonitors by id: their files, as `mixmonitor list` tells them."""

    name: str
    uniqueid: str
    call_id: str = ""
    linkedid: str = ""
    application: str = "Dial"
    state: str = "Up"
    bridge: str = ""
    monitors: dict[str, str] = field(default_factory=dict)
    muted: set[str] = field(default_factory=set)


class FakeAmi:
    """A manager interface on a port of its own. Use as an async context manager."""

    def __init__(self) -> None:
        self.channels: dict[str, FakeChannel] = {}
        self.bridges: dict[str, tuple[str, str]] = {}
        """Technology and name of the conference (empty for none) of each bridge."""
        self.asked: list[Fields] = []
        self.banner = b"Asterisk Call Manager/11.0.0\r\n"
        self.lets_in = True
        self.ignores: set[str] = set()
        self.denies: set[str] = set()
        self.rights = "call,dialplan,command"
        self.stops = True
        self.mutes_by_id = True
        self.cut_in_lists: dict[str, str] = {}
        """Channels whose telephone ends the message that lists it, and what it begins then."""
        self.concise = ""
        """A line of `core show channels concise` that a telephone wrote."""
        self.unreadable_bridges: set[str] = set()
        self.lists_another: dict[str, str] = {}
        """Names of channels for which `mixmonitor list` takes one of a longer name."""
        self.port = 0
        self._writers: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        await self.listen()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.vanish()

    async def listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def vanish(self) -> None:
        """Drop every connection and take no other."""
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()
        await self._server.wait_closed()

    def add(self, name: str, uniqueid: str, call_id: str = "", linkedid: str = "") -> FakeChannel:
        channel = FakeChannel(name, uniqueid, call_id, linkedid or uniqueid)
        self.channels[name] = channel
        self.tell("Newchannel", channel)
        return channel

    def monitor(self, channel: FakeChannel, identity: str, *, told: bool = True) -> None:
        """A MixMonitor begins."""
        channel.monitors[identity] = f"/recordings/{identity}\t\t"
        if told:
            self.tell("MixMonitorStart", channel)

    def tell(self, event: str, channel: FakeChannel, **more: str) -> None:
        """Tell what is true of a channel, now that it is."""
        self._take_in(event, channel, more)
        fields = {
            "Event": event,
            "Channel": channel.name,
            "Uniqueid": channel.uniqueid,
            "Linkedid": channel.linkedid,
            **more,
        }
        self.send("".join(f"{name}: {value}\r\n" for name, value in fields.items()) + "\r\n")
        if event == "Rename":
            channel.name = more["Newname"]

    def _take_in(self, event: str, channel: FakeChannel, more: Fields) -> None:
        bridge = more.get("BridgeUniqueid", "")
        match event:
            case "Newexten":
                channel.application = more["Application"]
            case "Rename":
                self.channels[more["Newname"]] = self.channels.pop(channel.name)
            case "BridgeEnter":
                channel.bridge = bridge
                _, room = self.bridges.get(bridge, ("", ""))
                self.bridges[bridge] = (more["BridgeTechnology"], room)
            case "BridgeLeave":
                channel.bridge = ""
            case "ConfbridgeStart":
                self.bridges[bridge] = (more["BridgeTechnology"], more["Conference"])

    def forge(self, event: str, **fields: str) -> None:
        """Tell what is not true: a telephone writes it into the event of its own."""
        self.send(f"Event: {event}\r\n")
        self.send("".join(f"{name}: {value}\r\n" for name, value in fields.items()) + "\r\n")

    def send(self, text: str) -> None:
        for writer in self._writers:
            writer.write(text.encode())

    def _find(self, fields: Fields) -> FakeChannel | None:
        """The channel that an action names, by its name or its uniqueid."""
        word = fields["Channel"]
        known = (each for each in self.channels.values() if word in (each.name, each.uniqueid))
        return next(known, None)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self.banner)
        self._writers.append(writer)
        try:
            while True:
                text = (await reader.readuntil(b"\r\n\r\n")).decode()
                fields = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
                self.asked.append(fields)
                if fields["Action"] not in self.ignores:
                    writer.write(self._answer(fields).encode())
        except (asyncio.IncompleteReadError, ConnectionError):
            pass

    def _answer(self, fields: Fields) -> str:
        action = fields["Action"]
        head = f"ActionID: {fields['ActionID']}\r\n"
        if action in self.denies:
            return f"Response: Error\r\n{head}Message: Permission denied\r\n\r\n"
        answers: dict[str, Callable[[Fields], str | None]] = {
            "Challenge": lambda _: "Challenge: 1234\r\n",
            "Login": lambda _: "" if self.lets_in else None,
            "Ping": lambda _: "Ping: Pong\r\n",
            "Command": self._command,
            "Getvar": self._getvar,
            "MixMonitorMute": self._mute,
            "StopMixMonitor": self._stop,
            "MixMonitor": self._start,
        }
        if action == "Status":
            return self._status(head)
        said = answers[action](fields)
        if said is None:
            known = "Channel" not in fields or self._find(fields) is not None
            why = "it can't be" if known else "No such channel"
            return f"Response: Error\r\n{head}Message: {why}\r\n\r\n"
        return f"Response: Success\r\n{head}{said}\r\n"

    def _status(self, head: str) -> str:
        text = f"Response: Success\r\n{head}EventList: start\r\n\r\n"
        for each in self.channels.values():
            text += f"Event: Status\r\nChannel: {each.name}\r\nCallerIDNum: 1\r\n"
            if each.name in self.cut_in_lists:
                text += f"\r\n{self.cut_in_lists[each.name]}\r\n"
            text += f"Uniqueid: {each.uniqueid}\r\nLinkedid: {each.linkedid}\r\n"
            text += f"BridgeID: {each.bridge}\r\n{head}\r\n"
        return text + f"Event: StatusComplete\r\n{head}EventList: Complete\r\n\r\n"

    def _command(self, fields: Fields) -> str:
        command = fields["Command"]
        lines: tuple[str, ...] = ()
        if command.startswith("mixmonitor list "):
            name = command.removeprefix("mixmonitor list ").strip('"')
            channel = self.channels.get(self.lists_another.get(name, name))
            if channel is None:
                lines = (f"No channel matching '{name}' found.",)
            else:
                lines = (*HEADER, *(f"{each}\t{file}" for each, file in channel.monitors.items()))
        elif command.startswith("bridge show "):
            lines = self._bridge(command.removeprefix("bridge show "))
        elif command == "core show channels concise":
            lines = (self.concise,)
        elif command.startswith("manager show user"):
            lines = (f"       read perm: {self.rights}", f"      write perm: {self.rights}")
        return "".join(f"Output: {line}\r\n" for line in lines)

    def _bridge(self, bridge: str) -> tuple[str, ...]:
        if bridge == "all":
            return tuple(
                f"{each} - 2 base {kind} 00:01" for each, (kind, _) in self.bridges.items()
            )
        if bridge in self.unreadable_bridges:
            return ("Id: x",)
        if bridge not in self.bridges:
            return (f"Bridge '{bridge}' not found",)
        kind, room = self.bridges[bridge]
        creator = ("Creator: ConfBridge", f"Name: {room}") if room else ()
        there = [f"Channel: {e.name}" for e in self.channels.values() if e.bridge == bridge]
        return (f"Id: {bridge}", f"Technology: {kind}", *creator, *there)

    def _getvar(self, fields: Fields) -> str | None:
        channel = self._find(fields)
        variable = fields["Variable"]
        if channel is None:
            return None
        head = f"Variable: {variable}\r\n"
        if variable in ITEMS:
            return f"{head}Value: {getattr(channel, ITEMS[variable])}\r\n"
        if variable.startswith("MIXMONITOR("):
            identity = variable.removeprefix("MIXMONITOR(").partition(",")[0]
            return f"{head}Value: /recordings/{identity}.wav\r\n"
        return f"{head}Value: {channel.call_id}\r\n"

    def _mute(self, fields: Fields) -> str | None:
        channel, identity = self._find(fields), fields["MixMonitorID"]
        if channel is None or (self.mutes_by_id and identity not in channel.monitors):
            return None
        (channel.muted.add if fields["State"] == "1" else channel.muted.discard)(identity)
        return ""

    def _stop(self, fields: Fields) -> str | None:
        channel, identity = self._find(fields), fields.get("MixMonitorID", "")
        if channel is not None and not identity:
            identity = next(iter(channel.monitors), "")
        if channel is None or identity not in channel.monitors:
            return None
        if self.stops:
            del channel.monitors[identity]
            self.tell("MixMonitorStop", channel)
        return ""

    def _start(self, fields: Fields) -> str | None:
        channel = self._find(fields)
        if channel is None:
            return None
        self.monitor(channel, f"0x{len(self.asked):x}")
        return ""
