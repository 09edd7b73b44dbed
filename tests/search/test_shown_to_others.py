"""What a command leaves for people can be sent to others: no path of a machine stands in it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import optuna
import pytest

from search.cli.rankscape import main

LIVE = ["--space", "lora[q]", "--trials", "3", "--rungs", "1", "--at-once", "3", "--finalists", "1"]
LIVE += ["--scaling", "alpha/r"]
COMMANDS = {
    "run": [*LIVE, "--proxy", "grad_norm"],
    "study": ["--space", "lora[q]", "--allocations", "4", "--proxy", "grad_norm"],
    "compare": ["--space", "lora[q]", "--methods", "lora,head", "--lrs", "1e-3"],
}
NOT_OF_SEARCHES = ("--proposals", "--finalists")
READ_BY_PEOPLE = (".html", ".md", ".txt", ".csv")
UNREADABLE = ("adapter", "adapters", "candidates")  # whose cards have a test of their own


def texts_of(folder: Path) -> dict[str, str]:
    """The files that people read, by name."""
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*")
        if path.suffix in READ_BY_PEOPLE and path.relative_to(folder).parts[0] not in UNREADABLE
    }


def told_in(database: Path) -> str:
    """All that stands in a database of studies: what they tell of themselves and of their trials."""
    with closing(sqlite3.connect(database)) as opened:
        return "\n".join(opened.iterdump())


@pytest.mark.parametrize("command", COMMANDS)
def test_no_path_stands_in_what_people_see_and_the_last_line_says_how(
    command, small, files, tmp_path, capsys
):
    argv = [*small, *COMMANDS[command]]
    if command != "run":
        for name in NOT_OF_SEARCHES:
            place = argv.index(name)
            del argv[place : place + 2]
    database, out = tmp_path / "elsewhere.db", tmp_path / "out"
    storage = f"sqlite:///{database}"
    assert main([command, *argv, "--storage", storage]) == 0
    printed = capsys.readouterr().out
    told = {**texts_of(out), "studies": told_in(database)}
    assert len(told) > 2
    for name, text in told.items():
        assert str(tmp_path) not in text, name
    assert "study.db" not in printed
    assert not (out / "study.db").exists()
    *_, last = printed.split("its studies, in --storage, are called ")
    name = f"{files.name}/train, model, r=2"
    line = f"rankscape dashboard {out} --storage URL"
    assert " ".join(last.split()) == f"'{name}' and so on; to look at them: {line}"
    assert all(one.startswith(name) for one in optuna.get_all_study_names(storage))
