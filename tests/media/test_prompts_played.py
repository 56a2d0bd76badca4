from __future__ import annotations

import asyncio
import itertools

import pytest

from sidecar.media.engine import Played, PlayFailed, Side
from sidecar.media.local import LocalEngine

from .phones import SILENCE, SPEECH, Call, Phone, assert_one_stream

LONG_S = 1.0
"""Of the prompt "long"."""

FRAMES = 6
"""Of the prompt "notice": 110 ms, the last frame filled up."""


async def test_a_prompt_is_reported_when_its_last_frame_is_over(engine: LocalEngine) -> None:
    call = await Call(engine).connected(open_gates=False)
    heard = await call.a.hear_until(SILENCE)

    call.session.play(Side.A, "notice", "en")
    played = await call.event(Played)
    heard += await call.a.hear_until(SILENCE)
    while heard[-2].payload == SILENCE:
        heard += await call.a.hear_until(SILENCE)

    prompt = [packet for packet in heard if packet.payload != SILENCE]
    assert len(prompt) == FRAMES
    assert [packet.marker for packet in prompt] == [True] + [False] * (FRAMES - 1)
    assert prompt[-1].payload.endswith(b"\xff" * 80)
    assert_one_stream(heard)
    assert (played.side, played.name) == (Side.A, "notice")
    assert played.ended_at - played.started_at == pytest.approx(FRAMES * 0.02, abs=0.02)
    await call.close()


async def test_timestamps_count_every_millisecond_from_silence_to_prompt_to_speech(
    engine: LocalEngine,
) -> None:
    call = await Call(engine).connected(open_gates=False)
    call.session.play(Side.A, "notice", "en")
    await call.event(Played)
    call.session.gate(Side.B, True)
    await call.done()
    call.b.send(call.ports_b[0], SPEECH)

    heard = await call.a.hear_until(SPEECH)

    own = heard[:-1]
    assert [b.timestamp - a.timestamp for a, b in itertools.pairwise(own)] == [160] * (len(own) - 1)
    assert_one_stream(heard)
    assert heard[-1].marker
    await call.close()


async def test_nothing_else_reaches_a_party_while_a_prompt_plays(engine: LocalEngine) -> None:
    call = await Call(engine).connected()
    call.b.send(call.ports_b[0], SPEECH)
    heard = [await call.a.hear()]

    call.session.play(Side.A, "notice", "en")
    await call.done()
    call.b.send(call.ports_b[0], SPEECH)
    await call.event(Played)
    call.b.send(call.ports_b[0], b"\x44" * 160)
    heard += await call.a.hear_until(b"\x44" * 160)

    assert len(heard) == 1 + FRAMES + 1
    assert_one_stream(heard)
    assert heard[0].ssrc == call.b.ssrc
    await call.close()


async def test_both_parties_can_hear_prompts_at_once(engine: LocalEngine) -> None:
    call = await Call(engine).connected(open_gates=False)
    call.session.play(Side.A, "notice", "en-GB")
    call.session.play(Side.B, "notice", "en")
    played = {(await call.event(Played)).side, (await call.event(Played)).side}
    assert played == {Side.A, Side.B}
    await call.close()


async def test_a_party_that_was_put_on_hold_hears_the_prompt_from_its_beginning(
    engine: LocalEngine,
) -> None:
    call = await Call(engine).connected(open_gates=False)
    call.session.play(Side.A, "notice", "en")
    while (await call.a.hear()).payload == SILENCE:
        pass

    call.session.configure(Side.A, 0, call.a.remote(hears=False))
    await call.done()
    call.a.forget()
    for _ in range(10):
        await call.b.hear()  # 200 ms, longer than the prompt
    assert call.no_event()
    assert call.a.hears_nothing()
    call.session.configure(Side.A, 0, call.a.remote())
    heard = [await call.a.hear() for _ in range(FRAMES)]

    assert heard[0].marker
    assert SILENCE not in {packet.payload for packet in heard}
    await call.event(Played)
    await call.close()


async def test_a_prompt_whose_packets_are_refused_from_some_moment_on_fails(
    engine: LocalEngine,
) -> None:
    """Frames go on to be taken by the kernel, each but the last one is refused (ICMP)."""
    call = await Call(engine).connected(open_gates=False)
    call.session.play(Side.A, "long", "en")
    for _ in range(20):
        await call.a.hear()

    call.a.close()

    assert await call.event(PlayFailed) == PlayFailed(Side.A, "long", "unreachable")
    await call.close()


