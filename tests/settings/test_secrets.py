"""Secrets come from where the settings say, and show nowhere."""

from __future__ import annotations

import os
import traceback
from pathlib import Path

import pytest

from sidecar.errors import OperatorErrors
from sidecar.rules.both_files import check_files
from sidecar.settings import load_settings
from tests.settings.conftest import Files

SECRET = "hush-7781"
HTTP = 'listen = "127.0.0.1:9464"'
PBX_HOSTS = 'hosts = ["127.0.0.1:5080"]'


def with_token(files: Files, written: str) -> None:
    files.change(HTTP, f"{HTTP}\ntoken = {written}")


def with_recorder(files: Files, written: str) -> None:
    files.change(
        PBX_HOSTS,
        f'{PBX_HOSTS}\n[pbx.main.recorder]\nkind = "asterisk"\naddress = "127.0.0.1:5038"\n'
        f'username = "consent"\nfiles = "monitor"\nsecret = {written}',
    )


def token_of(files: Files) -> str:
    token = load_settings(files.settings).http.token
    assert token is not None
    return token.text.get_secret_value()


def test_a_secret_is_taken_from_the_environment(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIDECAR_TOKEN", SECRET)
    with_token(files, '{ env = "SIDECAR_TOKEN" }')

    assert token_of(files) == SECRET


def test_a_secret_is_the_text_of_a_file_beside_the_settings(files: Files) -> None:
    (files.settings.parent / "token").write_text(f"{SECRET}\n")
    with_token(files, '{ file = "token" }')

    assert token_of(files) == SECRET


def test_the_recorder_s_secret_and_files_are_found_from_the_settings_folder(files: Files) -> None:
    (files.settings.parent / "ami").write_text(SECRET)
    with_recorder(files, '{ file = "ami" }')

    recorder = load_settings(files.settings).pbx["main"].recorder

    assert recorder is not None
    assert recorder.secret is not None
    assert recorder.secret.text.get_secret_value() == SECRET
    assert recorder.files == files.settings.parent / "monitor"


def test_a_secret_in_the_settings_themselves_is_taken_with_a_warning(files: Files) -> None:
    with_token(files, f'"{SECRET}"')
    with_recorder(files, f'"{SECRET}"')

    report = check_files(files.settings)

    assert report.errors == ()
    message = 'a secret stands in this file; { env = "NAME" } or { file = "PATH" } keeps it out'
    assert files.told(report.warnings) == [
        f"sidecar.toml:12: pbx.main.recorder.secret: {message}",
        f"sidecar.toml:22: http.token: {message}",
    ]
    assert token_of(files) == SECRET


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ('{ env = "SIDECAR_NONE" }', "the environment has no SIDECAR_NONE"),
        ('{ file = "none" }', "none can't be read: No such file or directory"),
        ('{ file = "empty" }', "empty is empty"),
        ('{ file = "long" }', "long is longer than 4096 characters: is it the right file?"),
        ('{ file = "lines" }', "lines must be one line of text"),
        ('{ file = "bytes" }', "bytes is not UTF-8 text"),
        ("''", 'must not be empty: write { env = "NAME" } or { file = "PATH" }'),
        ('"a\\nb"', "must be one line of text"),
        (
            "7781",
            'must be text in quotes, or better: write { env = "NAME" } or { file = "PATH" }',
        ),
        (
            f'{{ text = "{SECRET}" }}',
            'must be text in quotes, or better: write { env = "NAME" } or { file = "PATH" }',
        ),
    ],
)
def test_a_secret_that_can_t_be_had_is_a_mistake_at_its_line(
    files: Files, written: str, told: str
) -> None:
    folder = files.settings.parent
    (folder / "empty").write_text(" \n")
    (folder / "long").write_text("x" * 4097)
    (folder / "lines").write_text("one\ntwo\n")
    (folder / "bytes").write_bytes(b"\xff")
    with_token(files, written)

    assert files.wrong() == [f"sidecar.toml:16: http.token: {told}"]


@pytest.mark.parametrize(
    "mistake",
    [
        ("[media]", "[medias]"),
        (PBX_HOSTS, "hosts = []"),
        ('username = "consent"', ""),
        (f'token = "{SECRET}"', f'token = ["{SECRET}"]'),
        (f'token = "{SECRET}"', "token = 7781"),
        (f'token = "{SECRET}"', f'tokens = "{SECRET}"'),
        (f'secret = "{SECRET}"', f'secret = "{SECRET}\\u0007"'),
        (f'secret = "{SECRET}"', f'secret = "{SECRET}'),
        ('kind = "asterisk"', 'kind = "sip"'),
    ],
    ids=lambda mistake: mistake[1],
)
def test_no_error_and_no_trace_of_one_shows_a_secret(
    files: Files, mistake: tuple[str, str]
) -> None:
    with_token(files, f'"{SECRET}"')
    with_recorder(files, f'"{SECRET}"')
    files.change(*mistake)

    with pytest.raises(OperatorErrors) as raised:
        load_settings(files.settings)

    shown = "".join(traceback.format_exception(raised.value)) + repr(raised.value.errors)
    assert "7781" not in shown


def test_no_representation_shows_a_secret(files: Files, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(SECRET)
    with_token(files, '{ file = "token" }')
    with_recorder(files, f'"{SECRET}"')

    settings = load_settings(files.settings)

    assert SECRET not in repr(settings) + str(settings) + str(settings.model_dump())


@pytest.mark.parametrize("mode", [0o666, 0o662, 0o620])
def test_a_secret_that_others_can_write_is_no_secret(files: Files, mode: int) -> None:
    token = files.settings.parent / "token"
    token.write_text(SECRET)
    token.chmod(mode)
    with_token(files, '{ file = "token" }')

    (told,) = files.wrong()

    assert told == (
        "sidecar.toml:16: http.token: token can be written by other users: chmod go-w token"
    )


def test_a_secret_that_everybody_can_read_is_used_and_warned_of(files: Files) -> None:
    token = files.settings.parent / "token"
    token.write_text(SECRET)
    token.chmod(0o644)
    with_token(files, '{ file = "token" }')

    doubt, *_ = files.told(check_files(files.settings).warnings)

    assert token_of(files) == SECRET
    assert doubt == (
        "sidecar.toml:16: http.token: token can be read by every user of this machine: "
        "chmod o-rwx token"
    )


def test_a_secret_is_not_waited_for_at_a_pipe(files: Files) -> None:
    os.mkfifo(files.settings.parent / "token")
    with_token(files, '{ file = "token" }')

    assert files.wrong() == ["sidecar.toml:16: http.token: token is no plain file"]


def test_rules_that_everybody_can_write_are_warned_of(files: Files) -> None:
    files.rules.chmod(0o666)

    doubt, *_ = files.told(check_files(files.settings).warnings)

    assert doubt == (
        "sidecar.toml:1: rules: rules.toml can be written by every user of this machine: "
        "chmod o-w rules.toml"
    )
