"""The demo: a caller, the sidecar and an echo PBX on loopback, and one call between them.

It needs nothing but the package: ports are taken as they are free, the call record is kept in a
folder that is gone afterwards.
"""

from __future__ import annotations

import asyncio
import socket
import tempfile
from pathlib import Path

from sidecar.demo.call import Call
from sidecar.demo.echo_pbx import echo_pbx
from sidecar.demo.ladder import Ladder, Write
from sidecar.demo.phone import Phone
from sidecar.demo.tones import PURITY, QUIET, decode, level, purity, tone_spans
from sidecar.records.reader import read_records
from sidecar.records.record import COLUMNS, CallRecord
from sidecar.records.timestamps import to_text
from sidecar.rules.live import LiveRules
from sidecar.service import Service
from sidecar.settings import load_settings

CALLER_HZ = 1000
CALLEE_HZ = 440
TALK_S = 1.5
NUMBER = "100"

SETTINGS = """
rules = "rules.toml"
[sip]
listen = ["udp://127.0.0.1:{sip}"]
[pbx.echo]
uri = "sip:127.0.0.1:{pbx}"
hosts = ["127.0.0.1:{pbx}"]
[trunk.caller]
uri = "sip:127.0.0.1:{caller}"
hosts = ["127.0.0.1:{caller}"]
[media]
ports = "{media}-{last}"
[records]
database = "sqlite:///records.db"
[http]
listen = "127.0.0.1:{http}"
"""
RULES = """
[[rule]]
name = "demo"
match = { direction = "inbound" }
recording = "notice"
"""


async def show(write: Write) -> bool:
    """Run the demo; returns whether the call went as promised."""
    with tempfile.TemporaryDirectory(prefix="consent-sidecar-demo-") as folder:
        ladder = Ladder(write)
        async with (
            Phone(user="caller", tone_hz=CALLER_HZ, trace=ladder.left()) as caller,
            echo_pbx(tone_hz=CALLEE_HZ, trace=ladder.right()) as pbx,
        ):
            service = _service(Path(folder), caller, pbx)
            write("A caller, the sidecar and a PBX on this machine; nothing leaves it.")
            write("The rule that holds, as it would stand in rules.toml:")
            for line in RULES.strip().splitlines():
                write(f"    {line}")
            write("")
            await service.start()
            try:
                calls = await _call(service, caller, pbx, ladder)
            finally:
                await service.stop()
        (record,) = read_records(Path(folder) / "records.db", limit=2)
    kept = _tell_promise(*calls, record, write)
    _tell_record(record, write)
    _tell_where_next(write)
    return kept


async def _call(service: Service, caller: Phone, pbx: Phone, ladder: Ladder) -> tuple[Call, Call]:
    """Place the call and hang it up; returns it as the caller and as the PBX have it."""
    _transport, address = service.transports.addresses[0]
    ladder.head()
    call = await caller.invite(f"sip:{NUMBER}@{address[0]}:{address[1]}", via=address)
    await call.answered()
    there = next(iter(pbx.calls.values()))
    await call.media.until(lambda: _hears_something(call))
    ladder.note("both hear the notice; neither hears the other")
    await call.media.until(lambda: _hears_tone(call, CALLEE_HZ))
    await there.media.until(lambda: _hears_tone(there, CALLER_HZ))
    ladder.note("the notice has ended: now they hear each other")
    await asyncio.sleep(TALK_S)
    await call.hang_up()
    await there.ended()
    return call, there


def _tell_promise(call: Call, there: Call, record: CallRecord, write: Write) -> bool:
    """Measure on the audio that was received whether anybody was heard too early."""
    notice_end = min(record.notice_caller_at or 0.0, record.notice_callee_at or 0.0)
    first = min(
        tone_spans(call.media.blocks(), CALLEE_HZ)[0].start,
        tone_spans(there.media.blocks(), CALLER_HZ)[0].start,
    )
    kept = first >= notice_end - 0.02
    write("")
    write(
        f"Measured on the audio: the first tone of either party passed {first - notice_end:+.3f} s"
        f" after the notice's end: {'as promised' if kept else 'TOO EARLY'}."
    )
    return kept


def _tell_record(record: CallRecord, write: Write) -> None:
    write("")
    write("The record of the call, all that is kept of it:")
    for column in COLUMNS:
        value = getattr(record, column)
        text = to_text(value) if column.endswith("_at") else value
        write(f"  {column:<20} {'-' if text in (None, '') else text}")


def _tell_where_next(write: Write) -> None:
    write("")
    write("Where to look next:")
    write(
        "  config/sidecar.toml, config/rules.toml    what to set for a trunk and a PBX of your own"
    )
    write("  consent-sidecar explain -c FILE --from N --to N")
    write("                                            which rule would hold for a call, and why")
    write("  consent-sidecar cdr list -c FILE          the records of past calls")
    write("  http://127.0.0.1:9464/metrics             what Prometheus scrapes from `run`")


def _service(folder: Path, caller: Phone, pbx: Phone) -> Service:
    media = _free_port()
    text = SETTINGS.format(
        sip=_free_port(),
        http=_free_port(),
        pbx=pbx.address[1],
        caller=caller.address[1],
        media=media // 2 * 2 - 100,
        last=media // 2 * 2,
    )
    (folder / "sidecar.toml").write_text(text)
    (folder / "rules.toml").write_text(RULES)
    settings = load_settings(folder / "sidecar.toml")
    return Service(settings, LiveRules.load(settings))


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _hears_something(call: Call) -> bool:
    return bool(call.media.received) and level(_last_samples(call)) > QUIET


def _hears_tone(call: Call, hertz: int) -> bool:
    return _hears_something(call) and purity(_last_samples(call), hertz) >= PURITY


def _last_samples(call: Call) -> list[int]:
    packet = call.media.received[-1]
    codec = call.media.payload_types.get(packet.payload_type)
    return list(decode(codec, packet.payload)) if codec else []
