"""A planted problem: a tiny model in which only the sites of one layer can change anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import pytest
import torch
from transformers import PreTrainedModel

from evaluators.data.rows import Rows
from evaluators.data.task import Task
from evaluators.objectives.classification import Classification
from evaluators.training.candidate import Candidate, Recipe, Trained
from evaluators.training.gate_policy import GatePolicy
from evaluators.training.leg import whole
from evaluators.training.train import train_cohort
from spaces.allocation import Allocation
from spaces.find_sites import find_sites
from spaces.search_space import SearchSpace

RECIPE = Recipe(epochs=40, batch_size=8, warmup=0.1)
USEFUL_LAYER = 1


@dataclass(frozen=True, slots=True, eq=False)
class Planted:
    """A model of three layers, in two of which W_o and W_fc2 are zero, so that q, v and fc1 are without
    effect there; a task that needs more than the head; useful: names of the sites in the third."""

    model: PreTrainedModel
    space: SearchSpace
    task: Task
    useful: frozenset[str]

    def share_useful(self, allocation: Allocation) -> float:
        """Parameters at useful sites over all parameters of an allocation."""
        kept = Allocation.of({name: rank for name, rank in allocation.ranks if name in self.useful})
        return self.space.params(kept) / self.space.params(allocation)


class Train(Protocol):
    def __call__(
        self,
        planted: Planted,
        policy: GatePolicy,
        *,
        recipe: Recipe = RECIPE,
        seeds: Sequence[int] = (0,),
        learning_rate: float = 1e-2,
    ) -> list[Trained]: ...


def rows_of(count: int, seed: int) -> Rows:
    """Rows whose label says whether token 7 is among them."""
    rng = np.random.default_rng(seed)
    ids = tuple(np.r_[2, rng.integers(8, 100, rng.integers(4, 12)), 3].astype(np.int64) for _ in range(count))
    labels = rng.integers(0, 2, count)
    for row, label in zip(ids, labels, strict=True):
        row[rng.integers(1, len(row) - 1)] = 7 if label else 8
    return Rows(ids, None, labels)


@pytest.fixture
def planted(tiny_model) -> Planted:
    """At ranks 0, 1, 2, 4 and 8; 60 rows to train on, 40 to choose by, 40 to report on."""
    model = tiny_model("bert")
    with torch.no_grad():
        for i, layer in enumerate(model.bert.encoder.layer):
            if i != USEFUL_LAYER:
                layer.attention.output.dense.weight.zero_()
                layer.output.dense.weight.zero_()
    sites = find_sites(model, "lora[q,v,fc1]")
    task = Task("planted", Classification(("no", "yes")), rows_of(60, 0), rows_of(40, 1), rows_of(40, 2))
    useful = frozenset(site.name for site in sites if site.layer == USEFUL_LAYER)
    return Planted(model, SearchSpace(tuple(sites), (0, 1, 2, 4, 8)), task, useful)


@pytest.fixture
def train() -> Train:
    """Trains a policy's own start from each seed, all in one cohort."""

    def run(
        planted: Planted,
        policy: GatePolicy,
        *,
        recipe: Recipe = RECIPE,
        seeds: Sequence[int] = (0,),
        learning_rate: float = 1e-2,
    ) -> list[Trained]:
        start = policy.start(planted.space)
        candidates = [Candidate(start, seed, learning_rate) for seed in seeds]
        return train_cohort(
            planted.model,
            planted.space.sites,
            planted.task,
            whole(candidates),
            recipe,
            slots=len(candidates),
            policy=policy,
        )

    return run


@pytest.fixture
def generic(planted, tiny_model) -> Planted:
    """The planted task on a model in which every one of twelve sites matters."""
    model = tiny_model("bert")
    space = SearchSpace(tuple(find_sites(model, "lora[v,o,fc1,fc2]")), (0, 1, 2, 4, 8))
    return replace(planted, model=model, space=space)
