"""A tiny task for language models: every token is told by the one before it."""

from __future__ import annotations

import numpy as np

from evaluators.data.rows import Rows
from evaluators.data.task import Task
from evaluators.objectives.causal_lm import CausalLM

__all__ = ["doubling_rows", "doubling_task"]


def doubling_rows(count: int, seed: int) -> Rows:
    """Rows of 4 to 12 tokens, each followed by its double; nothing is learned of the first one to three."""
    rng = np.random.default_rng(seed)
    ids, labels = [], []
    for _ in range(count):
        row = (7 * 2 ** np.arange(rng.integers(4, 13)) + rng.integers(0, 90)) % 96 + 4
        ids.append(row.astype(np.int64))
        labels.append(np.where(np.arange(len(row)) < rng.integers(1, 4), -100, row).astype(np.int64))
    return Rows(tuple(ids), None, tuple(labels))


def doubling_task() -> Task:
    """38 rows to learn from: in batches of eight, four whole ones and one of six an epoch."""
    return Task("doubling", CausalLM(), doubling_rows(38, 0), doubling_rows(20, 1), doubling_rows(20, 2))
