"""What the payload types of a party's packets mean, and what the other party calls the same.

A party ought to send by the numbers of the description that it was sent. Where descriptions crossed
those are the other party's own; where the sidecar answered alone, the party's. So a number that
the receiving party knows stands as it is, and one that only the sender knows is put into the
receiver's number for the same thing.
"""

from __future__ import annotations

from sidecar.rtp.silence import CLOCK_RATE, SILENCE

from .engine import RemoteMedia

_EVENT = "telephone-event"
_COMFORT_NOISE = 13
_IDENTITY = bytes(range(256))


def audio_marks(own: RemoteMedia | None, peer: RemoteMedia | None) -> bytes | None:
    """For each second byte of an RTP packet whether it is agreed audio; None: it is no RTP.

    Where no audio codec is known to either, whatever is no event may be audio.
    """
    if own is not None and own.kind == "raw":
        return None
    names = _names(own) | _names(peer)
    marks = bytearray(256)
    events = {number for number, name in names.items() if name.startswith(_EVENT)}
    agreed = set(names) - events
    for number in agreed or set(range(128)) - events - {_COMFORT_NOISE}:
        marks[number] = marks[number | 0x80] = 1
    return bytes(marks)


def event_rates(own: RemoteMedia | None, peer: RemoteMedia | None) -> dict[int, int]:
    """The numbers by which a party sends telephone events, and their clock rates.

    Devices that number events as they asked for themselves are understood too, unless that number
    means audio.
    """
    rates: dict[int, int] = {}
    for remote in (peer, own):
        if remote is not None and remote.telephone_event is not None:
            rates[remote.telephone_event] = remote.telephone_event_rate or CLOCK_RATE
    for remote in (peer, own):
        for number, name in _names(remote).items():
            if not name.startswith(_EVENT):
                rates.pop(number, None)
    return rates


def listened_to(own: RemoteMedia | None, peer: RemoteMedia | None) -> dict[int, str]:
    """The numbers of a party's audio in which tones can be heard, and their codecs."""
    names = _names(peer) | _names(own)
    codecs = {number: name.partition("/")[0].upper() for number, name in names.items()}
    return {number: codec for number, codec in codecs.items() if codec in SILENCE}


def translation(own: RemoteMedia | None, peer: RemoteMedia | None) -> bytes | None:
    """For each second byte of a party's packet the one to send on; None where all stay."""
    theirs, known = _names(own), _names(peer)
    numbers = {name: number for number, name in reversed(known.items())}
    table = bytearray(_IDENTITY)
    for number, name in theirs.items():
        if number not in known and name in numbers:
            table[number], table[number | 0x80] = numbers[name], numbers[name] | 0x80
    return bytes(table) if table != _IDENTITY else None


def _names(remote: RemoteMedia | None) -> dict[int, str]:
    """What each number means in a party's own description, the best first."""
    if remote is None or remote.kind == "raw":
        return {}
    names: dict[int, str] = {}
    if remote.codec is not None and remote.payload_type is not None:
        names[remote.payload_type] = f"{remote.codec}/{CLOCK_RATE}"
    for number, name in remote.codecs:
        names.setdefault(number, name)
    if remote.telephone_event is not None:
        names.setdefault(remote.telephone_event, f"{_EVENT}/{remote.telephone_event_rate}")
    return names
