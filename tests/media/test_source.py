from __future__ import annotations

from sidecar.media.engine import Side
from sidecar.media.local import LocalEngine

from .phones import SILENCE, SPEECH, Call, Phone


async def test_strangers_are_dropped_and_counted(engine: LocalEngine) -> None:
    call = await Call(engine).connected()
    stranger = Phone()
    await call.speak()

    for _ in range(3):
        stranger.send(call.ports_a[0], b"\x66" * 160)
    heard = await call.speak()
    await call.done()
    await call.done()

    assert heard.payload == SPEECH
    stranger.close()
    assert (await call.close()).a.strangers == 3


async def test_a_party_behind_nat_is_found_by_its_first_packet(engine: LocalEngine) -> None:
    call = await Call(engine).connected()
    outside = Phone()

    outside.send(call.ports_a[0], SPEECH)
    await call.b.hear()
    call.b.send(call.ports_b[0], SPEECH)

    assert (await outside.hear()).payload == SPEECH
    outside.close()
    await call.close()


async def test_another_address_may_take_the_lock_only_within_the_first_second(
    engine: LocalEngine,
) -> None:
    call = await Call(engine).connected(open_gates=False)
    first, second, late = Phone(), Phone(), Phone()

    first.send(call.ports_a[0], SPEECH)
    await first.hear_until(SILENCE)
    second.send(call.ports_a[0], SPEECH)
    for _ in range(55):
        await second.hear_until(SILENCE)  # 1.1 s
    late.send(call.ports_a[0], SPEECH)
    second.send(call.ports_a[0], SPEECH)
    late.send(call.ports_a[0], SPEECH)
    await call.done()
    second.forget()
    await second.hear_until(SILENCE)

    assert late.hears_nothing()
    closed = await call.close()
    assert closed.a.strangers == 2
    assert closed.a.received == 3
    for phone in (first, second, late):
        phone.close()


async def test_the_signalled_address_takes_the_lock_back_and_keeps_it(
    engine: LocalEngine,
) -> None:
    call = await Call(engine).connected(open_gates=False)
    spray = Phone()
    spray.send(call.ports_a[0], SPEECH)
    for _ in range(55):
        await spray.hear_until(SILENCE)  # 1.1 s: the lock has settled
    spray.send(call.ports_a[0], SPEECH)
    await call.done()

    call.a.send(call.ports_a[0], SPEECH)
    call.a.forget()
    await call.a.hear_until(SILENCE)
    spray.send(call.ports_a[0], SPEECH)
    await call.done()
    spray.forget()
    await call.a.hear_until(SILENCE)

    assert spray.hears_nothing()
    assert (await call.close()).a.strangers == 1
    spray.close()


async def test_a_new_address_resets_the_lock_and_the_one_left_is_a_stranger(
    engine: LocalEngine,
) -> None:
    call = await Call(engine).connected()
    await call.speak()
    desk = Phone()

    call.session.configure(Side.A, 0, desk.remote())
    await call.done()
    call.a.send(call.ports_a[0], b"\x66" * 160)
    sent = desk.send(call.ports_a[0], SPEECH)

    assert await call.b.hear() == sent
    call.b.send(call.ports_b[0], SPEECH)
    assert (await desk.hear()).payload == SPEECH
    assert call.a.hears_nothing()
    assert (await call.close()).a.strangers == 1
    desk.close()


async def test_a_refresh_with_the_same_address_keeps_the_lock(engine: LocalEngine) -> None:
    call = await Call(engine).connected()
    outside = Phone()
    outside.send(call.ports_a[0], SPEECH)
    await call.b.hear()

    call.session.configure(Side.A, 0, call.a.remote())
    await call.done()
    call.b.send(call.ports_b[0], SPEECH)

    assert (await outside.hear()).payload == SPEECH
    outside.close()
    await call.close()


async def test_a_flood_of_strangers_does_not_keep_the_party_out(engine: LocalEngine) -> None:
    call = await Call(engine).connected()
    stranger = Phone()
    await call.speak()
    await call.done()

    for _ in range(500):
        stranger.send(call.ports_a[0], b"\x66" * 160)
    heard = await call.speak()

    assert heard.payload == SPEECH
    await call.done()
    assert 0 < (await call.close()).a.strangers <= 500
    stranger.close()
