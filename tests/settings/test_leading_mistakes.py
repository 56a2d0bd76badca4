"""Mistakes in what becomes of mailboxes, rooms, new parties, holds; each twin of one is right."""

from __future__ import annotations

import pytest

from sidecar.sip.uri import Uri
from sidecar.tables.addresses import parse_mailbox
from tests.settings.test_rules_mistakes import (
    DEFAULTS,
    EXPECT,
    MATCH,
    NAME,
    NOTICE,
    POLICY,
    SALES,
)

TO = 'to = "sip:vm102@127.0.0.1"'

MISTAKES = [
    # voicemail
    (DEFAULTS, f'{DEFAULTS}\nvoicemail = "denied"', 'rules.toml:3: defaults.voicemail: must be '
     '"allow", "notice", "consent" or "deny", not "denied" (did you mean "deny"?)'),
    (DEFAULTS, f'{DEFAULTS}\nvoicemail_divert = {{ {TO} }}', "rules.toml:3: "
     "defaults.voicemail_divert: a mailbox is for the calls of a rule: write it into a [[rule]]"),
    (NAME, f'{NAME}\nvoicemail_divert = {{}}', "rules.toml:5: rule[1].voicemail_divert: which "
     'mailbox? Write to = "sip:vm102@192.0.2.10" into it'),
    (NAME, f'{NAME}\nvoicemail_divert = "102"', "rules.toml:5: rule[1].voicemail_divert: must be a "
     'table, not "102"'),
    (NAME, f'{NAME}\nvoicemail_divert = {{ after = "900ms", {TO} }}', "rules.toml:5: "
     'rule[1].voicemail_divert.after: "900ms" must be between 1s and 10m'),
    (NAME, f'{NAME}\nvoicemail_divert = {{ after = "11m", {TO} }}', "rules.toml:5: "
     'rule[1].voicemail_divert.after: "11m" must be between 1s and 10m'),
    (NAME, f'{NAME}\nvoicemail_divert = {{ after = 20, {TO} }}', "rules.toml:5: "
     'rule[1].voicemail_divert.after: must be a time like "8s" or "500ms", not 20'),
    (NAME, f'{NAME}\nvoicemail_divert = {{ on = ["bussy"], {TO} }}', "rules.toml:5: "
     'rule[1].voicemail_divert.on[1]: must be "busy", "no-answer" or "unavailable", not "bussy" '
     '(did you mean "busy"?)'),
    (NAME, f'{NAME}\nvoicemail_divert = {{ on = [], {TO} }}', "rules.toml:5: "
     "rule[1].voicemail_divert.on: must not be empty"),
    (NAME, f'{NAME}\nvoicemail_divert = {{ after = "9s", on = ["busy"], {TO} }}', "rules.toml:5: "
     'rule[1].voicemail_divert.after: nothing happens after it: write "no-answer" into on'),
    (NAME, f'{NAME}\nvoicemail_divert = {{ to = "tel:102" }}', "rules.toml:5: "
     'rule[1].voicemail_divert.to: must be a SIP URI like "sip:vm102@192.0.2.10", not "tel:102"'),
    (NAME, f'{NAME}\nvoicemail_divert = {{ to = "sip:127.0.0.1" }}', "rules.toml:5: "
     'rule[1].voicemail_divert.to: must be a SIP URI like "sip:vm102@192.0.2.10", not '
     '"sip:127.0.0.1"'),
    (NAME, f'{NAME}\nvoicemail_divert = {{ to = "sip:vm@127.0.0.999" }}', "rules.toml:5: "
     'rule[1].voicemail_divert.to: "sip:vm@127.0.0.999": "127.0.0.999" must be HOST or HOST:PORT'),
    (NAME, f'{NAME}\nvoicemail_divert = {{ to = "sip:vm@192.0.2.1" }}', "rules.toml:5: "
     'rule[1].voicemail_divert.to: "192.0.2.1" is no host of a [pbx.NAME], where a mailbox must '
     'be; did you mean "127.0.0.1"?'),
    (NAME, f'{NAME}\nvoicemail_divert = {{ to = "sip:vm@voicemail" }}', "rules.toml:5: "
     'rule[1].voicemail_divert.to: "voicemail" is no host of a [pbx.NAME], where a mailbox must '
     "be; known here: 127.0.0.1"),
    (SALES, f'match = {{ direction = "outbound" }}\nvoicemail_divert = {{ {TO} }}', "rules.toml:"
     "11: rule[2].voicemail_divert: a mailbox of the PBX is for those who call it: write "
     'direction = "inbound" into match'),
    (EXPECT, 'expect = { voicemail = "never" }', 'rules.toml:13: test[1].expect.voicemail: must '
     'be "allow", "notice", "consent" or "deny", not "never"'),
    # rooms, new parties, hold
    (DEFAULTS, f"{DEFAULTS}\nroom = true", "rules.toml:3: defaults.room: a conference is for the "
     "calls of a rule: write it into a [[rule]]"),
    (NAME, f"{NAME}\nroom = false", 'rules.toml:5: rule[1].room: must be true, or a table like '
     '{ name = "board" }, not false'),
    (NAME, f'{NAME}\nroom = "board"', 'rules.toml:5: rule[1].room: must be true, or a table like '
     '{ name = "board" }, not "board"'),
    (NAME, f'{NAME}\nroom = {{ nam = "board" }}', 'rules.toml:5: rule[1].room.nam: unknown key '
     '"nam"; did you mean "name"?'),
    (NAME, f'{NAME}\nroom = {{ name = "" }}', "rules.toml:5: rule[1].room.name: must not be empty"),
    (NAME, f'{NAME}\nroom = {{ name = "{"x" * 81}" }}', "rules.toml:5: rule[1].room.name: must be "
     "80 characters at the most"),
    (NAME, f'{NAME}\nroom = {{ name = "a\\nb" }}', "rules.toml:5: rule[1].room.name: must be one "
     "line of text without blanks around it"),
    (NAME, f'{NAME}\nroom = {{ announce = "no" }}', "rules.toml:5: rule[1].room.announce: must be "
     'true or false, not "no"'),
    (NAME, f"{NAME}\nroom = true\nvoicemail_divert = {{ {TO} }}", "rules.toml:6: "
     "rule[1].voicemail_divert: the calls lead into a room already: one of both can't be"),
    (NAME, f'{NAME}\nrenotice = "everyone"', 'rules.toml:5: rule[1].renotice: must be "new-party" '
     'or "all", not "everyone"'),
    (NAME, f'{NAME}\nhold = "stop"', 'rules.toml:5: rule[1].hold: must be "record" or "pause", not '
     '"stop"'),
    (SALES, f'{SALES}\nhold = "pause"', "rules.toml:11: rule[2].hold: nothing is recorded that it "
     'could change: recording is "off" (from [defaults])'),
    (POLICY, 'recording = "off"\nrenotice = "all"', "rules.toml:7: rule[1].renotice: nothing "
     'would be said: recording is "off"'),
    # people
    (NOTICE, 'notice = { at = "person" }', 'rules.toml:7: rule[1].notice: at = "person" asks who '
     'is there, which only kind = "asterisk" can tell: write it into [pbx.main.recorder], or '
     'use at = "answer"'),
    (DEFAULTS, '[defaults]\nrecording = "off"\nnotice = { at = "person" }', "rules.toml:8: "
     'rule[1].notice: at = "person" asks who is there, which only kind = "asterisk" can tell: '
     'write it into [pbx.main.recorder], or use at = "answer"'),
    (SALES, f'{SALES}\nnotice = {{ at = "person" }}', "rules.toml:11: rule[2].notice: nothing "
     'would be said: recording is "off" (from [defaults]); write "notice" there'),
]  # fmt: skip

