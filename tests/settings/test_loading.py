"""Reading the files: what can't be read, where paths lead, both files at once, doubts."""

from __future__ import annotations

import pytest

from sidecar.errors import OperatorErrors
from sidecar.rules.both_files import check_files
from sidecar.rules.file.loading import load_rules
from sidecar.settings import load_settings
from sidecar.tables.addresses import HostPort, Listener


def test_settings_are_what_their_file_says(files):
    settings = load_settings(files.settings)

    assert settings.sip.listen == (Listener("udp", "127.0.0.1", 5070),)
    assert settings.pbx["main"].uris == ("sip:127.0.0.1:5080",)
    assert [str(host) for host in settings.trunk["carrier"].hosts] == ["192.0.2.0/28", "192.0.2.99"]
    assert settings.http.listen == HostPort("127.0.0.1", 9464)


def test_what_is_left_out_has_the_documented_defaults(files):
    files.change('address = "127.0.0.1"', "")

    settings = load_settings(files.settings)

    assert (settings.media.engine, settings.media.address) == ("local", "127.0.0.1")
    assert (settings.media.ports[0], settings.media.ports[-1]) == (30000, 39999)
    assert (settings.records.keep_days, settings.records.numbers) == (30, "full")
    assert (settings.headers.consent, settings.headers.record) == ("X-Consent", "X-Record")
    assert settings.pbx["main"].kind == "generic"
    assert settings.trunk["carrier"].trusted is False
    assert settings.prompts.folder is None


def test_paths_lead_from_the_folder_of_the_settings(files, monkeypatch):
    files.change("[media]", '[prompts]\nfolder = "our/prompts"\n[media]')
    folder = files.settings.parent
    (folder / "our" / "prompts").mkdir(parents=True)
    monkeypatch.chdir(folder.parent)

    settings = load_settings(files.settings.relative_to(folder.parent))

    assert settings.rules == folder / "rules.toml"
    assert settings.records.database == folder / "records.db"
    assert settings.prompts.folder == folder / "our" / "prompts"


def test_a_folder_of_prompts_that_is_not_there_is_told(files):
    files.change("[media]", '[prompts]\nfolder = "ours"\n[media]')

    assert files.wrong() == ["sidecar.toml:11: prompts.folder: there is no folder ours"]


def test_an_absolute_path_of_records_has_four_slashes(files):
    files.change("sqlite:///records.db", "sqlite:////srv/calls/records.db")

    assert str(load_settings(files.settings).records.database) == "/srv/calls/records.db"


def test_settings_can_t_be_changed_once_loaded(files):
    settings = load_settings(files.settings)

    with pytest.raises(ValueError, match="frozen"):
        settings.records.keep_days = 1


def test_a_missing_file_is_named(files):
    files.rules.unlink()

    assert files.wrong() == ["rules.toml: can't be read: No such file or directory"]


