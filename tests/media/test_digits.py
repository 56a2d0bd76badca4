from __future__ import annotations

from sidecar.media.engine import Digit, Side
from sidecar.media.local import LocalEngine
from sidecar.rtp.packet import Packet
from sidecar.rtp.telephone_event import DIGITS, TelephoneEvent

from .phones import Call, Phone


def press(phone: Phone, port: int, digit: str, *, ends: int = 3, updates: int = 3) -> None:
    """One key, 20 ms between packets of the event's own timestamp."""
    phone.timestamp += 1600
    for number in range(updates + ends):
        phone.sequence += 1
        duration = 160 * min(number + 1, updates)
        event = TelephoneEvent(DIGITS.index(digit), number >= updates, 10, duration)
        packet = Packet(
            101, phone.sequence, phone.timestamp, phone.ssrc, number == 0, event.encode()
        )
        phone.send_raw(port, packet.encode())


async def test_each_key_is_reported_once_though_its_end_is_sent_three_times(
    engine: LocalEngine,
) -> None:
    call = await Call(engine).connected()
    for digit in "*9":
        press(call.a, call.ports_a[0], digit)
    assert await call.event(Digit) == Digit(Side.A, "*", 60)
    assert await call.event(Digit) == Digit(Side.A, "9", 60)
    await call.done()
    assert call.no_event()
    await call.close()


async def test_keys_are_heard_through_a_closed_gate_but_not_passed(engine: LocalEngine) -> None:
    call = await Call(engine).connected(open_gates=False)
    press(call.a, call.ports_a[0], "1")
    assert (await call.event(Digit)).digit == "1"
    heard = [await call.b.hear() for _ in range(5)]
    assert {packet.payload_type for packet in heard} == {0}
    await call.close()


async def test_a_key_whose_end_was_lost_is_reported_after_a_while(engine: LocalEngine) -> None:
    call = await Call(engine).connected()
    press(call.b, call.ports_b[0], "#", ends=0)
    assert await call.event(Digit) == Digit(Side.B, "#", 60)
    await call.close()


async def test_an_open_gate_passes_events_with_one_timestamp(engine: LocalEngine) -> None:
    call = await Call(engine).connected(open_gates=False)
    await call.b.hear()
    call.session.gate(Side.A, True)
    await call.done()

    press(call.a, call.ports_a[0], "5", updates=2, ends=1)
    heard = [await call.b.hear()]
    while heard[-1].payload_type != 101:
        heard.append(await call.b.hear())
    events = [heard[-1], await call.b.hear(), await call.b.hear()]

    assert len({packet.timestamp for packet in events}) == 1
    assert [TelephoneEvent.parse(packet.payload).end for packet in events] == [  # type: ignore[union-attr]
        False,
        False,
        True,
    ]
    await call.event(Digit)
    await call.close()


async def test_a_key_is_understood_by_the_number_the_other_party_gave_it(
    engine: LocalEngine,
) -> None:
    call = await Call(engine).opened()
    call.session.configure(Side.A, 0, call.a.remote(telephone_event=96))
    call.session.configure(Side.B, 0, call.b.remote(telephone_event=101))
    await call.done()
    press(call.a, call.ports_a[0], "7")
    assert (await call.event(Digit)).digit == "7"
    await call.close()
