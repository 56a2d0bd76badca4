"""What the console prints, and what may be said to it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.recorders.asterisk.wire.mixmonitor import (
    Instance,
    Recording,
    is_plain_file,
    list_command,
    parse_bridges,
    parse_list,
    parse_permissions,
    recording_of,
)

HEAD = ("MixMonitor ID\tFile\tReceive File\tTransmit File", "=" * 73)


def test_the_list_tells_id_and_files_of_each_instance() -> None:
    assert parse_list([*HEAD, "0x7f92\t/r/b\t\t", "0x7f93\t/r/a\t/r/a-r\t/r/a-t"]) == (
        Instance("0x7f92", "/r/b"),
        Instance("0x7f93", "/r/a", "/r/a-r", "/r/a-t"),
    )


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (HEAD, ()),
        (("No channel matching 'PJSIP/x' found.",), None),
        ((*HEAD, "0x1", "a line of a file name\t/x"), (Instance("0x1"),)),
        ((), None),
        (("0x1\t/x",), None),
        ((*HEAD, "No channel matching 'PJSIP/x' found."), ()),
    ],
)
def test_no_recording_is_told_from_no_channel_and_from_what_is_no_list(
    output: tuple[str, ...], expected: tuple[Instance, ...] | None
) -> None:
    assert parse_list(output) == expected


@given(st.lists(st.text()))
def test_no_output_upsets_the_parsers(output: list[str]) -> None:
    parse_list(output)
    parse_bridges(output)
    parse_permissions(output)


def test_a_channel_s_name_is_one_word_to_the_console() -> None:
    assert list_command('Local/1 "2\\@x;1') == 'mixmonitor list "Local/1 \\"2\\\\@x;1"'


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("/var/spool/asterisk/monitor/2026/call 1.wav", True),
        ("/r/+4420-ünï.wav", True),
        ("monitor/a.wav", False),
        ("/r/a,i(X).wav", False),
        ("/r/a)b(/etc/x).wav", False),
        ("/r/../../etc/passwd", False),
        ('/r/"a".wav', False),
        ("/r/a\r\nAction: Logoff", False),
        ("/r/a\\", False),
        ("", False),
    ],
)
def test_only_plain_names_are_given_back_to_asterisk(name: str, plain: bool) -> None:
    assert is_plain_file(name) is plain
    assert Recording(name, "", "").may_be_restarted is plain


def test_an_instance_begins_again_in_all_its_files() -> None:
    recording = recording_of(Instance("0x1", "/r/a", "/r/a-r", "/r/a-t"), "/r/a.wav49")

    assert recording == Recording("/r/a.wav49", "/r/a-r.wav49", "/r/a-t.wav49")
    assert recording.options == "ar(/r/a-r.wav49)t(/r/a-t.wav49)"


def test_bridges_have_their_technology_with_and_without_a_duration() -> None:
    output = [
        "Bridge-ID    Name   Chans Type            Technology      Duration",
        "d1a1e7fb     room1      3 base            softmix         00:00:04",
        "b137567e                1 parking         holding_bridge",
    ]

    assert parse_bridges(output) == {"d1a1e7fb": "softmix", "b137567e": "holding_bridge"}


def test_a_user_s_rights_are_read() -> None:
    output = ["       username: x", "      read perm: call,dialplan", "     write perm: all"]

    assert parse_permissions(output) == {"read": {"call", "dialplan"}, "write": {"all"}}
