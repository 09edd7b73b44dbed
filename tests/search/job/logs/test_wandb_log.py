"""What Weights & Biases is told, by a package in its place that writes down how it is called."""

from __future__ import annotations

import sys

import pytest

from search.job.logs.loss_log import LossPoint
from search.job.logs.registry import find_loss_log

STANDS_IN = """
CALLS = []

class Settings:
    project = None

class Run:
    def define_metric(self, name, step_metric):
        CALLS.append(("metric", name, step_metric))
    def log(self, values):
        CALLS.append(values)
    def finish(self, quiet):
        CALLS.append("finished")

def init(**settings):
    CALLS.append({name: settings[name] for name in ("project", "group", "name", "id", "resume", "config")})
    return Run()
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

    assert wandb.CALLS == [
        {
            "project": "rankscape",
            "group": "mine",
            "name": "tpe-seed0",
            "id": "mine-tpe-seed0",
            "resume": "allow",
            "config": {"seed": 0},
        },
        ("metric", "*", "step"),
        {"train/loss": 0.5, "step": 3},
        "finished",
    ]