TWINS = [
    (DEFAULTS, f'{DEFAULTS}\nvoicemail = "deny"\nrenotice = "all"\nhold = "pause"'),
    (NAME, f'{NAME}\nvoicemail_divert = {{ after = "10m", on = "no-answer", {TO} }}'),
    (NAME, f'{NAME}\nvoicemail = "deny"\nvoicemail_divert = {{ on = ["busy"], {TO} }}'),
    (NAME, f'{NAME}\nvoicemail_divert = {{ to = "sips:vm%40102@127.0.0.1:5061;user=phone" }}'),
    (NAME, f'{NAME}\nvoicemail_divert = {{ to = "SIP:*97;x=1@127.0.0.1" }}'),
    (NAME, f'{NAME}\nroom = {{ name = "board", announce = false }}'),
    (NAME, f"{NAME}\nroom = true"),
    (SALES, f'{SALES}\nnotice = {{ language = {{ caller = "de" }} }}'),
    (SALES, f'{SALES}\nvoicemail = "consent"\nconsent = {{ accept = "3" }}'),
    (EXPECT, 'expect = { room = true, voicemail_divert = { after = "20s" }, hold = "pause" }'),
]


@pytest.fixture(autouse=True)
def _obeys(files):
    files.have_recorder()


@pytest.mark.parametrize(("right", "wrong", "told"), MISTAKES, ids=[told for *_, told in MISTAKES])
def test_a_mistake_is_told_where_it_is_with_what_would_be_right(mistake, right, wrong, told):
    assert told in mistake(right, wrong)


