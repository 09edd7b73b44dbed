"""Spectral against brute force and singular values in NumPy, and on the planted problem."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch

from evaluators.data.rows import padded_inputs
from evaluators.training.candidate import Candidate, Recipe
from evaluators.training.cohort import Cohort
from evaluators.training.gate_policy import Step
from evaluators.training.leg import whole
from evaluators.training.train import train_cohort
from evaluators.training.train_step import train_step
from proxies.measure.evidence import Evidence
from proxies.registry import find_proxy, score_sites
from proxies.site_scores import DegenerateScoreError
from search.allocation.greedy import greedy_allocation
from search.methods.gate_vector import GateVector
from search.methods.spectral import Spectral
from spaces.errors import UsageError
from spaces.find_sites import find_sites
from spaces.objective import Batch
from spaces.search_space import SearchSpace
from tests.objectives import TWO_CLASSES
from tests.search.methods.begun import beside_and_alone

RECIPE = Recipe(batch_size=8)
BATCHES = 5


@pytest.fixture
def space(planted, tiny_model) -> SearchSpace:
    """q and v of a model in which every layer matters, all at the same cost."""
    return SearchSpace(tuple(find_sites(tiny_model("bert"), "lora[q,v]")), (0, 2, 4))


def started(model, task, space, policy, *, seeds=(0,)):
    candidates = [Candidate(policy.start(space), seed, 1e-2) for seed in seeds]
    cohort = Cohort(model, space.sites, task.objective, candidates, RECIPE, slots=len(seeds))
    hooks = policy.hooks(cohort, task)
    with cohort.wires.attach(model), cohort.head.attach():
        for slot, candidate in enumerate(candidates):
            cohort.load(slot, candidate)
            hooks.start(slot, candidate)
    return cohort, hooks


def explicit_gradients(model, task, space, cohort, slot=0):
    """dL/dW of the linears themselves, summed over the first batches: site name -> (d_out, d_in)."""
    weights = [model.get_submodule(site.target.module).weight for site in space.sites]
    sums = [np.zeros(tuple(weight.shape)) for weight in weights]
    cohort.stacked.select((slot,))
    for weight in weights:
        weight.requires_grad_(True)
    with cohort.head.attach():
        for start in range(0, BATCHES * 8, 8):
            index = range(start, start + 8)
            arrays = padded_inputs(task.train, index, pad_token_id=1)
            logits = model(**{name: torch.from_numpy(array) for name, array in arrays.items()}).logits
            labels = torch.from_numpy(task.train.labels[start : start + 8])
            loss = torch.nn.functional.cross_entropy(logits, labels)
            for total, part in zip(sums, torch.autograd.grad(loss, weights), strict=True):
                total += part.double().numpy()
    for weight in weights:
        weight.requires_grad_(False)
    return {site.name: total for site, total in zip(space.sites, sums, strict=True)}


@pytest.mark.parametrize("proxy", ["spectrum", "root:spectrum"])
def test_ranks_are_the_best_of_all_by_the_spectrum_of_the_models_own_gradient(
    planted, tiny_model, space, proxy
):
    model, top, units = tiny_model("bert"), 4, 9
    policy = Spectral(units * space.sites[0].cost_per_rank, batches=BATCHES, proxy=proxy)
    cohort, _ = started(model, planted.task, space, policy, seeds=(0, 1))
    for slot in range(2):
        gradients = explicit_gradients(model, planted.task, space, cohort, slot)
        squares = [np.linalg.svd(gradients[site.name], compute_uv=False) ** 2 for site in space.sites]
        gains = np.array([[0.0, *np.cumsum(values)[:top]] for values in squares])
        worth = gains if proxy == "spectrum" else gains[:, -1:] * np.sqrt(np.arange(top + 1))
        every = np.array([r for r in product(range(top + 1), repeat=6) if sum(r) <= units])
        best = every[worth[np.arange(6), every].sum(1).argmax()]
        assert cohort.wires.ranks(slot) == space.allocation(best)
        assert len(set(best.tolist())) > 1


def test_aligned_rows_are_the_top_right_singular_vectors_as_long_as_loras_rows(planted, tiny_model, space):
    model = tiny_model("bert")
    policy = Spectral(9 * space.sites[0].cost_per_rank, "aligned", BATCHES)
    cohort, _ = started(model, planted.task, space, policy)
    gradients = explicit_gradients(model, planted.task, space, cohort)
    for name, rank in cohort.wires.ranks(0).ranks:
        a = cohort.stacked.slot(f"{name}.A", 0).double().numpy()[:rank]
        top = np.linalg.svd(gradients[name])[2][:rank]
        np.testing.assert_allclose(3 * a.T @ a, top.T @ top, atol=1e-3)  # the same subspace
        np.testing.assert_allclose(np.linalg.norm(a, axis=1), np.sqrt(1 / 3), rtol=1e-5)
        assert not cohort.stacked.slot(f"{name}.B", 0).any()


def test_a_first_small_step_gains_more_when_aligned(planted, tiny_model, space):
    model, decrease = tiny_model("bert"), {}
    index = [np.arange(BATCHES * 8)]
    for initial in ("random", "aligned"):
        policy = Spectral(9 * space.sites[0].cost_per_rank, initial, BATCHES)
        cohort, _ = started(model, planted.task, space, policy)
        with cohort.wires.attach(model), cohort.head.attach():
            loss = cohort.losses([0], planted.task.train, index)
            gradient = cohort.stacked.gradient(loss.sum())
            head = sum(cohort.stacked.leaf[name][0].numel() for name in cohort.stacked.leaf if "head" in name)
            gradient[:, -head:] = 0
            cohort.stacked.values -= 1e-3 * gradient
            after = cohort.losses([0], planted.task.train, index)
        decrease[initial] = (loss - after).item()
    assert decrease["aligned"] > 2 * decrease["random"] > 0


@pytest.mark.parametrize("initial", ["random", "aligned"])
def test_only_useful_sites_get_rank_and_the_budget_is_spent(planted, train, initial):
    policy = Spectral(planted.space.params_per_rank, initial, 4)
    cheapest = min(site.cost_per_rank for site in planted.space.sites)
    for trained in train(planted, policy, recipe=Recipe(epochs=2, batch_size=8), seeds=(0, 1)):
        params = planted.space.params(trained.allocation)
        assert policy.max_params - cheapest < params <= policy.max_params
        assert planted.share_useful(trained.allocation) == 1
        assert trained.course.history == ((0, trained.allocation),)
        assert trained.course.peak == params


def test_training_is_that_of_a_plain_wire_at_the_chosen_ranks(planted, tiny_model, space):
    """With the random A: the same scale, rows, updates and decay, though more was loaded."""
    model, recipe = tiny_model("bert"), Recipe(epochs=1, batch_size=8)
    policy = Spectral(9 * space.sites[0].cost_per_rank, batches=BATCHES)
    (ours,) = train_cohort(
        model,
        space.sites,
        planted.task,
        whole([Candidate(policy.start(space), 0, 1e-2)]),
        recipe,
        slots=1,
        policy=policy,
    )
    (plain,) = train_cohort(
        model, space.sites, planted.task, whole([Candidate(ours.allocation, 0, 1e-2)]), recipe, slots=1
    )
    torch.testing.assert_close(ours.tensors, plain.tensors, rtol=1e-3, atol=1e-5)


def test_a_candidate_trains_beside_a_wider_one_as_it_does_alone(planted):
    """Another seed, and other starting ranks; no rank rises above a site's own."""
    policy, recipe = Spectral(planted.space.params_per_rank, "aligned", 4), Recipe(epochs=1, batch_size=8)
    starts = [[2, 1, 3, 0, 1, 4, 1, 2, 1], [4] * 5 + [1, 2, 3, 0]]
    for candidate, beside, alone in beside_and_alone(planted, policy, starts, recipe):
        assert alone.allocation == beside.allocation
        start = dict(candidate.allocation.ranks)
        assert all(rank <= start[name] for name, rank in alone.allocation.ranks)
        torch.testing.assert_close(beside.tensors, alone.tensors, rtol=1e-3, atol=1e-4)


