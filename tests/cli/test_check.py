from __future__ import annotations

import wave
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

Command = Callable[..., Result]


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_files_without_a_mistake_are_fine(command: Command, config: Path) -> None:
    result = command("check", "-c", config)

    assert result.exit_code == 0
    assert result.stderr == ""
    assert "sidecar.toml: fine" in result.stdout
    assert "rules.toml: fine, its tests pass" in result.stdout


def test_each_mistake_in_the_settings_is_a_line_with_its_place(
    command: Command, config: Path
) -> None:
    change(config, 'kind = "generic"', 'kind = "avaya"')
    change(config, "[records]", "[recordings]")

    result = command("check", "-c", config)

    assert result.exit_code == 1
    lines = result.stderr.splitlines()
    assert len(lines) == 2
    assert all(line.startswith(f"{config}:") for line in lines)
    assert any("pbx.main.kind" in line for line in lines)
    assert any('did you mean "records"?' in line for line in lines)


def test_mistakes_of_both_files_are_told_at_once(command: Command, config: Path) -> None:
    change(config, 'kind = "generic"', 'kind = "avaya"')
    change(config.parent / "rules.toml", 'recording = "off"', 'recording = "consents"')

    result = command("check", "-c", config)

    assert result.exit_code == 1
    settings, rules = result.stderr.splitlines()
    assert settings.startswith(f"{config}:6: pbx.main.kind: ")
    assert rules.startswith(f"{config.parent}/rules.toml:5: rule[1].recording: ")


def test_what_is_doubtful_is_a_warning_and_no_mistake(command: Command, config: Path) -> None:
    change(config, "sqlite:///records.db", "sqlite:///var/lib/records.db")
    rules = config.parent / "rules.toml"
    change(rules, 'match = { trunk = "second" }\n', "")
    change(rules, 'expect = { rule = "support" }', 'expect = { rule = "sales" }')

    result = command("check", "-c", config)

    assert result.exit_code == 0
    lines = result.stderr.splitlines()
    assert lines[0].startswith(f"{config}:19: records.database: warning: ")
    assert lines[1] == (
        f'{rules}:6: rule[2]: warning: no call reaches rule "support": '
        '"sales" before it takes them all'
    )


