"""One console command: it knows its commands, and says so within a line where it does not."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version

import pytest

from search.cli.rankscape import COMMANDS, main


def test_help_lists_every_command_within_80_columns(capsys):
    assert main(["--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "usage: rankscape COMMAND [options]"
    assert max(map(len, lines)) <= 80
    assert [line.split()[0] for line in lines if line.startswith("  ") and line[2] != " "] == [*COMMANDS]


def test_the_version_is_the_package_s(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"rankscape {version('rankscape')}\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "which command? Choose from run, study"),
        (["rum"], "'rum' is no command; did you mean run?"),
        (["train"], "'train' is no command; there are run, study"),
        (["--seeds", "5"], "options come behind a command"),
    ],
)
def test_what_is_no_command_is_one_line(words, said, capsys):
    assert main(words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {said}")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_the_same_as_its_module(name, capsys):
    assert main([name, "--colour"]) == 2
    console = capsys.readouterr().err
    done = subprocess.run(
        [sys.executable, "-m", COMMANDS[name].module, "--colour"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == console.replace(f"rankscape {name}", f"python -m {COMMANDS[name].module}")


def test_the_module_is_the_console_command():
    done = subprocess.run(
        [sys.executable, "-m", "search.cli.rankscape", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"rankscape {version('rankscape')}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_s_own_module_runs_it(name):
    words = [sys.executable, "-m", f"search.cli.{name}", "--colour"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: --colour is no option of ")
