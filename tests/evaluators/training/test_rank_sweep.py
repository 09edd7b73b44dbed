"""Every rank of one candidate against weights merged by hand, and against cohorts of one."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from evaluators.data.rows import Rows, padded_inputs
from evaluators.data.task import Task
from evaluators.objectives.classification import Classification
from evaluators.training.candidate import Candidate, Evaluation, Recipe, Trained
from evaluators.training.cohort import Cohort, score_trained
from evaluators.training.rank_sweep import cut_to_rank, rank_sweep
from spaces.allocation import Allocation
from spaces.find_sites import find_sites
from spaces.scaling import SCALING_RULES, Scaling


def rows_of(count: int, seed: int) -> Rows:
    rng = np.random.default_rng(seed)
    ids = tuple(np.r_[2, rng.integers(8, 100, rng.integers(4, 12)), 3].astype(np.int64) for _ in range(count))
    return Rows(ids, None, rng.integers(0, 2, count))


@pytest.fixture(scope="module")
def task() -> Task:
    return Task("random", Classification(("no", "yes")), rows_of(8, 0), rows_of(30, 1), rows_of(30, 2))


def random_trained(model, sites, objective, ranks, recipe) -> Trained:
    """A candidate with random tensors; ranks in turn over the sites."""
    allocation = Allocation.of({site.name: ranks[i % len(ranks)] for i, site in enumerate(sites)})
    candidate = Candidate(allocation, 0, 1e-3)
    cohort = Cohort(model, sites, objective, [candidate], recipe, slots=1)
    cohort.load(0, candidate)
    draw = torch.randn(cohort.stacked.values.shape, generator=torch.Generator().manual_seed(0))
    cohort.stacked.values.copy_(0.1 * draw)
    return Trained(Evaluation(candidate, None, None, None, (), 0.0, 0), cohort.trained(0))


@pytest.mark.parametrize("rule", SCALING_RULES)
def test_every_rank_equals_the_model_with_its_rows_merged_into_the_weights(tiny_model, task, rule):
    """Equation 7 of DyLoRA by hand: W + factor(b) B[:, :b] A[:b], b at most the site's own rank."""
    model, recipe = tiny_model("bert"), Recipe(scaling=Scaling(rule))
    sites = find_sites(model, "lora[q,v,fc1]")
    trained = random_trained(model, sites, task.objective, (5, 3, 0, 2), recipe)
    scores = rank_sweep(model, sites, task, trained, recipe, task.validation)
    assert [one.rank for one in scores] == [1, 2, 3, 4, 5]
    assert len({one.score.loss for one in scores}) == 5
    inputs = padded_inputs(task.validation, np.arange(30), pad_token_id=1)
    for one in scores:
        merged = tiny_model("bert")
        with torch.no_grad():
            for name, rank in trained.allocation.ranks:
                b, site = min(rank, one.rank), next(site for site in sites if site.name == name)
                low = trained.tensors[f"{name}.B"][:, :b] @ trained.tensors[f"{name}.A"][:b]
                weight = merged.get_submodule(site.target.module).weight
                weight += recipe.scaling.factor(site.kind, b) * low
            for key in ("weight", "bias"):
                getattr(merged.classifier, key).copy_(trained.tensors[f"head.classifier.{key}"])
            logits = merged(**{name: torch.from_numpy(array) for name, array in inputs.items()}).logits
        score = task.objective.score(logits, task.validation.labels)
        assert one.score.metric == score.metric
        assert one.score.loss == pytest.approx(score.loss, abs=1e-5)


@pytest.mark.parametrize("slots", [1, 2, 16])
def test_ranks_together_equal_cohorts_of_one_and_the_last_is_the_candidate_itself(tiny_model, task, slots):
    model, recipe = tiny_model("bert"), Recipe(renorm="paper")
    sites = find_sites(model, "lora[q,fc2]+shortcut")
    trained = random_trained(model, sites, task.objective, (5, 1, 0, 4), recipe)
    scores = rank_sweep(model, sites, task, trained, recipe, task.test, slots=slots)
    assert [one.rank for one in scores] == [1, 2, 3, 4, 5]
    for one in scores:
        cut = cut_to_rank(trained, one.rank)
        cohort = Cohort(model, sites, task.objective, [cut.evaluation.candidate], recipe, slots=1)
        cohort.restore(0, cut)
        with cohort.wires.attach(model, renorm="paper"), cohort.head.attach():
            logits = cohort.outputs([0], task.test)[0]
        score = task.objective.score(logits, task.test.labels)
        assert one.score.metric == score.metric
        assert one.score.loss == pytest.approx(score.loss, abs=1e-5)
    assert [scores[-1].score] == score_trained(model, sites, task, [trained], recipe)


def test_a_rank_whose_outputs_are_not_finite_has_no_score(tiny_model, task):
    model, recipe = tiny_model("bert"), Recipe()
    sites = find_sites(model, "lora[q]")
    trained = random_trained(model, sites, task.objective, (3,), recipe)
    trained.tensors[f"{sites[0].name}.A"][2] = float("inf")
    scores = rank_sweep(model, sites, task, trained, recipe, task.validation)
    assert [one.score is None for one in scores] == [False, False, True]


def test_a_candidate_that_failed_is_refused(tiny_model, task):
    model, recipe = tiny_model("bert"), Recipe()
    sites = find_sites(model, "lora[q]")
    trained = random_trained(model, sites, task.objective, (3,), recipe)
    failed = Trained(dataclasses.replace(trained.evaluation, failure="it diverged"), {})
    with pytest.raises(ValueError, match="it diverged"):
        rank_sweep(model, sites, task, failed, recipe, task.validation)


def test_a_candidate_without_wires_has_no_rank(tiny_model, task):
    model, recipe = tiny_model("bert"), Recipe()
    sites = find_sites(model, "lora[q]")
    trained = random_trained(model, sites, task.objective, (0,), recipe)
    assert rank_sweep(model, sites, task, trained, recipe, task.validation) == []
