"""Each mistake in the rules is told at its line, with what would be right; its twin is right."""

from __future__ import annotations

import pytest

DEFAULTS = '[defaults]\nrecording = "off"'
NAME = 'name = "support"'
MATCH = 'match = { direction = "inbound", to = ["+442079460101", "500*"] }'
NOTICE = 'notice = { prompt = "recording-notice", language = "en", to = ["caller", "callee"] }'
POLICY = 'recording = "notice"'
ASKS = 'recording = "consent"'
CALLER_ONLY = 'notice = { to = "caller" }'
SALES = 'match = { trunk = "carrier" }'
CALL = 'call = { from = "+4930123456", to = "+442079460101" }'
EXPECT = 'expect = { rule = "support" }'

MISTAKES = [
    # policies
    (DEFAULTS, '[defaults]\nrecording = "consents"', 'rules.toml:2: defaults.recording: must be '
     '"off", "notice", "consent" or "required", not "consents" (did you mean "consent"?)'),
    (POLICY, 'recording = "notise"', 'rules.toml:6: rule[1].recording: must be "off", "notice", '
     '"consent" or "required", not "notise" (did you mean "notice"?)'),
    (POLICY, "recording = true", 'rules.toml:6: rule[1].recording: must be "off", "notice", '
     '"consent" or "required", not true'),
    (EXPECT, 'expect = { recording = "requird" }', 'rules.toml:13: test[1].expect.recording: '
     'must be "off", "notice", "consent" or "required", not "requird" (did you mean "required"?)'),
    # consent
    (POLICY, f'{POLICY}\nconsent = {{ accept = "1" }}', "rules.toml:7: rule[1].consent: nobody "
     'would be asked: recording is "notice"'),
    (SALES, f'{SALES}\nconsent = {{ accept = "1" }}', "rules.toml:11: rule[2].consent: nobody "
     'would be asked: recording is "off" (from [defaults])'),
    (POLICY, f'{POLICY}\non_refusal = "hangup"', "rules.toml:7: rule[1].on_refusal: nobody would "
     'be asked: recording is "notice"'),
    (POLICY, 'recording = "required"\non_refusal = "unrecorded"', "rules.toml:7: "
     "rule[1].on_refusal: a call that must be recorded ends where someone refuses"),
    (POLICY, 'recording = "required"\non_unreachable = "unrecorded"', "rules.toml:7: "
     "rule[1].on_unreachable: a call that must be recorded can't go on unrecorded: write "
     '"refuse"'),
    (DEFAULTS, '[defaults]\nrecording = "required"\non_refusal = "unrecorded"', "rules.toml:3: "
     "defaults.on_refusal: a call that must be recorded ends where someone refuses"),
    (POLICY, f'{ASKS}\non_refusal = "hang up"', 'rules.toml:7: rule[1].on_refusal: must be '
     '"unrecorded" or "hangup", not "hang up" (did you mean "hangup"?)'),
    (POLICY, f'{ASKS}\nconsent = {{ from = "all" }}', 'rules.toml:7: rule[1].consent.from: must '
     'be "caller" or "callee", not "all" (did you mean "caller"?)'),
    (POLICY, f"{ASKS}\nconsent = {{ from = [] }}", "rules.toml:7: rule[1].consent.from: must not "
     "be empty"),
    (POLICY, f"{ASKS}\nconsent = {{ accept = 1 }}", "rules.toml:7: rule[1].consent.accept: digits "
     'must stand in quotes, like "1"'),
    (POLICY, f'{ASKS}\nconsent = {{ decline = "no" }}', 'rules.toml:7: rule[1].consent.decline: '
     '"no" must be digits of a telephone, like "*9"'),
    (POLICY, f'{ASKS}\nconsent = {{ decline = "" }}', 'rules.toml:7: rule[1].consent.decline: '
     '"" must be digits of a telephone, like "*9"'),
    (POLICY, f'{ASKS}\nconsent = {{ decline = "12" }}', "rules.toml:7: rule[1].consent.decline: "
     "one of accept and decline must not begin with the other"),
    (DEFAULTS, f'{DEFAULTS}\nconsent = {{ accept = "2" }}', "rules.toml:3: "
     "defaults.consent.decline: one of accept and decline must not begin with the other"),
    (POLICY, f"{ASKS}\nconsent = {{ within = 8 }}", "rules.toml:7: rule[1].consent.within: must be "
     'a time like "8s" or "500ms", not 8'),
    (POLICY, f'{ASKS}\nconsent = {{ within = "2h" }}', 'rules.toml:7: rule[1].consent.within: "2h" '
     "must be between 50ms and 1h"),
    (POLICY, f"{ASKS}\nconsent = {{ repeat = 6 }}", "rules.toml:7: rule[1].consent.repeat: must be "
     "5 or less, not 6"),
    (POLICY, f"{ASKS}\nconsent = {{ repeat = true }}", "rules.toml:7: rule[1].consent.repeat: must "
     "be a whole number, not true"),
    (POLICY, f'{ASKS}\nconsent = {{ witin = "9s" }}', 'rules.toml:7: rule[1].consent.witin: '
     'unknown key "witin"; did you mean "within"?'),
    (f"{POLICY}\n{NOTICE}", f'{ASKS}\nconsent = {{ from = "callee" }}\n{CALLER_ONLY}', "rules"
     ".toml:7: rule[1].consent: whoever is asked must hear the notice: name them in notice.to"),
    (f"{POLICY}\n{NOTICE}", f'{ASKS}\nnotice = {{ to = "callee" }}', "rules.toml:7: "
     "rule[1].notice: whoever is asked must hear the notice: name them in notice.to"),
    (DEFAULTS, '[defaults]\nrecording = "consent"\nnotice = { to = "callee" }', "rules.toml:3: "
     "defaults.notice: whoever is asked must hear the notice: name them in notice.to"),
    # the recorder, and what is pressed
    (DEFAULTS, f'{DEFAULTS}\non_unconfirmed = "ignore"', 'rules.toml:3: defaults.on_unconfirmed: '
     'must be "hangup" or "mute", not "ignore"'),
    (NAME, f'{NAME}\non_unreachable = "unrecord"', 'rules.toml:5: rule[1].on_unreachable: must be '
     '"refuse" or "unrecorded", not "unrecord" (did you mean "unrecorded"?)'),
    (NAME, f"{NAME}\nconfirm_within = 0.5", "rules.toml:5: rule[1].confirm_within: must be a time "
     'like "8s" or "500ms", not 0.5'),
    (NAME, f'{NAME}\nconfirm_within = "0s"', 'rules.toml:5: rule[1].confirm_within: "0s" must be '
     "between 50ms and 1h"),
    (NAME, f'{NAME}\nstop = "nine"', 'rules.toml:5: rule[1].stop: "nine" must be digits of a '
     'telephone, like "*9"'),
    (NAME, f"{NAME}\nstop = 9", 'rules.toml:5: rule[1].stop: digits must stand in quotes, like '
     '"9"'),
    (NAME, f'{NAME}\npause = "*9"\nresume = "*8"', 'rules.toml:5: rule[1].pause: "*9" and '
     'stop = "*9" can\'t be told apart'),
    (NAME, f'{NAME}\npause = "*7"\nresume = "*77"', 'rules.toml:6: rule[1].resume: "*77" and '
     'pause = "*7" can\'t be told apart'),
    (DEFAULTS, f'{DEFAULTS}\nresume = "*"', 'rules.toml:3: defaults.resume: "*" and stop = "*9" '
     "can't be told apart"),
    (DEFAULTS, f'{DEFAULTS}\npause = "*7"', "rules.toml:3: defaults.pause: what is paused could "
     "not go on: write resume, too"),
    (SALES, f'{SALES}\nstop = "*9"', "rules.toml:11: rule[2].stop: nothing is recorded that it "
     'could change: recording is "off" (from [defaults])'),
    (POLICY, f'{ASKS}\nstop = "19"', "rules.toml:7: rule[1].stop: who presses it would agree: "
     'accept = "1" is its beginning'),
    (DEFAULTS, f'{DEFAULTS}\nmessages = "yes"', 'rules.toml:3: defaults.messages: must be "deny" '
     'or "allow", not "yes"'),
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
    (MATCH, "match = { to = 5001 }", "rules.toml:5: rule[1].match.to: must be text in quotes or a "
     "list of such, not 5001"),
    (MATCH, "match = { to = [5001] }", "rules.toml:5: rule[1].match.to: each must stand in "
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
    (MATCH, 'match = { to = "list:vips" }', "rules.toml:5: rule[1].match.to: there is no list "
     '"vips" in [lists]; known here: nothing'),
    (DEFAULTS, f'{DEFAULTS}\n[lists]\nvip = "vip.txt"', "vip.txt: can't be read: No such file or "
     "directory"),
    (DEFAULTS, f'{DEFAULTS}\n[lists]\n"a b" = "vip.txt"', 'rules.toml:4: lists."a b": the name '
     'must be letters, digits, ".", "_" and "-"'),
    (MATCH, 'match = { from_country = "UK" }', 'rules.toml:5: rule[1].match.from_country: "UK" is '
     'no country like "GB" (ISO 3166-1) (did you mean "GB"?)'),
    (MATCH, 'match = { to_country = ["GB", "de"] }', 'rules.toml:5: rule[1].match.to_country: "de" '
     'is no country like "GB" (ISO 3166-1) (did you mean "DE"?)'),
    (MATCH, "match = { to_country = [44] }", 'rules.toml:5: rule[1].match.to_country: each must '
     'stand in quotes, like "44"'),
    (MATCH, 'match = { from_region = "CA" }', 'rules.toml:5: rule[1].match.from_region: "CA" is no '
     'region whose numbers are known: a state of the US or a province of Canada, like "US-CA" '
     '(did you mean "US-CA"?)'),
    (MATCH, 'match = { from_country = "CA", from_region = "US-CA" }', "rules.toml:5: "
     'rule[1].match.from_region: "US-CA" is in none of from_country (CA): no call matches it'),
    (MATCH, 'match = { jurisdiction = "two-party" }', "rules.toml:5: rule[1].match.jurisdiction: "
     'must be "all-party" or "one-party", not "two-party" (did you mean "one-party"?)'),
    (MATCH, 'match = { hours = "9-17" }', 'rules.toml:5: rule[1].match.hours: "9-17" must be hours '
     'like "09:00-17:30"'),
    (MATCH, 'match = { hours = "09:00-24:30" }', 'rules.toml:5: rule[1].match.hours: "09:00-24:30" '
     'must lie within "00:00-24:00"'),
    (MATCH, 'match = { hours = "09:00-09:00" }', 'rules.toml:5: rule[1].match.hours: "09:00-09:00" '
     'holds no time; all day is "00:00-24:00"'),
    (MATCH, 'match = { hours = "09:00-17:30" }', "rules.toml:5: rule[1].match.hours: in which time "
     'zone? Write timezone = "Europe/London" into the settings'),
    (MATCH, 'match = { days = "mo-fri" }', 'rules.toml:5: rule[1].match.days: "mo-fri" must be '
     'days like "mon-fri", "2026-12-24", "12-24", "holidays" or "workdays" (did you mean "mon"?)'),
    (MATCH, 'match = { days = ["sat", "2026-02-29"] }', "rules.toml:5: rule[1].match.days: there "
     'is no day "2026-02-29"'),
    (MATCH, "match = { days = 2026-12-24 }", "rules.toml:5: rule[1].match.days: must be text in "
     "quotes or a list of such, not 2026-12-24"),
    (MATCH, 'match = { days = "holiday" }', 'rules.toml:5: rule[1].match.days: "holiday" must be '
     'days like "mon-fri", "2026-12-24", "12-24", "holidays" or "workdays" (did you mean '
     '"holidays"?)'),
    (MATCH, 'match = { days = "workdays" }', "rules.toml:5: rule[1].match.days: whose holidays? "
     'Write holidays = "DE-BY" or the like into the settings'),
    (MATCH, 'match = { anonymous = "yes" }', "rules.toml:5: rule[1].match.anonymous: must be true "
     'or false, not "yes"'),
    (MATCH, 'match = { header = "X-Queue" }', "rules.toml:5: rule[1].match.header: must be a table "
     'like { "X-Queue" = "sales" }, not "X-Queue"'),
    (MATCH, 'match = { header = { "X Queue" = "sales" } }', "rules.toml:5: rule[1].match.header: "
     '"X Queue" is no header name'),
    (MATCH, 'match = { header = { X-Queue = "a", x-queue = "b" } }', "rules.toml:5: "
     "rule[1].match.header: a header is there twice: names are the same in any case of letters"),
    (MATCH, 'match = { header = { X-Queue = "a*b" } }', 'rules.toml:5: rule[1].match.header: "a*b" '
     'can have "*" at its end only'),
    (MATCH, 'match = { header = { X-Queue = "" } }', 'rules.toml:5: rule[1].match.header: "" must '
     'be one line of text; any text is "*"'),
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
    (NOTICE, 'notice = { at = "ringing" }', 'rules.toml:7: rule[1].notice.at: must be "answer", '
     '"before-connect" or "person", not "ringing"'),
    (NOTICE, 'notice = { to = "callee", at = "before-connect" }', "rules.toml:7: rule[1].notice: "
     'before-connect is for the caller\'s ears: name "caller" in to, or use at = "answer"'),
    ('recording = "notice"', 'recording = "off"', "rules.toml:7: rule[1].notice: nothing would be "
     'said: recording is "off"; write "notice" there'),
    ('recording = "notice"', "", "rules.toml:7: rule[1].notice: nothing would be said: recording "
     'is "off" (from [defaults]); write "notice" there'),
    (NOTICE, "notice = { language = 5 }", "rules.toml:7: rule[1].notice.language: must be text in "
     "quotes, or { caller = …, callee = … }, not 5"),
    (NOTICE, 'notice = { language = { caler = "de" } }', 'rules.toml:7: '
     'rule[1].notice.language.caler: unknown key "caler"; did you mean "caller"?'),
    (NOTICE, 'notice = { language = { callee = "Deutsch" } }', "rules.toml:7: "
     'rule[1].notice.language: "Deutsch" must be a language like "en" or "de-AT"'),
    (NOTICE, "notice = { language = {} }", "rules.toml:7: rule[1].notice.language: must not be "
     'empty: name "caller", "callee" or both'),
    (NOTICE, 'notice = { prompt = { caller = "" } }', 'rules.toml:7: rule[1].notice.prompt: "" '
     'must be small letters, digits and "-", no ".wav"'),
    # tests
    (CALL, "call = { to = 5001 }", "rules.toml:12: test[1].call.to: must be text in quotes, not "
     "5001"),
    (CALL, 'call = { trunk = "second" }', "rules.toml:12: test[1].call.trunk: there is no "
     "[trunk.second]; known here: carrier"),
    (CALL, 'call = { at = "25.11.2026 10:00" }', "rules.toml:12: test[1].call.at: must be a time "
     'like "2026-11-25T10:00", not "25.11.2026 10:00"'),
    (CALL, "call = { header = { X-Queue = 5 } }", "rules.toml:12: test[1].call.header.X-Queue: "
     "must be text in quotes, not 5"),
    (EXPECT, 'expect = { consent = { witin = "8s" } }', "rules.toml:13: "
     'test[1].expect.consent.witin: unknown key "witin"; did you mean "within"?'),
    (EXPECT, "expect = {}", "rules.toml:13: test[1].expect: expects nothing; name a rule, "
     "recording or the like"),
    (EXPECT, 'expect = { rule = "suport" }', "rules.toml:13: test[1].expect.rule: there is no "
     'rule "suport"; did you mean "support"?'),
    (EXPECT, "", 'rules.toml:11: test[1].expect: is missing; write expect = { recording = "off" }'),
]  # fmt: skip

TWINS = [
    (DEFAULTS, '[defaults]\nrecording = "notice"\nmessages = "allow"\nnotice = { at = "answer" }'),
    (MATCH, 'match = { to = "500*", from = ["anonymous", "*97", "+44 (20) 7946*"], pbx = "main" }'),
    (MATCH, ""),
    (MATCH, 'match = { from_country = ["GB", "US"], from_region = ["US-CA"], to_country = "DE" }'),
    (MATCH, 'match = { jurisdiction = "all-party", anonymous = false }'),
    (MATCH, 'match = { header = { "X-Queue" = ["sales*", "support"], Subject = "*" } }'),
    (CALL, 'call = { at = "2026-11-25T10:00+01:00", header = { X-Queue = "sales" } }'),
    (EXPECT, 'expect = { notice = { to = "caller" }, confirm_within = "500ms", stop = "" }'),
    (NOTICE, ""),
    (NOTICE, 'notice = { to = "caller", at = "before-connect", language = "de-AT" }'),
    (NOTICE, '[rule.notice]\nto = "callee"'),
    (EXPECT, 'expect = { rule = "", messages = "deny" }'),
    (POLICY, f'{ASKS}\nconsent = {{ from = ["caller", "callee"], within = "20 s", repeat = 0 }}'),
    (POLICY, f'{ASKS}\non_refusal = "hangup"\nconsent = {{ accept = "11", decline = "12" }}'),
    (POLICY, 'recording = "required"\non_refusal = "hangup"'),
    (POLICY, f'{POLICY}\nstop = "*1"\npause = "*7"\nresume = "*8"\nconfirm_within = "1h"'),
    (POLICY, f'{POLICY}\nstop = ""\non_unconfirmed = "mute"\non_unreachable = "unrecorded"'),
    (SALES, f'{SALES}\nconfirm_within = "50ms"\non_unconfirmed = "mute"\nstop = ""'),
    (DEFAULTS, f'{DEFAULTS}\non_refusal = "unrecorded"\nconsent = {{ from = "callee" }}'),
    (NOTICE, 'notice = { prompt = { callee = "ours" }, language = { caller = "de-AT" } }'),
    (CALL, 'call = { trunk = "carrier", pbx = "main", direction = "outbound" }'),
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


def test_a_mistake_in_a_table_of_its_own_is_told_on_its_own_line(mistake):
    assert mistake(SALES, '[rule.match]\ndirection = "inbound"\nto = "*"') == [
        'rules.toml:12: rule[2].match.to: "*" must be a number, or the beginning of one and "*"'
    ]


def test_what_a_rule_that_must_be_recorded_inherits_must_suit_it(files):
    files.change(DEFAULTS, f'{DEFAULTS}\non_unreachable = "unrecorded"')
    assert files.wrong() == []

    files.change(POLICY, 'recording = "required"')

    assert files.wrong() == [
        "rules.toml:4: rule[1].on_unreachable: a call that must be recorded can't go on "
        'unrecorded: write "refuse"'
    ]
