"""The channels of an Asterisk, and which of them belong to one call.

A call is one channel, that of the SIP dialog it came by, and whatever is connected with it:
channels of the same Linkedid (the phones that ring, both halves of Local channels, whom the call
was transferred to) and channels in the same bridge (a conference, and the hidden channel that
records it). Waiting rooms (parking, `BridgeWait`) connect nobody.

Fed with events of the manager interface, and from time to time with the whole list. Either may be
forged (evidence.py): what connects is believed at once, what parts only once it was read back.
Until then a channel belongs to the calls that it is said to have left.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sidecar.recorders.asterisk.wire.protocol import Message

WAITING_ROOM = "holding_bridge"
CONFERENCE = "softmix"
RECORDER = "CBRec/"
"""How the names of channels begin that record a ConfBridge; no event tells of them."""
UNTOLD = (RECORDER, "CBAnn/")
"""And of those that play to one."""
MOST_CHANNELS = 50_000
MOST_BRIDGES = 50_000
MOST_FORMER = 100
"""How many calls that it has left, as is told, a channel is taken to be in still."""
UP = "6"
DOWN = "0"
_SIP = ("PJSIP/", "SIP/")
LOCAL = "Local/"
_UNREAL = (
    *(LOCAL, RECORDER, "CBAnn/", "Announcer/", "Recorder/", "Bridge/", "Message/", "Surrogate/"),
    *("AsyncGoto/", "Snoop/", "Parked/"),
)
"""How the names of channels begin behind which nobody is, or whose other half is somebody."""
_HALVES = {";1": ";2", ";2": ";1"}


@dataclass(slots=True)
class Channel:
    """One channel. `uniqueid` stays; name, Linkedid and bridge (empty: none) may change.

    `dialled`: the PBX calls it. `reached`: the uniqueid of who answered its Dial, empty for none.
    `answered_by`: the people there when it came up (see scenes.answerers), None where unknown.
    """

    uniqueid: str
    name: str
    linkedid: str
    bridge: str = ""
    up: bool = False
    dialled: bool = False
    reached: str = ""
    answered_by: frozenset[str] | None = None

    @property
    def is_real(self) -> bool:
        """Whether a person may be behind it."""
        return not self.name.startswith(_UNREAL) and not self.name.endswith(("<ZOMBIE>", "<MASQ>"))

    @property
    def person(self) -> str:
        """Return whom it stands for: a channel that is taken over by another phone is another."""
        return f"{self.uniqueid} {self.name.rpartition('-')[0]}"

    @property
    def is_sip(self) -> bool:
        """Whether it has a SIP dialog, and so a Call-ID."""
        return self.name.startswith(_SIP)

    @property
    def is_hidden(self) -> bool:
        """Whether no event tells of it."""
        return self.name.startswith(RECORDER)


class Channels:
    """Every channel that is known to live."""

    def __init__(self) -> None:
        self._channels: dict[str, Channel] = {}
        self._by_link: defaultdict[str, set[str]] = defaultdict(set)
        self._by_bridge: defaultdict[str, set[str]] = defaultdict(set)
        self._technology: dict[str, str] = {}
        self._waiting_rooms: set[str] = set()
        """Bridges of which it was read that they connect nobody."""
        self._by_name: defaultdict[str, set[str]] = defaultdict(set)
        """Several have one name while one of them was only told of, and is none."""
        self._former: dict[str, dict[str, None]] = {}
        """The Linkedids and bridges that a channel is said to have left, by its uniqueid."""
        self._by_former: defaultdict[str, set[str]] = defaultdict(set)
        self.doubtful_bridges: set[str] = set()
        """Bridges of which something was told that is to be read back."""
        self.doubtful_names: set[str] = set()
        """Names that no channel is known by any more: somebody else may have them."""
        self.held: set[str] = set()
        """The channels that have put the others on hold."""

    def clear(self) -> None:
        """Forget every channel; but who holds others is told by events only, and may still."""
        self._channels.clear()
        self._by_link.clear()
        self._by_bridge.clear()
        self._technology.clear()
        self._waiting_rooms.clear()
        self._by_name.clear()
        self._former.clear()
        self._by_former.clear()
        self.doubtful_bridges.clear()
        self.doubtful_names.clear()

    def get(self, uniqueid: str) -> Channel | None:
        """Return a channel, None where it is not known (any more)."""
        return self._channels.get(uniqueid)

    def all(self) -> frozenset[str]:
        """Return the uniqueids of all channels."""
        return frozenset(self._channels)

    def is_conference(self, bridge: str) -> bool:
        """Whether a bridge mixes many channels, so that it may have a channel that records it."""
        return self._technology.get(bridge) == CONFERENCE

    def group(self, uniqueid: str) -> frozenset[str]:
        """Return the uniqueids of all channels connected with this one, itself included."""
        found: set[str] = set()
        waiting = [uniqueid]
        while waiting:
            channel = self._channels.get(waiting.pop())
            if channel is None or channel.uniqueid in found:
                continue
            found.add(channel.uniqueid)
            for link in (channel.linkedid, *self._former.get(channel.uniqueid, ())):
                waiting.extend(self._by_link.get(link, set()) - found)
                waiting.extend(self._by_former.get(link, set()) - found)
                waiting.extend(self._sharing(link) - found)
            waiting.extend(self._sharing(channel.bridge) - found)
            waiting.extend(self.other_half(channel) - found)
        return frozenset(found)

    def _sharing(self, bridge: str) -> set[str]:
        """Return who is in a bridge, or was: none in what is known to be a waiting room."""
        if not bridge or bridge in self._waiting_rooms:
            return set()
        return self._by_bridge.get(bridge, set()) | self._by_former.get(bridge, set())

    def former_bridges(self, uniqueid: str) -> tuple[str, ...]:
        """Return the bridges that a channel is said to have left."""
        return tuple(each for each in self._former.get(uniqueid, ()) if each in self._technology)

    def is_in_doubt(self, uniqueid: str) -> bool:
        """Whether a channel is said to have left something."""
        return uniqueid in self._former

    def kin(self, uniqueid: str) -> frozenset[str]:
        """Return the uniqueids of the channels with the same Linkedid, this one included."""
        channel = self._channels.get(uniqueid)
        return frozenset(self._by_link.get(channel.linkedid, ())) if channel else frozenset()

    def talking_in(self, bridge: str) -> frozenset[str]:
        """Return the uniqueids of the channels that a bridge connects: none in a waiting room."""
        if not bridge or self._technology.get(bridge) == WAITING_ROOM:
            return frozenset()
        return self.in_bridge(bridge)

    def bridges(self) -> tuple[str, ...]:
        """Return the bridges that are known."""
        return tuple(self._technology)

    def named(self, name: str) -> frozenset[str]:
        """Return the uniqueids of the channels that are said to have this name."""
        return frozenset(self._by_name.get(name, ()))

    def other_half(self, channel: Channel) -> frozenset[str]:
        """Return the uniqueid of a Local channel's other half, none for other channels."""
        if not channel.name.startswith(LOCAL):
            return frozenset()
        return self.named(channel.name[:-2] + _HALVES.get(channel.name[-2:], ""))

    def in_bridge(self, bridge: str) -> frozenset[str]:
        """Return the uniqueids of the channels in a bridge."""
        return frozenset(self._by_bridge.get(bridge, ()))

    def apply(self, event: Message) -> str:
        """Take an event in; return the uniqueid of the channel that it changed, or an empty text.

        A channel that has gone is returned too; `get` doesn't know it any more.
        """
        uniqueid = event.get("uniqueid")
        bridge = event.get("bridgeuniqueid")
        if bridge and event.get("bridgetechnology"):
            self._note_technology(bridge, event.get("bridgetechnology"))
        match event.get("event"):
            case "Newchannel":
                changed = self._put(uniqueid, event.get("channel"), event.get("linkedid"))
                if changed:
                    self._channels[uniqueid].dialled = event.get("channelstate") == DOWN
            case "Newstate":
                up = event.get("channelstate") == UP
                changed = self._change(uniqueid, linkedid=event.get("linkedid"), up=up)
            case "DialEnd" if event.get("dialstatus") == "ANSWER" and uniqueid in self._channels:
                self._channels[uniqueid].reached = event.get("destuniqueid")
                changed = self._change(uniqueid, linkedid=event.get("linkedid"))
            case "Hold" if uniqueid in self._channels:
                self.held.add(uniqueid)
                changed = True
            case "Unhold":
                changed = uniqueid in self.held
                self.held.discard(uniqueid)
            case "Rename":
                changed = self._change(uniqueid, name=event.get("newname"))
            case "Hangup":
                changed = self.remove(uniqueid)
            case "BridgeEnter":
                changed = self._change(uniqueid, bridge=bridge, linkedid=event.get("linkedid"))
            case "BridgeLeave":
                changed = self._change(uniqueid, bridge="", linkedid=event.get("linkedid"))
            case "BridgeDestroy":
                self.doubtful_bridges.add(bridge)
                changed = False
            case _:
                changed = self._change(uniqueid, linkedid=event.get("linkedid"))
        return uniqueid if changed else ""

    def _note_technology(self, bridge: str, technology: str) -> None:
        """Believe what makes a bridge a conference; have read what ends that, or parts."""
        known = self._technology.get(bridge) or None
        if known == technology:
            return
        if known in (CONFERENCE, WAITING_ROOM) or technology == WAITING_ROOM:
            self.doubtful_bridges.add(bridge)
        if known is None and len(self._technology) >= MOST_BRIDGES:
            self._technology = {
                each: kind for each, kind in self._technology.items() if each in self._by_bridge
            }
        if known != CONFERENCE and (known is not None or len(self._technology) < MOST_BRIDGES):
            self._technology[bridge] = technology

    def found(self, uniqueid: str, name: str, linkedid: str, *, up: bool) -> bool:
        """Take in a channel that was read; return whether nothing had told of it."""
        if uniqueid in self._channels or not self._put(uniqueid, name, linkedid):
            return False
        self._channels[uniqueid].up = up
        return True

    def enter(self, uniqueid: str, bridge: str) -> bool:
        """Take in that a channel was read to be in a bridge; return whether that is new."""
        return self._change(uniqueid, bridge=bridge)

    def replace(self, status: Iterable[Message], before: frozenset[str]) -> list[str]:
        """Take in the whole list (events Status). `before`: `all` when the list was asked for.

        Of the channels that were known then, those not in the list are returned: they may be gone.
        """
        listed = set()
        for entry in status:
            if entry.get("event") == "Status" and entry.get("uniqueid"):
                uniqueid = entry.get("uniqueid")
                listed.add(uniqueid)
                self._put(uniqueid, entry.get("channel"), entry.get("linkedid"))
                up = entry.get("channelstate") == UP
                self._change(uniqueid, bridge=entry.get("bridgeid"), up=up)
        self.held &= self._channels.keys()
        missing = []
        for uniqueid in before - listed:
            channel = self._channels.get(uniqueid)
            if channel is not None and not channel.is_hidden:
                missing.append(uniqueid)
        return missing

    def note_bridges(self, technologies: dict[str, str]) -> None:
        """Take in which technology each bridge has, as was read."""
        self._technology = dict(technologies)
        self._waiting_rooms = {
            bridge for bridge, each in technologies.items() if each == WAITING_ROOM
        }

    def note_bridge(self, bridge: str, technology: str) -> None:
        """Take in which technology one bridge has, as was read; empty: there is none."""
        self._waiting_rooms.discard(bridge)
        if not technology:
            self._technology.pop(bridge, None)
            return
        if bridge in self._technology or bridge in self._by_bridge:
            self._technology[bridge] = technology
        if technology == WAITING_ROOM:
            self._waiting_rooms.add(bridge)

    def settle(self, uniqueid: str, name: str, linkedid: str, bridge: str | None) -> bool:
        """Take in what a channel has answered; return whether it is otherwise than it was told.

        `bridge`: one that it is said to have left, and is in; None: it has left them all.
        """
        changed = self._change(uniqueid, name=name, linkedid=linkedid, bridge=bridge)
        return self._forget_former(uniqueid) or changed

    def put_hidden(self, uniqueid: str, name: str, bridge: str) -> None:
        """Take in a channel that records a conference."""
        self._put(uniqueid, name, uniqueid)
        self._change(uniqueid, bridge=bridge)

    def remove(self, uniqueid: str) -> bool:
        """Forget a channel; return whether it was known."""
        channel = self._channels.pop(uniqueid, None)
        if channel is None:
            return False
        _discard(self._by_link, channel.linkedid, uniqueid)
        _discard(self._by_bridge, channel.bridge, uniqueid)
        self._lose_name(channel)
        self.held.discard(uniqueid)
        self._forget_former(uniqueid)
        return True

    def _put(self, uniqueid: str, name: str, linkedid: str) -> bool:
        known = self._channels.get(uniqueid)
        if known is not None:
            return self._change(uniqueid, name=name, linkedid=linkedid)
        if not uniqueid or not name or len(self._channels) >= MOST_CHANNELS:
            return False
        self._channels[uniqueid] = Channel(uniqueid, name, linkedid or uniqueid)
        self._by_link[linkedid or uniqueid].add(uniqueid)
        self._by_name[name].add(uniqueid)
        return True

    def _change(
        self,
        uniqueid: str,
        *,
        name: str = "",
        linkedid: str = "",
        bridge: str | None = None,
        up: bool = False,
    ) -> bool:
        channel = self._channels.get(uniqueid)
        if channel is None:
            return False
        before = (channel.name, channel.linkedid, channel.bridge, channel.up)
        channel.up |= up
        if name and name != channel.name:
            self._rename(channel, name)
        if linkedid and linkedid != channel.linkedid and self._leave(uniqueid, channel.linkedid):
            _discard(self._by_link, channel.linkedid, uniqueid)
            channel.linkedid = linkedid
            self._by_link[linkedid].add(uniqueid)
        if bridge is not None and bridge != channel.bridge:
            if channel.bridge and not self._leave(uniqueid, channel.bridge):
                return True
            _discard(self._by_bridge, channel.bridge, uniqueid)
            channel.bridge = bridge
            if bridge:
                self._technology.setdefault(bridge, "")
                self._by_bridge[bridge].add(uniqueid)
        return before != (channel.name, channel.linkedid, channel.bridge, channel.up)

    def _leave(self, uniqueid: str, link: str) -> bool:
        """Note what a channel is said to leave; False where that was said too often to be true."""
        former = self._former.setdefault(uniqueid, {})
        if len(former) >= MOST_FORMER:
            return False
        former[link] = None
        self._by_former[link].add(uniqueid)
        return True

    def _forget_former(self, uniqueid: str) -> bool:
        former = self._former.pop(uniqueid, {})
        for link in former:
            _discard(self._by_former, link, uniqueid)
        return bool(former)

    def _lose_name(self, channel: Channel) -> None:
        _discard(self._by_name, channel.name, channel.uniqueid)
        self.doubtful_names.add(channel.name)
        if channel.bridge:
            self.doubtful_bridges.add(channel.bridge)

    def _rename(self, channel: Channel, name: str) -> None:
        self._lose_name(channel)
        channel.name = name
        self._by_name[name].add(channel.uniqueid)


def _discard(index: defaultdict[str, set[str]], key: str, uniqueid: str) -> None:
    members = index.get(key)
    if members is not None:
        members.discard(uniqueid)
        if not members:
            del index[key]
