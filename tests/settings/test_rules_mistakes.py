"""Each mistake in the rules is told at its line, with what would be right; its twin is right."""

from __future__ import annotations

import pytest

DEFAULTS = '[defaults]\nrecording = "off"'
NAME = 'name = "support"'
MATCH = 'match = { direction = "inbound", to = ["+442079460101", "500*"] }'
NOTICE = 'notice = { prompt = "recording-notice", language = "en", to = ["caller", "callee"] }'
SALES = 'match = { trunk = "carrier" }'
CALL = 'call = { from = "+4930123456", to = "+442079460101" }'
EXPECT = 'expect = { rule = "support" }'

MISTAKES = [
    # policies
    (DEFAULTS, '[defaults]\nrecording = "consent"', 'rules.toml:2: defaults.recording: "consent" '
     'is not supported by this version; use "off" or "notice"'),
    ('recording = "notice"', 'recording = "required"', 'rules.toml:6: rule[1].recording: '
     '"required" is not supported by this version; use "off" or "notice"'),
    ('recording = "notice"', 'recording = "notise"', 'rules.toml:6: rule[1].recording: must be '
     '"off" or "notice", not "notise" (did you mean "notice"?)'),
    (EXPECT, 'expect = { recording = "consent" }', 'rules.toml:13: test[1].expect.recording: '
     '"consent" is not supported by this version; use "off" or "notice"'),
    (DEFAULTS, f'{DEFAULTS}\nvoicemail = "notice"', "rules.toml:3: defaults.voicemail: a notice "
     "before voicemail is not supported by this version"),
    (NAME, f'{NAME}\nconsent = {{ accept = "1" }}', "rules.toml:5: rule[1].consent: asking for "
     "consent is not supported by this version"),
    (NAME, f'{NAME}\nstop = "*9"', "rules.toml:5: rule[1].stop: stopping the recorder is not "
     "supported by this version"),
    (DEFAULTS, f'{DEFAULTS}\nmessages = "yes"', 'rules.toml:3: defaults.messages: must be "deny" '
     'or "allow", not "yes"'),
    (EXPECT, 'expect = { voicemail = "deny" }', "rules.toml:13: test[1].expect.voicemail: a notice "
     "before voicemail is not supported by this version"),
    # rules
    (f'[[test]]\n{CALL}', f'[test]\n{CALL}', "rules.toml:11: test: there may be several: write "
     "[[test]]"),
    ("[[rule]]", "[[rules]]", 'rules.toml:3: rules: unknown key "rules"; did you mean "rule"?'),
    (NAME, "", 'rules.toml:3: rule[1].name: is missing; write name = "support"'),
    (NAME, 'name = ""', 'rules.toml:4: rule[1].name: must not be empty; write name = "support"'),
    (NAME, f'name = "{"x" * 101}"', "rules.toml:4: rule[1].name: must be 100 characters at the "
     "most"),
    (NAME, 'name = "a\\nb"', "rules.toml:4: rule[1].name: must be one line of text without blanks "
     "around it"),
    (NAME, 'name = "sales"', 'rules.toml:9: rule[2].name: another rule is called "sales" already'),
    # match
    (MATCH, 'match = { direction = "in" }', 'rules.toml:5: rule[1].match.direction: must be '
     '"inbound" or "outbound", not "in"'),
    (MATCH, 'match = { form = "1" }', 'rules.toml:5: rule[1].match.form: unknown key "form"; '
     'did you mean "from"?'),
    (MATCH, 'match = { from_country = "GB" }', "rules.toml:5: rule[1].match.from_country: "
     "matching by this key is not supported by this version"),
    (MATCH, "match = { to = 5001 }", "rules.toml:5: rule[1].match.to: must be text in quotes or a "
     "list of such, not 5001"),
    (MATCH, "match = { to = [5001] }", "rules.toml:5: rule[1].match.to: a number must stand in "
     'quotes, like "5001"'),
    (MATCH, "match = { to = [] }", "rules.toml:5: rule[1].match.to: must not be empty: no call "
     "could match"),
    (MATCH, 'match = { to = ["+44*20*"] }', 'rules.toml:5: rule[1].match.to: "+44*20*" must be a '
     'number, or the beginning of one and "*"'),
    (MATCH, 'match = { to = "*" }', 'rules.toml:5: rule[1].match.to: "*" must be a number, or the '
     'beginning of one and "*"'),
    (MATCH, 'match = "all"', 'rules.toml:5: rule[1].match: must be a table, not "all"'),
    (SALES, 'match = { trunk = "carier" }', "rules.toml:10: rule[2].match.trunk: there is no "
     '[trunk.carier]; did you mean "carrier"?'),
    (SALES, 'match = { pbx = ["main", "qq"] }', "rules.toml:10: rule[2].match.pbx[2]: there is no "
     "[pbx.qq]; known here: main"),
    (SALES, "match = { trunk = [] }", "rules.toml:10: rule[2].match.trunk: must not be empty"),
    # notices
    (NOTICE, 'notice = { prompt = "notice.wav" }', "rules.toml:7: rule[1].notice.prompt: "
     '"notice.wav" must be small letters, digits and "-", no ".wav"'),
    (NOTICE, 'notice = { prompt = "../notice" }', "rules.toml:7: rule[1].notice.prompt: "
     '"../notice" must be small letters, digits and "-", no ".wav"'),
    (NOTICE, 'notice = { language = "English" }', "rules.toml:7: rule[1].notice.language: "
     '"English" must be a language like "en" or "de-AT"'),
    (NOTICE, "notice = { to = [] }", "rules.toml:7: rule[1].notice.to: must not be empty"),
    (NOTICE, 'notice = { to = ["caler"] }', 'rules.toml:7: rule[1].notice.to[1]: must be "caller" '
     'or "callee", not "caler" (did you mean "caller"?)'),
    (NOTICE, 'notice = { at = "ringing" }', 'rules.toml:7: rule[1].notice.at: must be "answer" or '
     '"before-connect", not "ringing"'),
    (NOTICE, 'notice = { to = "callee", at = "before-connect" }', "rules.toml:7: rule[1].notice: "
     'before-connect is for the caller\'s ears: name "caller" in to, or use at = "answer"'),
    ('recording = "notice"', 'recording = "off"', "rules.toml:7: rule[1].notice: nothing would be "
     'said: recording is "off"; write "notice" there'),
    ('recording = "notice"', "", "rules.toml:7: rule[1].notice: nothing would be said: recording "
     'is "off" (from [defaults]); write "notice" there'),
    # tests
    (CALL, "call = { to = 5001 }", "rules.toml:12: test[1].call.to: must be text in quotes, not "
     "5001"),
    (CALL, 'call = { trunk = "second" }', "rules.toml:12: test[1].call.trunk: there is no "
     "[trunk.second]; known here: carrier"),
    (EXPECT, "expect = {}", "rules.toml:13: test[1].expect: expects nothing; name rule, recording "
     "or messages"),
    (EXPECT, 'expect = { rule = "suport" }', "rules.toml:13: test[1].expect.rule: there is no "
     'rule "suport"; did you mean "support"?'),
    (EXPECT, "", 'rules.toml:11: test[1].expect: is missing; write expect = { recording = "off" }'),
]  # fmt: skip

