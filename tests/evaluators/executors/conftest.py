"""What executors are given to train: a tiny model on disk, on random rows."""

from __future__ import annotations

import numpy as np
import pytest

from evaluators.base.base_model import ModelSource
from evaluators.data.rows import Rows
from evaluators.data.task import Task
from evaluators.executors.workload import Workload
from evaluators.objectives.classification import Classification
from evaluators.training.candidate import Recipe
from spaces.find_sites import find_sites


@pytest.fixture
def workload(tiny_model, tmp_path) -> Workload:
    model = tiny_model("bert")
    model.save_pretrained(tmp_path / "model")
    rng = np.random.default_rng(0)
    rows = Rows(tuple(rng.integers(4, 100, (24, 6))), None, rng.integers(0, 2, 24))
    task = Task("random", Classification(("0", "1")), rows, rows, rows)
    return Workload(
        ModelSource(str(tmp_path / "model"), 2), task, find_sites(model, "lora"), Recipe(batch_size=8)
    )
