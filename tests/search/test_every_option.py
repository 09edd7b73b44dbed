"""Every option of every command on values that mean nothing: one line, exit code 2, and no work begun."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from dataclasses import fields
from typing import Any

import pytest

import search.cli.compare as compare
import search.cli.run as run
import search.cli.study as study
from search.cli.compare_options import COMPARE, CompareOptions
from search.cli.option_limits import LIMITS, flag_of
from search.cli.option_types import TYPES, decimal, names, path, place, text, whole
from search.cli.options import SHARED, Arguments, Options
from search.cli.run_options import SEARCH, SearchOptions
from search.cli.study_options import STUDY, StudyOptions

COMMANDS: dict[str, tuple[Any, Arguments, type[Options]]] = {
    "run": (run, SEARCH, SearchOptions),
    "study": (study, STUDY, StudyOptions),
    "compare": (compare, COMPARE, CompareOptions),
}
_NUL = ["\0", "a\0b", "\ud800", "x" * 100_000]
_STEERING = [*_NUL, "a\x1b[31mb", "\u202eabc"]
_NUMBERS = [
    "",
    " ",
    "x",
    "nan",
    "inf",
    "-inf",
    "-1",
    "1e400",
    "1e308",
    "9" * 35,
    "9" * 5000,
    "1;2",
    *_STEERING,
]
NASTY = {
    text: ["", " ", "\n", *_STEERING],
    path: ["", *_NUL],
    place: ["", *_NUL],
    names: [*_STEERING, f"a,{'b' * 9000}", "a,\0"],
    whole: ["0.5", "1e3", "0x10", "9" * 20, *_NUMBERS],
    decimal: ["1/2", "0x1p3", *_NUMBERS],
}


def options_of(command: str) -> dict[str, dict[str, Any]]:
    _, own, _ = COMMANDS[command]
    return {flag: dict(settings) for group in {**SHARED, **own}.values() for flag, settings in group.items()}


def nasty(flag: str, settings: dict[str, Any]) -> list[str]:
    if "action" in settings:
        return ["1", ""]
    values = list(NASTY[settings.get("type", text)])
    values += ["magic"] if "choices" in settings else []
    values += ["", " ", ","] if settings.get("type") is names and flag != "--sampler" else []
    return values


@pytest.mark.parametrize(("command", "flag"), [(one, flag) for one in COMMANDS for flag in options_of(one)])
def test_a_value_that_means_nothing_is_one_line_and_begins_nothing(command, flag, capsys, monkeypatch):
    module = COMMANDS[command][0]
    monkeypatch.setattr(module, "_run", lambda options: pytest.fail("it was begun"))
    for value in nasty(flag, options_of(command)[flag]):
        try:
            code = module.main([f"{flag}={value}"])
        except SystemExit as exited:  # argparse's own
            code = exited.code
        captured = capsys.readouterr()
        (line,) = captured.err.splitlines()
        assert (code, captured.out) == (2, ""), value[:30]
        assert line.startswith("error: ")
        assert flag in line
        assert len(line) < 1000
        assert not set(line) & set("\0\x1b\u202e")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_read_by_a_type_that_knows_what_can_be_meant(command):
    for flag, settings in options_of(command).items():
        assert settings.get("action") == "store_true" or settings.get("type", text) in TYPES, flag


@pytest.mark.parametrize("command", COMMANDS)
def test_every_number_has_its_limits_and_the_default_lies_within(command):
    _, _, options = COMMANDS[command]
    typed = options_of(command)
    numbers = {
        one.name for one in fields(options) if one.type in ("int", "float", "int | None", "float | None")
    }
    assert numbers <= LIMITS.keys()
    for name in numbers:
        default, limits = typed[flag_of(name)].get("default"), LIMITS[name]
        assert default is None or limits.least <= default <= limits.most
        assert typed[flag_of(name)]["type"] is (decimal if "float" in _type_of(options, name) else whole)


def _type_of(options: type[Options], name: str) -> str:
    return next(str(one.type) for one in fields(options) if one.name == name)


@pytest.mark.parametrize("name", LIMITS)
def test_what_lies_beyond_a_limit_is_told_what_the_limit_is(name, capsys, monkeypatch):
    command = next(one for one in COMMANDS if flag_of(name) in options_of(one))
    module, limits, flag = COMMANDS[command][0], LIMITS[name], flag_of(name)
    begun = []
    monkeypatch.setattr(module, "_run", lambda options: (begun.append(options), ({}, ""))[1])
    number = options_of(command)[flag]["type"]
    below, word = (limits.least, "above") if limits.exclusive else (limits.least - 1, "at least")
    above = f"{int(limits.most) + 1}" if number is whole else f"{limits.most * 1.01:g}"
    for value, said in ((above, "at most"), (f"{below:g}", word)):
        assert module.main([f"{flag}={value}"]) == 2
        assert re.match(rf"error: {flag} .* must be {said} ", capsys.readouterr().err)
    assert module.main([f"{flag}={limits.most:.0f}", "--quiet"]) == 0
    assert getattr(begun[0], name) == limits.most


@pytest.mark.parametrize("flag", ["--lora-alpha", "--shortcut-alpha", "--epochs", "--lr", "--max-grad-norm"])
@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_of_what_must_be_positive_is_refused_before_anything_is_loaded(
    command, flag, capsys, monkeypatch
):
    module = COMMANDS[command][0]
    monkeypatch.setattr(module, "_run", lambda options: pytest.fail("it was begun"))
    assert module.main([flag, "0"]) == 2
    assert capsys.readouterr().err == f"error: {flag} 0.0 must be above 0.\n"


def test_a_rate_of_a_grid_is_refused_before_anything_is_loaded(capsys, monkeypatch):
    import search.study.strata

    monkeypatch.setattr(search.study.strata, "load_inputs", lambda _: pytest.fail("it was loaded"))
    monkeypatch.setattr("search.compare.pipeline.load_inputs", lambda _: pytest.fail("it was loaded"))
    for module in (study, compare):
        assert module.main(["--lrs", "1e-3,0"]) == 2
        assert capsys.readouterr().err.startswith("error: --lrs '0' must be numbers above 0")


def test_an_empty_sampler_means_none(monkeypatch):
    begun = []
    monkeypatch.setattr(run, "_run", lambda options: (begun.append(options), ({}, ""))[1])
    assert run.main(["--sampler", "", "--quiet"]) == 0
    assert begun[0].sampler == ()


def test_options_that_cannot_be_are_refused_before_torch_is_loaded():
    code = (
        "import sys\n"
        "from search.cli.run import main\n"
        "assert main(['--seeds', '0']) == 2\n"
        "assert 'torch' not in sys.modules\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).returncode == 0


@pytest.mark.parametrize("given", [["--task-name", "a\nb"], ["--task-name", "x" * 101]])
def test_a_task_s_name_is_one_short_line(given, capsys):
    files = ["--train-file", "a.tsv", "--eval-file", "b.tsv"]
    assert run.main([*files, *given]) == 2
    assert "--task-name must be one line of at most 100 characters" in capsys.readouterr().err


def test_a_named_task_keeps_its_name(capsys):
    assert run.main(["--task", "mrpc", "--task-name", "mine"]) == 2
    assert "describe --train-file" in capsys.readouterr().err


def test_types_complain_as_argparse_asks():
    for kind in TYPES:
        with pytest.raises(argparse.ArgumentTypeError):
            kind("a\0b")