def test_a_folder_is_no_file(files):
    files.rules.unlink()
    files.rules.mkdir()

    assert files.wrong() == ["rules.toml: can't be read: Is a directory"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"[sip]\nlisten = [\n", "sidecar.toml:2: this is not TOML: Invalid value"),
        (b"[sip]\n[sip]\n", "sidecar.toml:2: this is not TOML: Cannot declare ('sip',) twice"),
        (b"a = 1\nb = x\n", "sidecar.toml:2: this is not TOML: Invalid value"),
        (b"a = 1\n\nb = '\xff'\n", "sidecar.toml:3: is not UTF-8 text"),
        (
            b"a = " + b"9" * 5000,
            "sidecar.toml: this is not TOML: a number or a nesting without end",
        ),
        (
            b"a = " + b"[" * 9000,
            "sidecar.toml: this is not TOML: a number or a nesting without end",
        ),
        (b"#" * (16 * 1024 * 1024 + 1), "sidecar.toml: is larger than 16 MiB"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_is_not_toml_is_told_with_its_line(files, content, told):
    files.settings.write_bytes(content)

    assert files.wrong() == [told]


def test_a_file_from_windows_is_read_as_any_other(files):
    files.settings.write_bytes(
        b"\xef\xbb\xbf" + files.settings.read_bytes().replace(b"\n", b"\r\n").replace(b"5070", b"x")
    )

    assert files.wrong()[0].startswith("sidecar.toml:3: sip.listen[1]:")


def test_both_files_are_checked_even_if_the_first_is_wrong(files):
    files.change("[media]", "[medias]")
    files.change('direction = "inbound"', 'direction = "in"')

    report = check_files(files.settings)

    assert [line.split(" ", 1)[0] for line in files.told(report.errors)] == [
        "sidecar.toml:10:",
        "rules.toml:5:",
    ]
    assert (report.settings, report.rules) == (None, None)


def test_files_that_can_t_be_read_at_all_are_one_error(files):
    files.settings.write_text("rules = ")

    assert len(check_files(files.settings).errors) == 1


def test_rules_lie_where_wrong_settings_say(files):
    files.rules.rename(files.rules.parent / "own.toml")
    files.change("rules.toml", "own.toml")
    files.change("[media]", "[medias]")

    report = check_files(files.settings)

    assert len(report.errors) == 1
    assert report.rules is not None


def test_where_nothing_is_wrong_both_are_given(files):
    files.have_recorder()
    report = check_files(files.settings)

    assert report.errors == report.warnings == ()
    assert report.settings is not None
    assert report.rules is not None


@pytest.mark.parametrize(
    ("right", "doubtful", "told"),
    [
        (
            '"192.0.2.99"',
            '"0.0.0.0/0"',
            'sidecar.toml:9: trunk.carrier.hosts[2]: "0.0.0.0/0" takes everyone for '
            "[trunk.carrier] who is not named elsewhere",
        ),
        (
            "sip:192.0.2.1",
            "sip:192.0.2.77",
            "sidecar.toml:8: trunk.carrier.uri: 192.0.2.77:5060 is not among its hosts: "
            "what it sends gets no answer",
        ),
        (
            "sqlite:///records.db",
            "sqlite:///var/lib/records.db",
            'sidecar.toml:13: records.database: "sqlite:///var…" lies beside this file; '
            "an absolute path has four slashes",
        ),
        (
            "[http]",
            "keep_days = 0\n[http]",
            "sidecar.toml:14: records.keep_days: 0 keeps call records for ever",
        ),
        (
            "[records]",
            'ports = "5000-5999"\n[records]',
            "sidecar.toml:3: sip.listen[1]: port 5070 is one of [media] ports too; "
            "one of both can't have it",
        ),
        (
            'address = "127.0.0.1"',
            'address = "::1"',
            "sidecar.toml:11: media.address: ::1 is IPv6 and no sip.listen is: "
            "offers of IPv4 are refused with 488",
        ),
        (
            "127.0.0.1:9464",
            "0.0.0.0:9464",
            "sidecar.toml:15: http.listen: 0.0.0.0 is every address of this machine, and metrics "
            "have no password; name 127.0.0.1, or that of a management network",
        ),
    ],
    ids=[
        "everyone",
        "stranger",
        "three slashes",
        "for ever",
        "shared port",
        "other family",
        "HTTP for everyone",
    ],
)
def test_what_is_hardly_meant_is_a_warning(files, right, doubtful, told):
    files.have_recorder()
    files.change(right, doubtful)

    report = check_files(files.settings)

    assert files.told(report.warnings) == [told]
    assert report.errors == ()


def test_names_in_rules_without_settings_are_taken_as_they_are(files):
    files.change('trunk = "carrier"', 'trunk = "elsewhere"')

    assert load_rules(files.rules).rule[1].match.trunk == ("elsewhere",)


def test_a_test_is_between_the_first_trunk_and_the_first_pbx_unless_it_names_others(files):
    rules = load_rules(files.rules, load_settings(files.settings))

    assert (rules.test[0].call.trunk, rules.test[0].call.pbx) == ("carrier", "main")


def test_a_later_error_about_a_rule_names_its_line(files):
    rules = load_rules(files.rules, load_settings(files.settings))

    assert files.told((rules.error(("rule", 1, "notice"), "has no prompt"),)) == [
        "rules.toml:8: rule[2].notice: has no prompt"
    ]


def test_rules_loaded_twice_don_t_share_their_mistakes(files):
    first = load_rules(files.rules)
    files.change("sales", "")

    with pytest.raises(OperatorErrors):
        load_rules(files.rules)
    assert first.rule[1].name == "sales"
