"""One value and several of the same thing are refused by every command that knows both."""

from __future__ import annotations

import pytest

from search.cli import compare, run, study
from search.cli.command import Command

BOTH = [
    (run.RUN, ["--trials", "4"], "lr", "0.001,0.003"),
    (run.RUN, ["--trials", "4"], "scaling", "alpha/r,constant"),
    (study.STUDY, [], "budget", "r=1,r=2"),
    (study.STUDY, [], "lr", "0.001,0.003"),
    (compare.COMPARE, [], "lr", "0.001,0.003"),
    (compare.COMPARE, [], "scaling", "alpha/r,constant"),
]


@pytest.mark.parametrize(("command", "more", "name", "several"), BOTH)
def test_both_are_refused_by_their_names(command: Command, more, name, several, capsys):
    one = several.partition(",")[0]
    assert command.main([*more, f"--{name}", one, f"--{name}s", several]) == 2
    said = f"error: --{name} and --{name}s exclude each other; give one of them.\n"
    assert capsys.readouterr().err == said