TWINS = [
    (DEFAULTS, '[defaults]\nrecording = "notice"\nmessages = "allow"\nnotice = { at = "answer" }'),
    (MATCH, 'match = { to = "500*", from = ["anonymous", "*97", "+44 (20) 7946*"], pbx = "main" }'),
    (MATCH, ""),
    (NOTICE, ""),
    (NOTICE, 'notice = { to = "caller", at = "before-connect", language = "de-AT" }'),
    (NOTICE, '[rule.notice]\nto = "callee"'),
    (EXPECT, 'expect = { rule = "", messages = "deny" }'),
    (CALL, 'call = { trunk = "carrier", pbx = "main", direction = "outbound" }'),
]


@pytest.mark.parametrize(("right", "wrong", "told"), MISTAKES, ids=[told for *_, told in MISTAKES])
def test_a_mistake_is_told_where_it_is_with_what_would_be_right(mistake, right, wrong, told):
    assert told in mistake(right, wrong)


@pytest.mark.parametrize(("right", "also_right"), TWINS, ids=[twin for _, twin in TWINS])
def test_its_twin_is_right(mistake, right, also_right):
    assert mistake(right, also_right) == []


def test_a_mistake_in_a_table_of_its_own_is_told_on_its_own_line(mistake):
    assert mistake(SALES, '[rule.match]\ndirection = "inbound"\nto = "*"') == [
        'rules.toml:12: rule[2].match.to: "*" must be a number, or the beginning of one and "*"'
    ]
