"""Every option of every command on values that mean nothing: one line, exit code 2, and no work begun."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from dataclasses import Field, replace
from typing import Any, get_type_hints

import pytest

from search.cli.command import Command
from search.cli.flags import flag_of
from search.cli.parser import reader_of
from search.cli.rankscape import COMMANDS
from search.cli.run import RUN
from search.cli.value_types import TYPES, decimal_value, decimals, names, path, place, text_value, whole_value
from search.job.option import Option, Range, options_of
from search.job.settings import GenerationSettings
from search.live.settings import LiveSettings
from search.shared.join_settings import JoinSettings
from spaces.errors import UsageError

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
    text_value: ["", " ", "\n", *_STEERING],
    path: ["", *_NUL],
    place: ["", *_NUL],
    names: [*_STEERING, f"a,{'b' * 9000}", "a,\0"],
    decimals: ["1e-3,x", "0", "1e-3,0", "nan", *_STEERING],
    whole_value: ["0.5", "1e3", "0x10", "9" * 20, *_NUMBERS],
    decimal_value: ["1/2", "0x1p3", *_NUMBERS],
}


def own_options(command: Command) -> list[tuple[Field[Any], Option, object]]:
    """Of a command: field, what it is besides, and its type."""
    return [
        (one, about, get_type_hints(settings)[one.name])
        for settings in command.settings
        for one, about in options_of(settings)
    ]


EVERY = [(name, *one) for name, command in COMMANDS.items() for one in own_options(command)]
NUMBERS = [(name, one, about, about.between) for name, one, about, _ in EVERY if about.between is not None]
IDS = [f"{name} {flag_of(one, about)}" for name, one, about, _ in EVERY]


def nasty(about: Option, hint: object) -> list[str]:
    if hint is bool:
        return ["1", ""]
    reader = reader_of(hint, about)
    values = [*NASTY[reader]]
    values += ["magic"] if "Literal" in str(hint) else []
    values += ["", " ", ","] if reader in (names, decimals) and not about.empty else []
    return values


def begun(command: Command, argv: list[str]) -> tuple[int, list[Any]]:
    """How a command ends that only notes that it was begun."""
    seen: list[Any] = []

    def note(given: Any) -> Any:
        seen.append(given)
        raise UsageError("begun")

    return replace(command, run=note).main(argv), seen


@pytest.mark.parametrize(("command", "one", "about", "hint"), EVERY, ids=IDS)
def test_a_value_that_means_nothing_is_one_line_and_begins_nothing(command, one, about, hint, capsys):
    flag = flag_of(one, about)
    for value in nasty(about, hint):
        word = f"{flag}={value}" if flag.startswith("-") else value
        assert begun(COMMANDS[command], [word]) == (2, []), value[:30]
        captured = capsys.readouterr()
        (line,) = captured.err.splitlines()
        assert captured.out == ""
        assert line.startswith("error: ")
        assert flag in line
        assert len(line) < 1000
        assert not set(line) & set("\0\x1b\u202e")


@pytest.mark.parametrize(("command", "one", "about", "hint"), EVERY, ids=IDS)
def test_every_number_has_its_limits_and_the_default_lies_within(command, one, about, hint):
    if hint is bool:
        return
    assert (reader_of(hint, about) in (whole_value, decimal_value, decimals)) == (about.between is not None)
    if about.between is not None and one.default is not None:
        assert about.between.least <= one.default <= about.between.most


MEANS_NOTHING_WITHOUT = {
    GenerationSettings: ["--generate"],
    LiveSettings: ["--trials", "1"],
    JoinSettings: ["--join"],
}


def needed(command: Command, one: Field[Any]) -> list[str]:
    """The flags without which an option of a command means nothing."""
    for settings in MEANS_NOTHING_WITHOUT.keys() & set(command.settings):
        if one.name in {own.name for own, _ in options_of(settings)} - {"trials"}:
            return MEANS_NOTHING_WITHOUT[settings]
    return []


@pytest.mark.parametrize(
    ("command", "one", "about", "limits"), NUMBERS, ids=[f"{n[0]} {n[1].name}" for n in NUMBERS]
)
def test_what_lies_beyond_a_limit_is_told_what_the_limit_is(
    command: str, one: Field[Any], about: Option, limits: Range, capsys
):
    flag = flag_of(one, about)
    is_whole = "int" in str(one.type)
    below, word = (limits.least, "above") if limits.exclusive else (limits.least - 1, "at least")
    above = f"{int(limits.most) + 1}" if is_whole else f"{limits.most * 1.01:g}"
    for value, said in ((above, "at most"), (f"{below:g}", word)):
        assert begun(COMMANDS[command], [f"{flag}={value}"]) == (2, [])
        assert re.match(rf"error: {flag} .* must be {said} ", capsys.readouterr().err)
    _, (given,) = begun(COMMANDS[command], [f"{flag}={limits.most:.0f}", *needed(COMMANDS[command], one)])
    assert given.values[one.name] in (limits.most, (limits.most,))


@pytest.mark.parametrize("flag", ["--lora-alpha", "--shortcut-alpha", "--epochs", "--lr", "--max-grad-norm"])
def test_nothing_of_what_must_be_positive_is_refused_before_anything_is_loaded(flag, capsys):
    assert begun(RUN, [flag, "0"]) == (2, [])
    assert capsys.readouterr().err == f"error: {flag} 0.0 must be above 0.\n"


TWICE = {names: "snip, alpha/r,snip", decimals: "1e-3,2,0.001"}


@pytest.mark.parametrize(("command", "one", "about", "hint"), EVERY, ids=IDS)
def test_a_list_in_which_the_order_means_nothing_has_nothing_twice(command, one, about, hint, capsys):
    if hint is bool or (reader := reader_of(hint, about)) not in TWICE:
        return
    flag = flag_of(one, about)
    refused = begun(COMMANDS[command], [f"{flag}={TWICE[reader]}"]) == (2, [])
    said = capsys.readouterr().err
    assert (refused and f"{flag} has " in said and "more than once" in said) != about.repeats


def test_an_empty_sampler_means_none():
    assert RUN.read(["--sampler", ""]).values["sampler"] == ()


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
    assert begun(RUN, [*files, *given]) == (2, [])
    assert "--task-name" in capsys.readouterr().err


def test_a_named_task_keeps_its_name(capsys):
    assert begun(RUN, ["--task", "mrpc", "--task-name", "mine"]) == (2, [])
    assert "describes --train-file" in capsys.readouterr().err


def test_types_complain_as_argparse_asks():
    for kind in TYPES:
        with pytest.raises(argparse.ArgumentTypeError):
            kind("a\0b")