def test_a_confirmation_that_a_language_lacks_is_a_warning(command: Command, config: Path) -> None:
    rules = config.parent / "rules.toml"
    change(rules, 'recording = "notice"', 'recording = "notice"\npause = "*7"\nresume = "*8"')
    config.write_text(config.read_text() + '[prompts]\nfolder = "prompts"\n')
    folder = config.parent / "prompts" / "nl"
    folder.mkdir(parents=True)
    for name in ("recording-notice", "voicemail-notice"):
        with wave.open(str(folder / f"{name}.wav"), "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(bytes(16000))
    change(rules, 'language = "de"', 'language = "nl"')

    result = command("check", "-c", config)

    assert result.exit_code == 0
    place, effect = f"{rules}:7: rule 'support'", "it would not be said"
    warnings = [
        f"{place}: warning: there is no prompt nl/{each}.wav; {effect}"
        for each in ("recording-stopped", "recording-paused", "recording-resumed")
    ]
    assert [line for line in result.stderr.splitlines() if "rule 'support'" in line] == warnings


def test_a_list_that_no_rule_names_is_a_warning(command: Command, config: Path) -> None:
    rules = config.parent / "rules.toml"
    (config.parent / "vip.txt").write_text("+442079460101\n")
    rules.write_text('[lists]\nvip = "vip.txt"\n' + rules.read_text())

    result = command("check", "-c", config)

    assert result.exit_code == 0
    assert result.stderr == f'{rules}:2: lists.vip: warning: no rule names it: from = "list:vip"\n'


def test_what_is_no_number_in_a_list_is_told_with_its_line(command: Command, config: Path) -> None:
    rules, numbers = config.parent / "rules.toml", config.parent / "vip.txt"
    numbers.write_text("+442079460101\nsip:bob@example.com\n")
    rules.write_text('[lists]\nvip = "vip.txt"\n' + rules.read_text())

    result = command("check", "-c", config)

    assert result.exit_code == 1
    assert f"{numbers}:2: is no number" in result.stderr


def test_places_without_a_default_country_are_a_warning(command: Command, config: Path) -> None:
    rules = config.parent / "rules.toml"
    change(rules, 'match = { trunk = "second" }', 'match = { from_country = "DE" }')

    result = command("check", "-c", config)

    assert result.exit_code == 0
    assert "rule[1].match.from_country: warning: numbers without + have no place" in result.stderr


def test_a_rule_that_names_an_unknown_trunk_is_found(command: Command, config: Path) -> None:
    change(config.parent / "rules.toml", '"second"', '"secnd"')

    result = command("check", "-c", config)

    assert result.exit_code == 1
    assert "rules.toml:4:" in result.stderr
    assert 'did you mean "second"?' in result.stderr


def test_a_test_of_the_rules_that_fails_says_what_came_instead(
    command: Command, config: Path
) -> None:
    change(config.parent / "rules.toml", 'to = "5001"', 'to = "6001"')

    result = command("check", "-c", config)

    assert result.exit_code == 1
    rules = config.parent / "rules.toml"
    assert result.stderr == (
        f"{rules}:13: test[1]: rule is '', expected 'support' "
        "(no rule takes it; \"support\" does not: to '6001' is none of 500*)\n"
    )


def test_a_rule_whose_prompt_is_missing_is_found(command: Command, config: Path) -> None:
    change(config.parent / "rules.toml", '"recording-notice"', '"our-own-notice"')

    result = command("check", "-c", config)

    assert result.exit_code == 1
    assert "rules.toml:7: rule 'support': there is no prompt de/our-own-notice.wav" in result.stderr


def test_a_broken_prompt_in_the_folder_is_found_even_if_no_rule_names_it(
    command: Command, config: Path
) -> None:
    config.write_text(config.read_text() + '[prompts]\nfolder = "prompts"\n')
    folder = config.parent / "prompts" / "en"
    folder.mkdir(parents=True)
    (folder / "greeting.wav").write_bytes(b"RIFF\x00\x00")

    result = command("check", "-c", config)

    assert result.exit_code == 1
    assert "greeting.wav: is no readable PCM WAV file" in result.stderr


def test_a_broken_prompt_that_a_rule_names_is_told_once_with_the_rule(
    command: Command, config: Path
) -> None:
    config.write_text(config.read_text() + '[prompts]\nfolder = "prompts"\n')
    folder = config.parent / "prompts" / "de"
    folder.mkdir(parents=True)
    with wave.open(str(folder / "recording-notice.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))

    result = command("check", "-c", config)

    assert result.exit_code == 1
    assert "rule 'support': prompt de/recording-notice" in result.stderr
    assert "holds no audio" in result.stderr


def test_a_missing_file_is_an_error_and_no_traceback(command: Command, tmp_path: Path) -> None:
    result = command("check", "-c", tmp_path / "none.toml")

    assert result.exit_code == 1
    assert result.stderr == f"{tmp_path}/none.toml: can't be read: No such file or directory\n"


def test_a_command_without_its_settings_is_wrong_usage(command: Command) -> None:
    result = command("check")

    assert result.exit_code == 2
    assert "Missing option '-c'" in result.stderr


def test_a_folder_of_prompts_that_can_t_be_looked_at_is_a_line(
    command: Command, config: Path
) -> None:
    config.write_text(config.read_text() + f'[prompts]\nfolder = "{"p" * 300}"\n')

    result = command("check", "-c", config)

    assert result.exit_code == 1
    assert result.stderr.startswith(f"{config}:")
    assert result.stderr.endswith("can't be read: File name too long\n")
    assert "prompts.folder" in result.stderr
