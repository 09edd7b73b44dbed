"""What DyLoRA ends at: the uniform allocation of its budget, or a failure; and settings that mean nothing."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from evaluators.training.candidate import Candidate, Recipe
from evaluators.training.cohort import Cohort
from evaluators.training.gate_policy import Step
from evaluators.training.rank_sweep import rank_sweep
from search.methods.dylora import DyLora
from search.methods.lora import Lora
from spaces.errors import UsageError
from spaces.find_sites import find_sites
from spaces.scaling import Scaling
from spaces.search_space import SearchSpace

SHORT = Recipe(epochs=2, batch_size=8, warmup=0.1)


def test_it_ends_at_the_uniform_allocation_of_the_budget_with_its_first_rows(planted, train):
    """At 2.4 per site: rank 2 everywhere and 3 at some, of 10; A's and B's first rows are as trained."""
    policy = DyLora(round(2.4 * planted.space.params_per_rank))
    assert {rank for _, rank in policy.start(planted.space).ranks} == {10}
    (cut,) = train(planted, policy, recipe=SHORT)
    assert cut.allocation == Lora(policy.max_params).start(planted.space)
    everything = DyLora(10 * planted.space.params_per_rank, multiple=1)
    (whole,) = train(planted, everything, recipe=SHORT)
    assert whole.allocation == policy.start(planted.space)
    assert whole.evaluation.curve == pytest.approx(cut.evaluation.curve, abs=1e-5)
    for name, rank in cut.allocation.ranks:
        first_a, first_b = whole.tensors[f"{name}.A"][:rank], whole.tensors[f"{name}.B"][:, :rank]
        torch.testing.assert_close(cut.tensors[f"{name}.A"], first_a, rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(cut.tensors[f"{name}.B"], first_b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("units", [0.4, 3.0, 17.5, 19.0, 40.0])
def test_sites_of_small_matrices_leave_their_share_to_the_others(tiny_model, planted, units):
    """Llama's v has 16 outputs, its q 32: above 16 only q goes on, and no rank that fits is left out."""
    model = tiny_model("llama")
    sites = tuple(find_sites(model, "lora[q,v]"))
    space = SearchSpace(sites, (0, 1))
    budget = round(units * space.params_per_rank)
    policy = DyLora(budget, multiple=2)
    candidate = Candidate(policy.start(space), 0, 1e-2)
    largest = max(1, round(2 * budget / space.params_per_rank))
    assert candidate.allocation == space.allocation([min(largest, s.max_rank) for s in sites])
    cohort = Cohort(model, sites, planted.task.objective, [candidate], SHORT, slots=1)
    hooks = policy.hooks(cohort, planted.task)
    cohort.load(0, candidate)
    hooks.start(0, candidate)
    for number in range(20):
        hooks.before([Step(0, number, 20, 1e-2)])
    hooks.finish(0)
    ranks = space.rank_vector(cohort.wires.ranks(0))
    for site, rank in zip(sites, ranks, strict=True):
        wanted = (torch.arange(candidate.allocation.rank(site.name)) < rank) * Scaling().factor(
            "lora", int(rank)
        )
        torch.testing.assert_close(cohort.wires.gates[site.name][0], wanted)
    limits, costs = space.rank_vector(candidate.allocation), np.array([s.cost_per_rank for s in sites])
    left = budget - costs @ ranks
    assert left >= 0
    assert ((ranks == limits) | (costs > left)).all()
    below = ranks < limits
    assert not below.any() or ranks[below].max() - ranks[below].min() <= 1
    assert not below.any() or ranks.max() <= ranks[below].min() + 1


@pytest.mark.parametrize(
    ("mode", "largest", "bound"), [({}, 4, 0.2), ({"updates": "row"}, 4, 0.6), ({"loss": "sum"}, 2, 0.2)]
)
def test_one_training_serves_every_rank(planted, train, mode, largest, bound):
    """All ranks learn what the head alone cannot; the last of them is what was trained itself."""
    recipe = Recipe(epochs=7, batch_size=8, warmup=0.1)
    (trained,) = train(planted, DyLora(largest * planted.space.params_per_rank, 1, **mode), recipe=recipe)
    assert np.mean(trained.evaluation.curve[-8:]) < 0.6 * np.mean(trained.evaluation.curve[:8])
    of_train, of_validation = (
        rank_sweep(planted.model, planted.space.sites, planted.task, trained, recipe, rows)
        for rows in (planted.task.train, planted.task.validation)
    )
    assert len(of_train) == largest
    assert max(one.score.loss for one in of_train) < bound
    assert of_validation[-1].score.metric == trained.evaluation.metric
    assert of_validation[-1].score.loss == pytest.approx(trained.evaluation.loss, abs=1e-5)


def test_a_rank_that_never_changes_is_a_failure(planted, train):
    policy = DyLora(planted.space.params_per_rank, distribution="geometric", p=1.0)
    (trained,) = train(planted, policy, recipe=SHORT)
    assert "every step drew b=1 of 1..4; train for more steps" in trained.evaluation.failure


def test_a_candidate_that_never_changed_fails_alone(planted, train):
    """In two steps some seeds draw one rank twice; those beside them have finished."""
    policy = DyLora(planted.space.params_per_rank)
    runs = train(planted, policy, recipe=dataclasses.replace(SHORT, epochs=0.25), seeds=range(8))
    assert len(runs[0].evaluation.curve) == 2
    failed = [run.evaluation.failure is not None for run in runs]
    assert any(failed)
    assert not all(failed)
    alone = [
        train(planted, policy, recipe=dataclasses.replace(SHORT, epochs=0.25), seeds=[i])[0] for i in (0, 2)
    ]
    assert [run.evaluation.failure for run in alone] == [runs[i].evaluation.failure for i in (0, 2)]


@pytest.mark.parametrize(
    "bad",
    [{"multiple": 0}, {"multiple": float("nan")}, {"p": 0.0}, {"p": 1.5}, {"updates": "row", "loss": "sum"}],
)
def test_settings_that_mean_nothing_are_refused(bad):
    with pytest.raises(UsageError, match=next(iter(bad))):
        DyLora(1000, **bad)


def test_a_budget_below_one_rank_of_one_site_is_refused(planted):
    with pytest.raises(UsageError, match="too small"):
        DyLora(3).start(planted.space)