@pytest.mark.parametrize(("right", "also_right"), TWINS, ids=[twin for _, twin in TWINS])
def test_its_twin_is_right(mistake, right, also_right):
    assert mistake(right, also_right) == []


def test_before_voicemail_the_key_that_agrees_may_not_begin_a_code(mistake):
    asks = f'{POLICY}\nvoicemail = "consent"\nstop = "19"'

    assert mistake(POLICY, asks) == [
        'rules.toml:8: rule[1].stop: who presses it would agree: accept = "1" is its beginning'
    ]


def test_where_voicemail_asks_nobody_refuses_to_be_recorded(mistake):
    asks = f'{POLICY}\nvoicemail = "consent"\non_refusal = "hangup"'

    assert mistake(POLICY, asks) == [
        'rules.toml:8: rule[1].on_refusal: nobody would be asked: recording is "notice"'
    ]


@pytest.mark.parametrize(
    ("uri", "hosts", "mailbox"),
    [
        ("sip:pbx.example.net", "192.0.2.20", "sip:vm@PBX.example.net:5062"),
        ("sip:pbx.example.net", "192.0.2.16/28", "sip:vm@192.0.2.20"),
        ("sip:[2001:db8::1]", "2001:db8::1", "sip:vm@[2001:db8:0::1]"),
        ("sip:192.0.2.20:5080", "192.0.2.30", "sip:vm@192.0.2.20"),
    ],
)
def test_a_mailbox_may_be_at_any_host_of_a_pbx(files, uri, hosts, mailbox):
    files.change("sip:127.0.0.1:5080", uri)
    files.change("127.0.0.1:5080", hosts)
    files.change('"udp://127.0.0.1:5070"', '"udp://127.0.0.1:5070", "udp://[::1]:5070"')

    files.change(NAME, f'{NAME}\nvoicemail_divert = {{ to = "{mailbox}" }}')

    assert files.wrong() == []


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("sip:vm102@192.0.2.10", "sip:vm102@192.0.2.10"),
        ("SIP:102@pbx.example.net:5062", "sip:102@pbx.example.net:5062"),
        ("sips:*97@[2001:db8::1]", "sips:*97@[2001:db8::1]"),
        ("sip:vm;x=1@192.0.2.10;transport=tcp;lr", "sip:vm;x=1@192.0.2.10;transport=tcp;lr"),
    ],
)
def test_a_mailbox_is_a_uri_that_can_be_called(written: str, read: str) -> None:
    uri = parse_mailbox(written)

    assert uri == read
    assert str(Uri.parse(uri)) == read


@pytest.mark.parametrize(
    "written",
    [
        *("", 5, "sip:", "sip:@h", "sip:192.0.2.1", "tel:1", "sip:a b@h", "sip:a@h b", "sip:a:p@h"),
        *("sip:a@b@h", "sip:a@h?Subject=x", "sip:a@h:0", "sip:a@h:65536", "sip:a@[1.2.3.4]"),
        *("sip:a@2001:db8::1", "sip:a@h;", "sip:a@h\r\n", "sip:a\n@h", "sip:a@h;x=\r\nB: c"),
        *("<sip:a@h>", "sip:%4@h", f"sip:{'a' * 81}@h"),
    ],
)
def test_what_is_no_mailbox_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="must be"):
        parse_mailbox(written)


SECOND = """
[pbx.second]
uri = "sip:127.0.0.2"
hosts = ["127.0.0.2"]
recorder = { kind = "asterisk", address = "127.0.0.2:5038", username = "u", secret = "s" }
[media]"""


@pytest.mark.parametrize(
    ("match", "wrong"),
    [
        ("match = {}", False),
        ('match = { pbx = ["main", "second"] }', False),
        ('match = { pbx = "second" }', False),
        ('match = { pbx = "main" }', True),
    ],
)
def test_a_notice_waits_for_people_where_a_recorder_of_its_calls_sees_them(files, match, wrong):
    files.change("[media]", SECOND)
    files.change(MATCH, match)
    files.change(NOTICE, 'notice = { at = "person" }')

    found = files.wrong()

    assert [line.partition(": at")[0] for line in found] == ["rules.toml:7: rule[1].notice"] * wrong


def test_the_defaults_may_wait_for_people_only_where_a_recorder_sees_them(files):
    files.change(DEFAULTS, '[defaults]\nrecording = "notice"\nnotice = { at = "person" }')
    files.change(NOTICE, 'notice = { at = "answer" }')
    files.change(SALES, f'{SALES}\nrecording = "off"')

    assert [line.partition(": at")[0] for line in files.wrong()] == [
        "rules.toml:3: defaults.notice"
    ]

    files.change("[media]", SECOND)

    assert files.wrong() == []
