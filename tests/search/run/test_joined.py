"""``rankscape run --join``: drivers share a search; nobody trains what another has, and nothing is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import optuna

LIVE = ["--space", "lora[q,v]", "--trials", "6", "--rungs", "1", "--at-once", "6", "--finalists", "1"]
CHOICES = ["--lrs", "1e-3,1e-2", "--scalings", "alpha/sqrt(r)", "--proxy", "grad_norm", "--cohort-size", "1"]
NAME = "tiny"


def line(small: list[str], folder: Path, storage: str) -> list[str]:
    """The command of one driver. folder: of its own."""
    place = small.index("--output") + 1
    own = [*small[:place], str(folder), *small[place + 1 :], *LIVE, *CHOICES]
    return [*own, "--storage", storage, "--study-name", NAME, "--join", "--heartbeat", "1", "--json"]


def begun(argv: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "search.run", *argv],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> dict:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return json.loads(out)


def claims(storage: str) -> list[optuna.trial.FrozenTrial]:
    """Of trials of the search, by their numbers in the database."""
    study = optuna.load_study(study_name=f"{NAME}, work", storage=storage)
    return [one for one in study.trials if one.user_attrs["what"].startswith("trial ")]


def told(storage: str) -> list[tuple[str, str]]:
    """Every leg that somebody told of, as often as it was told: trial and step."""
    return [
        (one.user_attrs["what"], name)
        for one in claims(storage)
        for name in one.user_attrs
        if name.startswith("step ")
    ]


def test_two_drivers_share_the_trials_and_come_to_one_result(small, tmp_path):
    storage = f"sqlite:///{tmp_path / 'shared.db'}"
    drivers = [begun(line(small, tmp_path / name, storage)) for name in ("a", "b")]
    first, second = map(ended, drivers)
    assert first == second
    trials = first["live"]["trials"]
    assert sum(not one["baseline"] for one in trials) == 6
    owners = {one.user_attrs["what"]: one.user_attrs["driver"].rpartition("/")[2] for one in claims(storage)}
    assert set(owners) == {f"trial {one['number']}" for one in trials}
    assert set(owners.values()) == {"a", "b"}
    legs = sum(3 if one["state"] == "complete" else 1 for one in trials)
    assert len(told(storage)) == len(set(told(storage))) == legs
    mirrored = optuna.load_study(study_name=NAME, storage=storage)
    assert [one.state.name.lower() for one in mirrored.trials] == [one["state"] for one in trials]
