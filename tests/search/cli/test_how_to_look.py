"""The line that says how studies are looked at can be typed as it stands."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from search.cli.dashboard import DASHBOARD
from search.cli.how_to_look import how_to_look


@pytest.mark.parametrize("study", [None, "sst2, MiniLM, 0.5%"])
def test_it_is_a_line_of_the_dashboard_s(study):
    folder = Path("runs/a b's")
    line = how_to_look(folder, study).rpartition("rankscape dashboard ")[2]
    given = DASHBOARD.read(shlex.split(line))
    assert given.values["folder"] == folder
    assert ("storage" in given.names) == (study is not None)


@pytest.mark.parametrize("study", [None, "k", "sst2, MiniLM, 0.5%", "a name " * 20])
@pytest.mark.parametrize("folder", ["k", "runs/of a long name " * 8])
def test_the_line_to_be_typed_is_not_broken_and_the_others_fit_a_terminal(folder, study):
    *told, line = how_to_look(Path(folder), study).splitlines()
    assert "rankscape dashboard" in line
    assert shlex.split(line.partition("rankscape dashboard ")[2])[0] == str(Path(folder))
    assert all(len(one) <= 80 for one in told)


def test_a_study_elsewhere_is_named():
    assert "are called 'mine' and so on" in how_to_look(Path("a"), "mine")
