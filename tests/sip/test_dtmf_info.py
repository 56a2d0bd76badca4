"""Keys in the bodies of INFO requests."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.sip.dtmf_info import DIGITS, EVENT, PLAIN, RELAY, DtmfInfo, parse, write


@pytest.mark.parametrize(
    ("body", "key"),
    [
        (b"Signal=5\r\nDuration=160\r\n", DtmfInfo("5", 160)),
        (b"Signal= *\r\nDuration= 250\r\n", DtmfInfo("*", 250)),
        (b"Signal=#\nDuration=160", DtmfInfo("#", 160)),
        (b"SIGNAL = d\r\nduration = 0090\r\n", DtmfInfo("D", 90)),
        (b"Signal=10\r\nDuration=160\r\n", DtmfInfo("*", 160)),
        (b"Signal=11\r\nDuration=160\r\n", DtmfInfo("#", 160)),
        (b"Signal=12\r\nDuration=160\r\n", DtmfInfo("A", 160)),
        (b"Duration=160\r\n\r\nSignal=1\r\n", DtmfInfo("1", 160)),
        (b"Signal=1\r\n", DtmfInfo("1", 100)),
        (b"Signal=1\r\nDuration=\r\n", DtmfInfo("1", 100)),
        (b"Signal=1\r\nDuration=-5\r\n", DtmfInfo("1", 100)),
        (b"Signal=1\r\nDuration=0\r\n", DtmfInfo("1", 100)),
        (b"Signal=1\r\nDuration=99999999\r\n", DtmfInfo("1", 10_000)),
        (b"Signal=1\r\nDuration=" + b"9" * 200, DtmfInfo("1", 100)),
        (b"Signal=1\r\nVolume=3\r\nnonsense\r\n", DtmfInfo("1", 100)),
        (b"", None),
        (b"Signal=\r\nDuration=160\r\n", None),
        (b"Signal=16\r\nDuration=160\r\n", None),
        (b"Signal=!\r\n", None),
        (b"Signal=12345\r\n", None),
        (b"Signal=1\r\nSignal=2\r\n", None),
        (b"Signal=\xb2\r\n", None),
        (b"Signal=1\r\n" + b"x" * 300, None),
        (b"Signal: 1\r\nDuration: 160\r\n", DtmfInfo("1", 160)),
        (b"d=1\r\n", DtmfInfo("1", 100)),
        (b"5", DtmfInfo("5", 100)),
        (b"Signal=1\r\nd=1\r\n", None),
    ],
)
def test_a_relayed_key_is_read(body: bytes, key: DtmfInfo | None) -> None:
    assert parse(RELAY, body) == key


@pytest.mark.parametrize(
    ("body", "key"),
    [
        (b"5", DtmfInfo("5", 100)),
        (b" *\r\n", DtmfInfo("*", 100)),
        (b"11", DtmfInfo("#", 100)),
        (b"a", DtmfInfo("A", 100)),
        (b"55", None),
        (b"", None),
        (b"d=1", DtmfInfo("1", 100)),
        (b"D = *\r\n", DtmfInfo("*", 100)),
        (b"Signal=5", DtmfInfo("5", 100)),
        (b"Signal: 5\r\nDuration: 200\r\n", DtmfInfo("5", 200)),
        (b"x=5", None),
    ],
)
def test_a_single_key_is_read(body: bytes, key: DtmfInfo | None) -> None:
    assert parse(PLAIN, body) == key


@pytest.mark.parametrize(
    ("body", "key"),
    [
        (bytes((1, 0x8A, 0x05, 0x00)), DtmfInfo("1", 160)),
        (bytes((10, 0x80, 0x05, 0x00)), DtmfInfo("*", 160)),
        (bytes((1, 0x0A, 0x00, 0xA0)), DtmfInfo("1", 20, ended=False)),
        (bytes((15, 0x8A, 0xFF, 0xFF)), DtmfInfo("D", 8191)),
        (bytes((3, 0x8A, 0x00, 0x00)), DtmfInfo("3", 100)),
        (bytes((16, 0x8A, 0x05, 0x00)), None),
        (bytes((1, 0x8A, 0x05)), None),
        (b"5", DtmfInfo("5", 100)),
        (b"Signal=5\r\nDuration=160\r\n", DtmfInfo("5", 160)),
    ],
)
def test_an_event_of_rfc_4733_is_read(body: bytes, key: DtmfInfo | None) -> None:
    assert parse(EVENT, body) == key


@pytest.mark.parametrize("kind", [None, "", "application/sdp", "text/plain", "application/dtmf2"])
def test_a_body_of_another_type_is_no_key(kind: str | None) -> None:
    assert parse(kind, b"5") is None


def test_case_and_parameters_of_the_type_do_not_matter() -> None:
    assert parse("Application/DTMF-Relay ; charset=utf-8", b"Signal=5") == DtmfInfo("5", 100)
    assert write("APPLICATION/dtmf;x=y", "5", 100) == b"5"


@pytest.mark.parametrize("digit", DIGITS)
def test_what_is_written_is_read_again(digit: str) -> None:
    assert write(RELAY, digit, 160) == f"Signal={digit}\r\nDuration=160\r\n".encode()
    assert parse(RELAY, write(RELAY, digit, 160)) == DtmfInfo(digit, 160)
    assert parse(PLAIN, write(PLAIN, digit, 160)) == DtmfInfo(digit, 100)
    assert parse(EVENT, write(EVENT, digit, 160)) == DtmfInfo(digit, 160)
    down = DtmfInfo(digit, 160, ended=False)
    assert parse(EVENT, write(EVENT, digit, 160, ended=False)) == down


@pytest.mark.parametrize(
    ("kind", "digit"), [(RELAY, ""), (RELAY, "12"), (RELAY, "\r"), ("text/plain", "1")]
)
def test_nothing_else_is_written(kind: str, digit: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        write(kind, digit, 100)


def test_a_written_duration_is_within_bounds() -> None:
    assert parse(RELAY, write(RELAY, "1", 10**9)) == DtmfInfo("1", 10_000)
    assert parse(RELAY, write(RELAY, "1", -1)) == DtmfInfo("1", 1)


@given(st.sampled_from([RELAY, PLAIN, EVENT]), st.binary(max_size=300))
def test_no_bytes_upset_the_parser(kind: str, body: bytes) -> None:
    key = parse(kind, body)
    assert key is None or (key.digit in DIGITS and 1 <= key.duration_ms <= 10_000)
