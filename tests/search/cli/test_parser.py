"""A command's options are what its settings declare, and its help fits a screen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from search.cli.dashboard import DASHBOARD
from search.cli.flags import Flags
from search.cli.parser import parser_of, typed
from search.cli.rankscape import COMMANDS
from search.cli.typed import Typed
from search.job.option import options_of
from search.job.settings import SpaceSettings, TrainingSettings
from spaces.errors import UsageError

SETTINGS = (SpaceSettings, TrainingSettings)


def read(words: list[str]) -> Typed:
    parser = parser_of(SETTINGS, prog="rankscape x", description="Does x.", example="x")
    return typed(parser, words, flags=Flags.of(SETTINGS))


def test_what_was_typed_makes_settings_and_the_rest_has_its_default():
    given = read(["--seeds", "5", "--budget", "r=8", "--seed", "0"])
    assert given.names == {"seeds", "budget", "seed"}
    training = given.of(TrainingSettings)
    assert (training.seeds, training.seed, training.epochs) == (5, 0, 1.0)
    assert given.of(SpaceSettings) == SpaceSettings(budget="r=8")


def test_a_word_that_is_no_flag_may_be_missing():
    assert DASHBOARD.read(["--port", "0", "here"]).values == {"port": 0, "folder": Path("here")}
    assert DASHBOARD.read([]).names == frozenset()
    with pytest.raises(UsageError, match="'b' belongs to no option"):
        DASHBOARD.read(["a", "b"])


def test_what_a_command_fills_in_was_not_typed():
    given = read([]).filled(seeds=2)
    assert given.names == frozenset()
    assert given.of(TrainingSettings).seeds == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--budgte", "1M"], "--budgte is no option of rankscape x; did you mean --budget?"),
        (["--learning-rate=1"], "--learning-rate is no option of rankscape x; see rankscape x --help."),
        (["lora"], "'lora' belongs to no option; options begin with --, see rankscape x --help."),
        (["--nope"], "--nope is no option of rankscape x; see rankscape x --help."),
        (["--see", "1"], "--see is no option of rankscape x; did you mean --seed?"),
        (["--\x1b[31m"], "--\\x1b[31m is no option of rankscape x; see rankscape x --help."),
        (["--seeds"], "--seeds: expected one argument"),
        (["--scaling", "magic"], "--scaling: invalid choice: 'magic'"),
    ],
)
def test_a_slip_is_one_line_with_the_nearest_name(words, said):
    with pytest.raises(UsageError) as error:
        read(words)
    assert str(error.value).startswith(said)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("words", [["--seeds", "9" * 5000], ["y" * 5000], ["--" + "y" * 5000]])
def test_a_complaint_is_shorter_than_what_it_is_about(words):
    with pytest.raises(UsageError) as error:
        read(words)
    assert len(str(error.value)) < 800


@pytest.mark.parametrize("name", COMMANDS)
def test_help_fits_a_screen_and_has_no_markup(name, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit, match="0"):
        COMMANDS[name].main(["--help"], prog=f"rankscape {name}")
    lines = capsys.readouterr().out.splitlines()
    assert re.fullmatch(rf"usage: rankscape {name} \[options\]( \[DIR\])?", lines[0])
    assert max(map(len, lines)) <= 80
    assert not re.search(r"[`%]{1}[a-z(]|\*\*|``", "\n".join(lines))


def test_a_command_s_own_options_come_first_and_rare_ones_last(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        COMMANDS["run"].main(["--help"])
    found = re.findall(r"^  (--[a-z-]+)", capsys.readouterr().out, flags=re.MULTILINE)
    assert found[0] == "--proposals"
    assert (
        found.index("--proposals") < found.index("--space") < found.index("--seeds") < found.index("--renorm")
    )
    assert found.index("--quiet") < found.index("--threads")


def test_no_name_is_cut_at_its_hyphen(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        COMMANDS["compare"].main(["--help"])
    shown = capsys.readouterr().out
    assert not re.search(r"\w-$", shown, flags=re.MULTILINE)
    assert "hetero-separated" in shown


def test_an_option_is_declared_once():
    kinds = {kind for command in COMMANDS.values() for kind in command.settings}
    declared = {}
    for kind in kinds:
        for one, about in options_of(kind):
            declared.setdefault((one.name, about.help), {})[id(about)] = kind.__name__
    assert {name: [*kinds.values()] for (name, _), kinds in declared.items() if len(kinds) > 1} == {}
