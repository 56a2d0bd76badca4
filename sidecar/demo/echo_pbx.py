"""A PBX with one extension that answers every call: it gives back what it hears, or a tone."""

from __future__ import annotations

from sidecar.demo.phone import Phone
from sidecar.demo.sip_port import Trace

RING_S = 0.5


def echo_pbx(
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    tone_hz: int | None = None,
    ring_s: float = RING_S,
    trace: Trace | None = None,
) -> Phone:
    """A telephone that rings for `ring_s` seconds, answers, and echoes, or plays `tone_hz`.

    To be used as `async with echo_pbx(...) as pbx`; its calls are in `pbx.calls`.
    """
    pbx = Phone(host, port, user="pbx", tone_hz=tone_hz, echo=tone_hz is None, trace=trace)
    pbx.auto_answer(ring_s=ring_s)
    return pbx
