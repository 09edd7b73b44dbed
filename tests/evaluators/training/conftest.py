"""A tiny model, and a task of random rows that it trains in seconds."""

from __future__ import annotations

import numpy as np
import pytest

from evaluators.data.rows import Rows
from evaluators.data.task import Task
from evaluators.objectives.classification import Classification


def _rows(count: int, seed: int) -> Rows:
    rng = np.random.default_rng(seed)
    ids = tuple(rng.integers(8, 100, rng.integers(4, 12)) for _ in range(count))
    return Rows(ids, None, rng.integers(0, 2, count))


@pytest.fixture(scope="package")
def task() -> Task:
    return Task("random", Classification(("no", "yes")), _rows(30, 0), _rows(20, 1), _rows(20, 2))


@pytest.fixture
def model(tiny_model):
    return tiny_model("bert")
