"""Rules that a PBX's recorder can't carry out are refused, at their line; doubts are told."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from sidecar.rules.both_files import check_files
from sidecar.rules.live import LiveRules
from sidecar.settings import load_settings

HOSTS = 'hosts = ["127.0.0.1:5080"]'
POLICY = 'recording = "notice"'
NOTICE = 'notice = { prompt = "recording-notice", language = "en", to = ["caller", "callee"] }'
BEFORE = NOTICE.replace(" }", ', at = "before-connect" }')
TABLE = f"{HOSTS}\n[pbx.main.recorder]\nkind = "
RECORDERS = {
    "no table": HOSTS,
    "none": f'{TABLE}"none"',
    "sip": f'{TABLE}"sip"',
    "a code that only stops": f'{TABLE}"feature-code"\nstop = "*1"',
    "codes": f'{TABLE}"feature-code"\nstop = "*1"\nstart = "*1"',
    "ami": f'{TABLE}"asterisk"\naddress = "127.0.0.1:5038"\nusername = "u"\nsecret = "s"',
}
IN_THE_CALL = "who agrees in the call is not recorded: no recorder of [pbx.main] begins in it"
NEEDS_TO_BEGIN = {
    "consent": (POLICY, 'recording = "consent"', f"rule[1].recording: {IN_THE_CALL}"),
    "required": (POLICY, 'recording = "required"', f"rule[1].recording: {IN_THE_CALL}"),
    "by default": (
        'recording = "off"\n[[rule]]\nname = "support"',
        'recording = "consent"\n[[rule]]\nname = "support"',
        f"defaults.recording: {IN_THE_CALL}",
    ),
    "pause": (POLICY, f'{POLICY}\npause = "*7"\nresume = "*8"', "rule[1].pause: no recorder of"),
    "hold": (POLICY, f'{POLICY}\nhold = "pause"', "rule[1].hold: no recorder of"),
    "a callee who is asked": (
        f"{POLICY}\n{NOTICE}",
        f'recording = "consent"\nconsent = {{ from = ["callee"] }}\n{BEFORE}',
        "rule[1].consent: a callee agrees in the call",
    ),
}


@pytest.mark.parametrize("rule", NEEDS_TO_BEGIN.values(), ids=NEEDS_TO_BEGIN)
@pytest.mark.parametrize("recorder", ["no table", "none", "sip", "a code that only stops"])
def test_a_rule_that_no_recorder_can_carry_out_is_refused(files, rule, recorder):
    right, wrong, told = rule
    files.change(HOSTS, RECORDERS[recorder])
    assert files.wrong() == []

    files.change(right, wrong)

    error = files.wrong()[0]
    assert told in error
    assert 'kind = "asterisk" can, as can "feature-code" with a start' in error


@pytest.mark.parametrize("rule", NEEDS_TO_BEGIN.values(), ids=NEEDS_TO_BEGIN)
@pytest.mark.parametrize("recorder", ["codes", "ami"])
def test_with_a_recorder_that_can_it_is_right(files, rule, recorder):
    files.change(HOSTS, RECORDERS[recorder])
    files.change(*rule[:2])

    assert files.wrong() == []


def test_a_caller_may_be_asked_before_the_pbx_learns_of_the_call_whatever_its_recorder(files):
    files.change(f"{POLICY}\n{NOTICE}", f'recording = "consent"\n{BEFORE}')

    assert files.wrong() == []


@pytest.mark.parametrize("recorder", ["no table", "none", "sip"])
def test_that_nothing_can_be_stopped_is_a_warning(files, recorder):
    files.change(HOSTS, RECORDERS[recorder])

    report = check_files(files.settings)

    assert report.errors == ()
    (warning,) = [each for each in files.told(report.warnings) if "stopped" in each]
    assert "rules.toml:6: rule[1].recording: nothing can be stopped at [pbx.main]" in warning


@pytest.mark.parametrize("recorder", ["a code that only stops", "codes", "ami"])
def test_of_one_that_can_be_stopped_there_is_none(files, recorder):
    files.change(HOSTS, RECORDERS[recorder])

    assert not any("stopped" in each for each in files.told(check_files(files.settings).warnings))


def test_a_rule_that_only_one_of_two_pbxs_can_carry_out_is_a_warning(files):
    more = '[pbx.old]\nuri = "sip:127.0.0.1:5081"\nhosts = ["127.0.0.1:5081"]\n[trunk.carrier]'
    files.change(HOSTS, RECORDERS["ami"])
    files.change("[trunk.carrier]", more)
    files.change(POLICY, 'recording = "consent"')

    report = check_files(files.settings)

    assert report.errors == ()
    told = files.told(report.warnings)
    assert any("rules.toml:6" in each and "no recorder of [pbx.old]" in each for each in told)


def test_a_reload_with_such_a_rule_leaves_the_old_rules_in_force(files):
    live = LiveRules.load(load_settings(files.settings))
    before = live.current.version

    files.change(POLICY, 'recording = "consent"')

    (error,) = live.reload()
    assert IN_THE_CALL in error.message
    assert live.current.version == before


# TLS to the manager interface.

REMOTE = RECORDERS["ami"].replace("127.0.0.1:5038", "192.0.2.5:5039")


@pytest.mark.parametrize(
    ("recorder", "warned"),
    [
        (RECORDERS["ami"], False),
        (RECORDERS["ami"].replace("127.0.0.1:5038", "[::1]:5038"), False),
        (REMOTE, True),
        (f"{REMOTE}\ntls = true", False),
    ],
)
def test_a_manager_connection_that_leaves_this_machine_in_clear_is_a_warning(
    files, recorder, warned
):
    files.change(HOSTS, recorder)

    told = [each for each in files.told(check_files(files.settings).warnings) if "TLS" in each]

    assert bool(told) is warned
    assert all("sidecar.toml:9: pbx.main.recorder.address: " in each for each in told)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ('ca = "ca.pem"', "ca: is of use with tls = true only"),
        ('tls = true\nca = "none.pem"', "none.pem can't be read: No such file or directory"),
        ('tls = true\nca = "rules.toml"', "rules.toml holds no certificate in PEM"),
        ('tls = "yes"', 'tls: must be true or false, not "yes"'),
    ],
)
def test_an_authority_that_can_t_be_used_is_told(files, more, told):
    files.change(HOSTS, f"{REMOTE}\n{more}")

    (error,) = files.wrong()
    assert told in error


def test_an_authority_lies_beside_the_settings(files, tmp_path: Path):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x",
         "-keyout", tmp_path / "key.pem", "-out", tmp_path / "ca.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    files.change(HOSTS, f'{REMOTE}\ntls = true\nca = "ca.pem"')

    recorder = load_settings(files.settings).pbx["main"].recorder
    assert recorder is not None
    assert recorder.ca == tmp_path.resolve() / "ca.pem"
