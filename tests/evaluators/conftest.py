"""Adapters with random weights, saved."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np
import pytest
import torch
from transformers import PreTrainedModel

from evaluators.adapters.adapter import save_adapter
from evaluators.data.rows import Rows
from evaluators.objectives.classification import Classification
from evaluators.objectives.task_objective import TaskObjective
from evaluators.training.candidate import Candidate, Evaluation, Recipe, Trained
from evaluators.training.cohort import Cohort
from spaces.allocation import Allocation
from spaces.find_sites import find_sites

SENTIMENT = Classification(("negative", "positive"))


class Saved(Protocol):
    def __call__(
        self,
        folder: Path,
        model: PreTrainedModel,
        space: str,
        *,
        recipe: Recipe | None = None,
        allocation: Allocation | None = None,
        objective: TaskObjective = SENTIMENT,
    ) -> torch.Tensor: ...


def rows_of(batch: dict[str, torch.Tensor]) -> Rows:
    """A batch as rows of a task, without its padding; labels are zeros."""
    lengths = batch["attention_mask"].sum(1).tolist()
    ids = tuple(row[:length].numpy() for row, length in zip(batch["input_ids"], lengths, strict=True))
    return Rows(ids, None, np.zeros(len(ids), dtype=np.int64))


@pytest.fixture
def saved(tiny_batch: dict[str, torch.Tensor]) -> Saved:
    """A function that saves random wires and a random head, and returns the logits they give when attached.

    Unless given, the sites' ranks are 3, 1, off, 4 and 2 in turn, so that neighbours differ, and so do
    the parts of a fused linear.
    """

    def save(
        folder: Path,
        model: PreTrainedModel,
        space: str,
        *,
        recipe: Recipe | None = None,
        allocation: Allocation | None = None,
        objective: TaskObjective = SENTIMENT,
    ) -> torch.Tensor:
        recipe, sites = recipe or Recipe(), find_sites(model, space)
        some_ranks = Allocation.of({site.name: (3, 1, 0, 4, 2)[i % 5] for i, site in enumerate(sites)})
        candidate = Candidate(allocation or some_ranks, seed=5, learning_rate=1e-3)
        cohort = Cohort(model, sites, objective, [candidate], recipe, slots=1)
        cohort.load(0, candidate)
        generator = torch.Generator().manual_seed(0)
        cohort.stacked.values.copy_(torch.randn(cohort.stacked.values.shape, generator=generator) * 0.15)
        with torch.no_grad(), cohort.wires.attach(model, renorm=recipe.renorm), cohort.head.attach():
            logits: torch.Tensor = model(**tiny_batch).logits
        trained = Trained(Evaluation(candidate, 0.5, 0.5, None, (), 0.0, 0), cohort.trained(0))
        save_adapter(
            folder,
            trained,
            model=model,
            sites=sites,
            recipe=recipe,
            base="some/base",
            objective=objective,
            rows=rows_of(tiny_batch),
        )
        return logits

    return save
