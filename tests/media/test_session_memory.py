from __future__ import annotations

import gc
import time

from sidecar.media.endpoint import Endpoint
from sidecar.media.engine import MediaEvent, Side
from sidecar.media.ports import PortPool
from sidecar.media.reactor import Reactor
from sidecar.media.session import Session, Surroundings
from sidecar.media.talker import Talker

from .phones import Phone


def test_a_closed_session_is_gone_without_the_garbage_collector() -> None:
    """The worker runs with it off: a session that referred to itself would stay for ever."""
    reactor, ports = Reactor(), PortPool("127.0.0.1", 32600, 32620)
    events: list[MediaEvent] = []
    notice = {"en/notice": {"PCMU": bytes(320)}}
    around = Surroundings(reactor, ports, notice, lambda _, event: events.append(event))
    gc.collect()
    gc.disable()
    try:
        now = time.monotonic()
        session = Session(1, 2, around, now)
        phone = Phone()
        for side in Side:
            session.configure(side, 0, phone.remote(), now)
        session.play(Side.A, "notice", "en/notice", now)
        phone.send(session.opened().ports_a[0], b"\x2a" * 160)
        session.gate(Side.A, True, now)
        before = _living(Endpoint, Talker, Session)
        session.close(now)
        del session
        reactor.pacer.run(now + 1.0)
        after = _living(Endpoint, Talker, Session)
    finally:
        gc.enable()
        phone.close()
        reactor.close()
    assert before == 9
    assert after == 0
    assert ports.in_use == 0
    assert len(reactor) == 0


def _living(*kinds: type[object]) -> int:
    return sum(isinstance(each, kinds) for each in gc.get_objects())