def test_a_slot_is_measured_without_what_its_neighbour_has_learned(planted, tiny_model, space):
    model = tiny_model("bert")
    policy = Spectral(9 * space.sites[0].cost_per_rank, "aligned", BATCHES)
    cohort, hooks = started(model, planted.task, space, policy, seeds=(0, 1))
    fresh = cohort.stacked.values[1].clone()
    off = ~hooks.trains([])
    with cohort.wires.attach(model), cohort.head.attach():
        for number in range(3):
            steps = [Step(slot, number, 3, 1e-2) for slot in range(2)]
            before = cohort.stacked.values[off].clone()
            train_step(cohort, steps, planted.task.train, [np.arange(8)] * 2, hooks)
            assert torch.equal(cohort.stacked.values[off], before)  # neither moves nor decays
        candidate = Candidate(policy.start(space), 1, 1e-2)
        cohort.load(1, candidate)
        hooks.start(1, candidate)
    torch.testing.assert_close(cohort.stacked.values[1], fresh, rtol=1e-3, atol=1e-4)
    assert off.any()
    assert all(leaf.grad is None for leaf in cohort.stacked.leaf.values())
    assert GateVector(cohort).of_sites(cohort.wires.gates)[1].any()


@pytest.mark.parametrize("renorm", ["preserve", "paper"])
def test_what_is_measured_is_the_model_without_wires(planted, tiny_model, renorm):
    """Also where a cross wire that is on would have its layer norm applied again."""
    model, recipe = tiny_model("bert"), Recipe(batch_size=8, renorm=renorm)
    space = SearchSpace(tuple(find_sites(model, "lora[q]+shortcut")), (0, 2, 4))
    policy = Spectral(space.params_per_rank, "aligned", BATCHES, "spectrum")
    candidate = Candidate(policy.start(space), 3, 1e-2)
    cohort = Cohort(model, space.sites, planted.task.objective, [candidate], recipe, slots=1)
    cohort.load(0, candidate)
    with cohort.wires.attach(model, renorm=renorm), cohort.head.attach():
        policy.hooks(cohort, planted.task).start(0, candidate)
    batches = []
    for start in range(0, BATCHES * 8, 8):
        arrays = padded_inputs(planted.task.train, range(start, start + 8), pad_token_id=1)
        inputs = {name: torch.from_numpy(array) for name, array in arrays.items()}
        batches.append(Batch(inputs, torch.from_numpy(planted.task.train.labels[start : start + 8])))
    grid = SearchSpace(space.sites, (0, 1, 2, 3, 4))
    with cohort.head.attach():
        evidence = Evidence(model, TWO_CLASSES, batches, grid, seed=3, renorm=renorm)
        (scores,) = score_sites([find_proxy("spectrum")], evidence)
    expected = greedy_allocation(scores, max_params=policy.max_params, rng=np.random.default_rng(0))
    assert cohort.wires.ranks(0) == expected
    for name, rank in expected.ranks:
        top = np.linalg.svd(evidence.gradients[name].double().numpy())[2][:rank]
        a = cohort.stacked.slot(f"{name}.A", 0).double().numpy()[:rank]
        np.testing.assert_allclose(3 * a.T @ a, top.T @ top, atol=1e-3)


def test_other_proxies_can_choose(planted, tiny_model, space):
    for proxy in ("root:adam_signal", "ensemble:grad_norm+snr"):
        policy = Spectral(9 * space.sites[0].cost_per_rank, batches=BATCHES, proxy=proxy)
        cohort, _ = started(tiny_model("bert"), planted.task, space, policy)
        assert space.params(cohort.wires.ranks(0)) == policy.max_params


def test_what_cannot_choose_is_refused(planted, space):
    with pytest.raises(UsageError, match="unknown"):
        Spectral(100, proxy="root:nothing")
    with pytest.raises(UsageError, match="batches"):
        Spectral(100, batches=0)
    policy = Spectral(planted.space.params_per_rank, batches=1, proxy="snip@init")
    with pytest.raises(DegenerateScoreError):
        started(planted.model, planted.task, space, policy)
