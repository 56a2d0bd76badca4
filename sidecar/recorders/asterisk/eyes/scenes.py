"""What is connected with a channel: the people on the other side, holds, the room it is in.

Connected is what shares a bridge, however many Local channels lie between. A phone that is only
called or consulted has the call's Linkedid, but is not connected.
"""

from __future__ import annotations

from collections.abc import Mapping

from sidecar.recorders.asterisk.eyes.channels import Channel, Channels
from sidecar.recorders.asterisk.eyes.people import Scene

MOST_REACHED = 1000


def reach(channels: Channels, uniqueid: str, walls: Mapping[str, object]) -> list[Channel]:
    """Return the channels connected with this one, itself first; bridges in `walls` part."""
    found: dict[str, Channel] = {}
    waiting = [uniqueid]
    while waiting and len(found) < MOST_REACHED:
        channel = channels.get(waiting.pop())
        if channel is None or channel.uniqueid in found:
            continue
        found[channel.uniqueid] = channel
        if channel.bridge and channel.bridge not in walls:
            waiting.extend(channels.talking_in(channel.bridge))
        waiting.extend(channels.other_half(channel))
    return list(found.values())


def ahead(channels: Channels, uniqueid: str, rooms: Mapping[str, str]) -> frozenset[str]:
    """Return the channels by which a call comes to whoever it comes to: its own among them.

    While it is bridged those are the connected ones: one of its people may consult somebody else
    meanwhile. Else any that belong to it, as the Dial that it waits for may lead anywhere.
    """
    own = channels.get(uniqueid)
    if own is None or not own.up or not own.bridge or own.bridge in rooms:
        return channels.group(uniqueid)
    return frozenset(each.uniqueid for each in reach(channels, uniqueid, rooms))


def scene(channels: Channels, uniqueid: str, rooms: Mapping[str, str]) -> Scene:
    """Return what is connected with a call's own channel. `rooms`: conferences by bridge."""
    reached = reach(channels, uniqueid, rooms)
    others = [each for each in reached if each.uniqueid != uniqueid]
    return Scene(
        people=frozenset(each.person for each in others if each.is_real),
        held=any(each.uniqueid in channels.held for each in others),
        room=next((rooms[each.bridge] for each in reached if each.bridge in rooms), ""),
    )


def answerers(channels: Channels, uniqueid: str) -> frozenset[str]:
    """Return who has answered a call whose own channel has just come up; none: the PBX itself.

    A dialled phone is up before Dial answers the caller. One that picked the call up is known by
    the end of the Dial only. Of a call that the PBX placed, whoever it was placed for.
    """
    own = channels.get(uniqueid)
    if own is None:
        return frozenset()
    found = set()
    for each in map(channels.get, channels.kin(uniqueid)):
        if each is None:
            continue
        if each.is_real and each is not own and (each.up or (own.dialled and not each.dialled)):
            found.add(each.person)
        picked = channels.get(each.reached)
        if picked is not None and picked.is_real and picked is not own:
            found.add(picked.person)
    return frozenset(found)


def confirmed(channels: Channels, own: Channel) -> frozenset[str] | None:
    """Return who of those that had answered a channel, as was told, has: None if it is not up."""
    if not own.up or own.answered_by is None:
        return None
    kin = [each for each in map(channels.get, channels.kin(own.uniqueid)) if each is not None]
    picked = [channels.get(each.reached) for each in kin]
    up = {each.uniqueid for each in (*kin, *picked) if each is not None and each.up}
    if own.dialled:
        return own.answered_by
    return frozenset(each for each in own.answered_by if each.partition(" ")[0] in up)