async def test_a_prompt_to_a_port_that_is_closed_from_the_start_fails(engine: LocalEngine) -> None:
    call = await Call(engine).connected(open_gates=False)
    call.a.close()
    call.session.play(Side.A, "notice", "en")
    assert await call.event(PlayFailed) == PlayFailed(Side.A, "notice", "unreachable")
    await call.close()


async def test_a_prompt_of_which_packets_were_refused_begins_anew(engine: LocalEngine) -> None:
    call = await Call(engine).connected(open_gates=False)
    call.session.play(Side.A, "long", "en")
    for _ in range(20):
        await call.a.hear()
    port = call.a.port
    call.a.close()
    for _ in range(5):
        await call.b.hear()  # 100 ms

    call.a = Phone(port=port)
    played = await call.event(Played)

    assert played.ended_at - played.started_at == pytest.approx(LONG_S, abs=0.05)
    await call.close()


async def test_a_prompt_that_is_refused_now_and_then_fails_at_last(
    engine: LocalEngine,
) -> None:
    """A host may tell of one refused packet a second: what went between does not make it heard."""
    call = await Call(engine).connected(open_gates=False)
    call.session.play(Side.A, "long", "en")
    phone, port = call.a, call.a.port
    failed = asyncio.create_task(call.event(PlayFailed))
    while not failed.done():
        phone.close()
        for _ in range(6):
            await call.b.hear()
        phone = Phone(port=port)
        for _ in range(6):
            await call.b.hear()
    assert (await failed).reason == "unreachable"
    phone.close()
    await call.close()


async def test_a_prompt_starts_anew_when_the_call_moves_to_another_phone(
    engine: LocalEngine,
) -> None:
    call = await Call(engine).connected(open_gates=False)
    desk = Phone()
    call.session.play(Side.A, "notice", "en")
    while (await call.a.hear()).payload == SILENCE:
        pass

    call.session.configure(Side.A, 0, desk.remote())
    heard = [await desk.hear() for _ in range(FRAMES)]

    assert heard[0].marker
    assert SILENCE not in {packet.payload for packet in heard}
    await call.event(Played)
    desk.close()
    await call.close()


async def test_a_prompt_waits_for_a_party_that_is_not_known_yet(engine: LocalEngine) -> None:
    call = await Call(engine).opened()
    call.session.play(Side.A, "notice", "en")
    await call.done()
    assert call.no_event()

    call.session.configure(Side.A, 0, call.a.remote())

    await call.event(Played)
    await call.close()


@pytest.mark.parametrize(
    ("name", "language", "codec", "reason"),
    [
        ("nothing", "en", "PCMU", "no-prompt"),
        ("notice", "de", "PCMU", "no-prompt"),
        ("../notice", "en", "PCMU", "no-prompt"),
        ("notice", "en", None, "no-codec"),
    ],
)
async def test_a_prompt_that_cannot_be_played_fails_at_once(
    engine: LocalEngine, name: str, language: str, codec: str | None, reason: str
) -> None:
    call = await Call(engine).connected(codec=codec)
    call.session.play(Side.B, name, language)
    assert await call.event(PlayFailed) == PlayFailed(Side.B, name, reason)
    await call.close()


async def test_a_stopped_prompt_has_failed(engine: LocalEngine) -> None:
    call = await Call(engine).connected(open_gates=False)
    call.session.play(Side.A, "notice", "en")
    call.session.stop(Side.A)
    assert (await call.event(PlayFailed)).reason == "stopped"
    await call.a.hear_until(SILENCE)
    await call.close()


async def test_a_second_prompt_replaces_the_first(engine: LocalEngine) -> None:
    call = await Call(engine).connected(open_gates=False)
    call.session.play(Side.A, "notice", "en")
    call.session.play(Side.A, "notice", "en")
    assert (await call.event(PlayFailed)).reason == "replaced"
    await call.event(Played)
    await call.close()


async def test_a_refresh_of_the_session_does_not_disturb_a_prompt(engine: LocalEngine) -> None:
    call = await Call(engine).connected(open_gates=False)
    call.session.play(Side.A, "notice", "en")
    heard = [await call.a.hear() for _ in range(2)]
    call.session.configure(Side.A, 0, call.a.remote())
    await call.event(Played)
    heard += [await call.a.hear() for _ in range(6)]
    prompt = [packet for packet in heard if packet.payload != SILENCE]
    assert len(prompt) == FRAMES
    await call.close()
