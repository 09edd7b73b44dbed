"""Every method on a language model: it trains, or says why it cannot."""

from __future__ import annotations

from typing import Final

import numpy as np
import pytest
import torch

from evaluators.data.model_inputs import batch_of
from evaluators.data.task import Task
from evaluators.training.adamw import linear_schedule
from evaluators.training.candidate import Candidate, Recipe
from evaluators.training.cohort import outputs_of
from evaluators.training.data_order import epoch_batches
from evaluators.training.train import train_cohort
from search.methods.registry import METHODS, policy_of
from spaces.allocation import Allocation
from spaces.errors import InputError
from spaces.find_sites import find_sites
from spaces.search_space import SearchSpace
from tests.doubling import doubling_task

RECIPE: Final = Recipe(epochs=3, batch_size=8, warmup=0.1)


@pytest.fixture(scope="module")
def task() -> Task:
    return doubling_task()


@pytest.mark.parametrize("name", METHODS)
def test_a_method_trains_two_seeds_as_each_alone(tiny_language_model, task, name):
    model = tiny_language_model("llama")
    space = SearchSpace(find_sites(model, "lora[q,v,up]"), (0, 1, 2, 4, 8))
    before = {key: value.clone() for key, value in model.state_dict().items()}
    policy = policy_of(name, 2 * space.params_per_rank, model)
    candidates = [Candidate(policy.start(space), seed, 5e-3 * METHODS[name].rate) for seed in (0, 1)]

    def train(*some: Candidate):
        return train_cohort(model, space.sites, task, some, RECIPE, slots=len(some), policy=policy)

    if name == "head":
        with pytest.raises(InputError, match="this model has no head of its own to train"):
            train(*candidates)
        return
    together = train(*candidates)
    for candidate, trained in zip(candidates, together, strict=True):
        assert trained.evaluation.failure is None
        assert trained.evaluation.metric == trained.evaluation.loss
        (alone,) = train(candidate)
        assert trained.evaluation.loss == pytest.approx(alone.evaluation.loss, abs=2e-3)
    assert all(model.state_dict()[key].equal(value) for key, value in before.items())
    if METHODS[name].adapter:
        assert 0 < space.params(together[0].allocation) <= 2 * space.params_per_rank
        (outputs,) = outputs_of(model, space.sites, task.objective, together[:1], RECIPE, task.validation)
        score = task.objective.score(outputs, task.validation.labels)
        assert score.loss == pytest.approx(together[0].evaluation.loss, abs=1e-4)


@pytest.mark.parametrize("family", ["llama", "gpt2", "opt"])
@pytest.mark.parametrize("tied", [True, False])
def test_full_fine_tuning_is_that_of_the_base_model_in_plain_pytorch(tiny_language_model, task, family, tied):
    """The embeddings train, and with them an lm_head that is tied to them; one of its own stays frozen."""
    model = tiny_language_model(family, tie_word_embeddings=tied)
    policy = policy_of("full", 1, model)
    candidate = Candidate(Allocation.of({}), 0, 1e-3)
    (trained,) = train_cohort(model, (), task, [candidate], RECIPE, slots=1, policy=policy)

    plain = tiny_language_model(family, tie_word_embeddings=tied)
    parameters = list(plain.base_model.requires_grad_(True).parameters())
    optimizer = torch.optim.AdamW(parameters, lr=1.0, weight_decay=RECIPE.weight_decay)
    lengths = np.array([len(ids) for ids in task.train.input_ids])
    batches = [batch for epoch in range(3) for batch in epoch_batches(lengths, 8, seed=0, epoch=epoch)]
    curve = []
    for step, indices in enumerate(batches):
        batch = batch_of(plain, task.train, indices)
        loss = plain(**batch.inputs, labels=batch.labels).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.param_groups[0]["lr"] = 1e-3 * linear_schedule(step, len(batches), warmup=0.1)
        optimizer.step()
        curve.append(loss.item())
    np.testing.assert_allclose(trained.evaluation.curve, curve, rtol=1e-3)
