"""What Weights & Biases is told, by a package in its place that writes down how it is called."""

from __future__ import annotations

import sys

import pytest

from search.job.logs.loss_log import LossPoint
from search.job.logs.registry import find_loss_log

STANDS_IN = """
CALLS, SUMMARIES = [], {}

class Settings:
    project = None

class Run:
    def __init__(self, summary):
        self.summary = summary
    def define_metric(self, name, step_metric):
        CALLS.append(("metric", name, step_metric))
    def log(self, values):
        CALLS.append(values)
        self.summary.update(values)
    def finish(self, quiet):
        CALLS.append("finished")

def init(**settings):
    CALLS.append({name: settings[name] for name in ("project", "group", "name", "id", "resume", "config")})
    return Run(SUMMARIES.setdefault(settings["id"], {}))
"""


@pytest.fixture
def stands_in(tmp_path, monkeypatch):
    (tmp_path / "packages").mkdir()
    (tmp_path / "packages" / "wandb.py").write_text(STANDS_IN)
    monkeypatch.syspath_prepend(str(tmp_path / "packages"))
    for name in ("wandb", "search.job.logs.wandb_log"):
        monkeypatch.delitem(sys.modules, name, raising=False)


def test_each_run_is_one_there_in_the_group_of_its_folder(stands_in, tmp_path):
    log = find_loss_log("wandb", tmp_path / "mine" / "logs")
    log("tpe-seed0", [LossPoint("train/loss", 3, 0.5)], {"seed": 0})
    import wandb

    (begun, *told) = wandb.CALLS
    assert len(begun.pop("id")) == 32
    assert [begun, *told] == [
        {
            "project": "rankscape",
            "group": "mine",
            "name": "tpe-seed0",
            "resume": "allow",
            "config": {"seed": 0},
        },
        ("metric", "*", "step"),
        {"train/loss": 0.5, "step": 3},
        "finished",
    ]


def test_a_run_that_goes_on_is_told_only_the_steps_that_it_lacks(stands_in, tmp_path):
    def points(*steps):
        return [
            LossPoint(name, step, 0.5) for step in steps for name in ("train/loss", "train/learning_rate")
        ]

    find_loss_log("wandb", tmp_path)("tpe-seed0", points(1, 2, 3, 4), {})
    again = find_loss_log("wandb", tmp_path)
    again("tpe-seed0", points(1, 2), {})
    again("tpe-seed0", points(3, 4, 5), {})
    import wandb

    told = [call["step"] for call in wandb.CALLS if isinstance(call, dict) and "step" in call]
    assert told == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]


def test_only_the_same_run_in_the_same_folder_goes_on(stands_in, tmp_path):
    """Long names that differ at their end, folders of one name, and names that no id may have."""
    first, other = ("trial-0001-" + "x" * 60 + f"-seed0-{digest}" for digest in ("0a1b2c3d", "4e5f6a7b"))
    places = [tmp_path / "a" / ("y#" * 40) / "logs", tmp_path / "b" / ("y#" * 40) / "logs"]
    for folder, run in [(places[0], first), (places[0], other), (places[1], first), (places[0], first)]:
        find_loss_log("wandb", folder)(run, [], {})
    import wandb

    ids = [call["id"] for call in wandb.CALLS if isinstance(call, dict)]
    assert len(set(ids)) == 3
    assert ids[3] == ids[0]
    assert all(one.isalnum() for one in ids)
