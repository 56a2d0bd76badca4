"""Payload types: what a party's packets mean, and what they become for the other party."""

from __future__ import annotations

import pytest

from sidecar.media.engine import RemoteMedia
from sidecar.media.formats import audio_marks, event_rates, listened_to, translation


def party(
    *codecs: tuple[int, str], event: int | None = None, rate: int = 8000, kind: str = "rtp"
) -> RemoteMedia:
    return RemoteMedia(
        "192.0.2.1",
        4000,
        kind=kind,  # type: ignore[arg-type]
        codecs=codecs,
        telephone_event=event,
        telephone_event_rate=rate,
    )


PCMU, PCMA, OPUS = (0, "PCMU/8000"), (8, "PCMA/8000"), (111, "OPUS/48000")


@pytest.mark.parametrize(
    ("own", "peer", "changed"),
    [
        (party(PCMA, event=96), party(PCMA, event=101), {96: 101}),
        (party(PCMA, event=101), party(PCMA, event=101), {}),
        (party((97, "PCMA/8000")), party(PCMA), {97: 8}),
        (party(PCMA), party((97, "PCMA/8000")), {8: 97}),
        (party(PCMA, PCMU), party(PCMU), {}),
        (party(PCMA, event=96, rate=16000), party(PCMA, event=101), {}),
        (party((96, "OPUS/48000"), event=101), party((96, "G722/8000"), event=101), {}),
        (party(PCMA, event=96), party(PCMA), {}),
        (party((97, "PCMA/8000")), None, {}),
        (party(kind="raw"), party(kind="raw"), {}),
    ],
    ids="events same audio back missing rate conflict none alone fax".split(),
)
def test_a_number_that_only_the_sender_knows_becomes_the_other_one_s(
    own: RemoteMedia, peer: RemoteMedia | None, changed: dict[int, int]
) -> None:
    table = translation(own, peer) or bytes(range(256))
    for number in range(128):
        assert table[number] == changed.get(number, number)
        assert table[number | 0x80] == changed.get(number, number) | 0x80


def test_only_agreed_audio_settles_a_source() -> None:
    marks = audio_marks(party(PCMA, OPUS, event=96), party(PCMA, event=101))
    assert marks is not None
    assert {number for number in range(256) if marks[number]} == {8, 0x88, 111, 111 | 0x80}


def test_where_no_codec_is_known_whatever_is_no_event_may_be_audio() -> None:
    marks = audio_marks(party(event=101), None)
    assert marks is not None
    assert not marks[101]
    assert not marks[13]
    assert marks[0]
    assert marks[96]
    assert audio_marks(party(kind="raw"), None) is None


def test_tones_are_heard_in_the_codecs_that_were_named_and_no_others() -> None:
    assert listened_to(party((97, "PCMA/8000"), OPUS), party(PCMU)) == {97: "PCMA", 0: "PCMU"}


def test_an_event_s_number_that_means_audio_is_none() -> None:
    assert event_rates(party(PCMA, event=101), party((101, "OPUS/48000"))) == {}
    assert event_rates(party(PCMA, event=96), party(PCMA, event=101, rate=16000)) == {
        96: 8000,
        101: 16000,
    }
