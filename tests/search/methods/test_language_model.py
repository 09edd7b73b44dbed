"""Every method on a language model: it trains, or says why it cannot."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import pytest
import torch

from evaluators.adapters.adapter import load_adapter, save_adapter
from evaluators.data.model_inputs import batch_of
from evaluators.data.task import Task
from evaluators.training.adamw import linear_schedule
from evaluators.training.candidate import Candidate, Recipe
from evaluators.training.data_order import epoch_batches
from evaluators.training.leg import whole
from evaluators.training.train import train_cohort
from search.methods.registry import METHODS, policy_of
from spaces.allocation import Allocation
from spaces.errors import InputError
from spaces.find_sites import find_sites
from spaces.search_space import SearchSpace
from tests.doubling import doubling_task

RECIPE: Final = Recipe(epochs=3, batch_size=8, warmup=0.1)
RANKS: Final = (0, 1, 2, 4, 8)
FAMILIES: Final = {"llama": {"tie_word_embeddings": True}, "gpt2": {}}  # whose k and v are narrower; Conv1D
REFUSED: Final = {"head", ("flop", "gpt2")}


@pytest.fixture(scope="module")
def task() -> Task:
    return doubling_task()


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", METHODS)
def test_a_method_trains_a_language_model_or_is_refused(tiny_language_model, task, name, family, tmp_path):
    model = tiny_language_model(family, **FAMILIES[family])
    space = SearchSpace(find_sites(model, "lora[q,v,fc1]" if family == "gpt2" else "lora[q,v,up]"), RANKS)
    if (name, family) in REFUSED or name in REFUSED:
        with pytest.raises(InputError, match="leave"):
            METHODS[name].check(model, task.objective, space.sites)
        return
    METHODS[name].check(model, task.objective, space.sites)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    policy = policy_of(name, 2 * space.params_per_rank, model)
    candidate = Candidate(policy.start(space), 0, 5e-3 * METHODS[name].rate)
    (trained,) = train_cohort(model, space.sites, task, whole([candidate]), RECIPE, slots=1, policy=policy)
    assert trained.evaluation.failure is None
    assert all(model.state_dict()[key].equal(value) for key, value in before.items())
    if not METHODS[name].adapter:
        return
    assert 0 < space.params(trained.allocation) <= 2 * space.params_per_rank
    save_adapter(
        tmp_path / "adapter",
        trained,
        model=model,
        sites=space.sites,
        recipe=RECIPE,
        base="tiny",
        objective=task.objective,
        rows=task.validation,
    )
    with load_adapter(tmp_path / "adapter", model), torch.no_grad():
        batch = batch_of(model, task.validation, range(len(task.validation)))
        loss = model(**batch.inputs, labels=batch.labels).loss.item()
    assert loss == pytest.approx(trained.evaluation.loss, abs=1e-4)


@pytest.mark.parametrize("name", ["full", "sora", "alora", "spectral"])  # each in its own way
def test_two_seeds_train_side_by_side_as_each_alone(tiny_language_model, task, name):
    model, recipe = tiny_language_model("llama"), replace(RECIPE, epochs=2)
    space = SearchSpace(find_sites(model, "lora[q,v,up]"), RANKS)
    policy = policy_of(name, 2 * space.params_per_rank, model)
    candidates = [Candidate(policy.start(space), seed, 5e-3 * METHODS[name].rate) for seed in (0, 1)]

    def train(*some: Candidate):
        return train_cohort(model, space.sites, task, whole(some), recipe, slots=len(some), policy=policy)

    together = train(*candidates)
    (alone,) = train(candidates[1])
    assert together[1].evaluation.failure is None
    assert together[1].evaluation.metric == together[1].evaluation.loss
    assert together[1].evaluation.loss == pytest.approx(alone.evaluation.loss, abs=2e-3)


@pytest.mark.parametrize("family", ["llama", "gpt2", "opt"])
@pytest.mark.parametrize("tied", [True, False])
def test_full_fine_tuning_is_that_of_the_base_model_in_plain_pytorch(tiny_language_model, task, family, tied):
    """The embeddings train, and with them an lm_head that is tied to them; one of its own stays frozen."""
    model = tiny_language_model(family, tie_word_embeddings=tied)
    policy = policy_of("full", 1, model)
    candidate = Candidate(Allocation.of({}), 0, 1e-3)
    (trained,) = train_cohort(model, (), task, whole([candidate]), RECIPE, slots=1, policy=policy)

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
