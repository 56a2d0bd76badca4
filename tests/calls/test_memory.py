"""What stays in memory of calls that have ended: caches of a bounded size, and nothing else."""

from __future__ import annotations

import gc
import logging
import sys
import tracemalloc
import warnings
from collections.abc import Callable, Iterator

import pytest
import structlog

from sidecar.calls.crossing.header_policy import LONGEST_CACHED, SiteHeaders
from sidecar.calls.limits import Limits
from sidecar.net.address import _is_numeric, is_numeric
from sidecar.numbers.number import _remembered, read_number
from sidecar.sip.errors import ParseError
from sidecar.sip.grammar import _ipv6_address, ipv6_address
from sidecar.sip.header_names import canonical_name, spellings
from tests.calls.agents import Incoming, Outgoing, sdp
from tests.calls.world import NOTICE, OFF, PBX_MEDIA, TRUNK_MEDIA, World

CALLS = 100
EVENTS = 64
"""Events that are kept for subscribers here: each is of another call, and there is room for few."""


def clear_type_cache() -> None:
    """Empty the interpreter's own cache of attributes, of 4,096 entries.

    Each `case` with places, and each `finditer`, leaves a new name in it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of Python 3.13
        sys._clear_type_cache()


class Shape:
    """Calls of one kind, no two of them with a number, an identifier or a port in common."""

    def __init__(self, w: World, end: Callable[[World, Outgoing, Incoming], None]) -> None:
        self._w = w
        self._end = end
        self._calls = 0

    def place(self, calls: int) -> None:
        for _ in range(calls):
            self._calls += 1
            self._one(self._calls)
            self._w.pass_time(0.1)
        self._forget()

    def _one(self, number: int) -> None:
        w = self._w
        name = f"{number:08}"
        there = w.trunk.call(
            to=f"+4420{name}",
            caller=f"+4930{name}",
            call_id=f"id-{name}@example",
            tag=f"tag-{name}",
            body=sdp(TRUNK_MEDIA, 4000 + 2 * number, version=number, more=f"a=ssrc:{name} cname:x"),
            headers=[("X-Correlation", name), ("User-to-User", f"{name};encoding=hex")],
        )
        w.settle()
        w.hear_notices()
        self._end(w, there, w.pbx.calls[-1])
        w.settle()

    def _forget(self) -> None:
        """Let the time of every transaction pass, and the neighbours and stubs forget."""
        w = self._w
        w.pass_time(700.0)
        for _ in range(3):
            w.b2bua.wake(w.moment)
        for agent in w.agents.values():
            agent.received.clear()
            agent.served.clear()
            agent.calls.clear()
            agent.dialogs.clear()
            agent._owners.clear()
        w.engine.opened.clear()
        w.recorder.sessions.clear()
        w.records.waiting.clear()
        w.records.begun.clear()
        w.records.updated.clear()
        w.records.finished.clear()
        w.rules.asked.clear()
        gc.collect()
        clear_type_cache()


def talking(w: World, there: Outgoing, here: Incoming) -> None:
    here.answer(sdp(PBX_MEDIA, 4000 + len(here.request.call_id)))
    w.settle()
    w.hear_notices()
    there.hang_up()


def refused(w: World, _there: Outgoing, here: Incoming) -> None:
    here.ring()
    w.settle()
    here.respond(486)


def challenged(_w: World, _there: Outgoing, here: Incoming) -> None:
    here.respond(407, [("Proxy-Authenticate", f'Digest realm="x", nonce="{here.tag}"')])


def cancelled(w: World, there: Outgoing, here: Incoming) -> None:
    here.ring()
    w.settle()
    there.cancel()


def relaying(w: World, there: Outgoing, here: Incoming) -> None:
    number = there.request.from_tag
    w.pbx.request("SUBSCRIBE", f"sip:{number}@carrier.example", [("Event", "presence")])
    w.settle()
    w.pbx.request("OPTIONS", f"sip:{number}@carrier.example")
    w.settle()
    refused(w, there, here)


@pytest.fixture
def traced() -> Iterator[None]:
    """Lines of the log are left out: what captures them for the test's report would keep them."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    tracemalloc.start()
    yield
    tracemalloc.stop()
    structlog.reset_defaults()


@pytest.mark.parametrize(
    ("decision", "end"),
    [
        (OFF, talking),
        (OFF, refused),
        (OFF, challenged),
        (OFF, cancelled),
        (OFF, relaying),
        (NOTICE, talking),
    ],
)
def test_calls_that_have_nothing_in_common_leave_nothing_behind(world, traced, decision, end):
    """No line has made an object for every second call that is still there."""
    w = world(decision, limits=Limits(rate=1000))
    w.events._ring = [None] * EVENTS
    shape = Shape(w, end)
    shape.place(CALLS)
    before = tracemalloc.take_snapshot()

    shape.place(CALLS)

    compared = tracemalloc.take_snapshot().compare_to(before, "lineno")
    assert [str(line) for line in compared if line.count_diff > 0.5 * CALLS] == []


class TestCachesKeepNothingThatIsAsLongAsASenderLikes:
    """Their size is bounded in entries, so that of an entry must be bounded too."""

    LONG = 5000

    def test_names_of_header_fields(self):
        before = len(spellings)

        assert canonical_name("x" * self.LONG) == "X" + "x" * (self.LONG - 1)

        assert len(spellings) == before

    def test_names_of_header_fields_that_a_site_passes_on(self):
        site = SiteHeaders(["X-*"])

        assert site.allow("X-" + "y" * LONGEST_CACHED)
        assert site.allow("X-Short")

        assert site._allow.cache_info().currsize == 1

    def test_hosts_of_uris(self):
        before = _is_numeric.cache_info().currsize

        assert not is_numeric("h" * self.LONG)

        assert _is_numeric.cache_info().currsize == before

    def test_ipv6_references(self):
        before = _ipv6_address.cache_info().misses

        with pytest.raises(ParseError):
            ipv6_address("0" * self.LONG + "::1")

        assert _ipv6_address.cache_info().misses == before

    def test_numbers(self):
        before = _remembered.cache_info().misses

        assert read_number("+" + "4" * self.LONG).e164 == ""
        assert read_number("123;phone-context=+" + "4" * self.LONG).e164 == ""

        assert _remembered.cache_info().misses <= before + 1
