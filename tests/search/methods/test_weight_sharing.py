"""The super-network against its own draws, plain models with merged weights, and where it cannot act."""

from __future__ import annotations

import copy
import dataclasses

import numpy as np
import pytest
import torch

from evaluators.data.rows import padded_inputs
from evaluators.training.candidate import Candidate, Recipe
from evaluators.training.cohort import Cohort
from evaluators.training.gate_policy import Step
from evaluators.training.train_step import train_step
from evaluators.training.truncated import truncated
from search.allocation.random_allocation import random_allocation
from search.methods.gate_vector import GateVector
from search.methods.weight_sharing import Supernet
from spaces.allocation import Allocation
from spaces.find_sites import find_sites
from spaces.scaling import SCALING_RULES, Scaling
from spaces.search_space import SearchSpace
from spaces.seeding import named_generator
from tests.search.methods.begun import begun

MODULES = {"q": "attention.self.query", "v": "attention.self.value", "fc1": "intermediate.dense"}
SHORT = Recipe(epochs=2, batch_size=8, warmup=0.1)


def policy_of(planted, *, rank: float = 2) -> Supernet:
    return Supernet(round(rank * planted.space.params_per_rank), planted.space.ranks)


def logits_of(cohort, planted):
    slots = range(cohort.stacked.slots)
    with cohort.wires.attach(planted.model, renorm=cohort.recipe.renorm), cohort.head.attach():
        return cohort.outputs(slots, planted.task.validation)


@pytest.mark.parametrize("rule", SCALING_RULES)
def test_every_step_spends_the_budget_on_an_allocation_of_the_candidates_seed(planted, rule):
    space, scaling, policy = planted.space, Scaling(rule), policy_of(planted)
    candidates = [Candidate(policy.start(space), seed, 1e-2) for seed in (5, 0)]
    cohort, hooks = begun(planted, policy, candidates, dataclasses.replace(SHORT, scaling=scaling))
    draws = [named_generator(candidate.seed, "supernet") for candidate in candidates]
    seen = []
    for number in range(6):
        hooks.before([Step(slot, number, 6, 1e-2) for slot in (0, 1)])
        for slot in (0, 1):
            drawn = cohort.wires.ranks(slot)
            assert drawn == random_allocation(space, policy.max_params, rng=draws[slot])
            ranks, left = space.rank_vector(drawn), policy.max_params - space.params(drawn)
            higher = [min((r for r in space.ranks if r > rank), default=10**6) for rank in ranks]
            steps = (np.array(higher) - ranks) * [site.cost_per_rank for site in space.sites]
            assert 0 <= left < steps.min()  # within the budget, and no site can go up
            for site, rank in zip(space.sites, ranks.tolist(), strict=True):
                expected = [scaling.factor(site.kind, rank)] * rank + [0.0] * (space.ranks[-1] - rank)
                torch.testing.assert_close(cohort.wires.gates[site.name][slot], torch.tensor(expected))
            seen.append(drawn)
    assert len(set(seen)) == len(seen)
    assert {rank for drawn in seen for rank in space.rank_vector(drawn)} == set(space.ranks)


def test_a_slot_starts_its_next_candidate_with_the_draws_of_that_ones_seed(planted):
    policy = policy_of(planted)
    first, second = (Candidate(policy.start(planted.space), seed, 1e-2) for seed in (0, 1))
    cohort, hooks = begun(planted, policy, [first], SHORT)
    drawn = {}
    for candidate in (first, second, first):
        cohort.load(0, candidate)
        hooks.start(0, candidate)
        hooks.before([Step(0, 0, 6, 1e-2)])
        drawn.setdefault(candidate.seed, set()).add(cohort.wires.ranks(0))
    assert [len(allocations) for allocations in drawn.values()] == [1, 1]
    assert drawn[0] != drawn[1]


def test_a_candidate_with_lower_ranks_than_its_neighbour_never_leaves_them(planted):
    policy, space = policy_of(planted), planted.space
    low = Allocation.of({site.name: 2 for site in space.sites[1:]})  # and the first site off
    candidates = [Candidate(policy.start(space), 0, 1e-2), Candidate(low, 1, 1e-2)]
    cohort, hooks = begun(planted, policy, candidates, SHORT)
    for number in range(6):
        hooks.before([Step(slot, number, 6, 1e-2) for slot in (0, 1)])
        drawn = cohort.wires.ranks(1)
        assert all(rank <= low.rank(name) for name, rank in drawn.ranks)
        for name, rank in drawn.ranks:
            assert cohort.wires.gates[name][1, :rank].tolist() == [pytest.approx(16 / rank)] * rank
    hooks.finish(1)
    assert cohort.wires.ranks(1) == low


def test_what_a_step_leaves_out_neither_moves_nor_decays(planted):
    policy = policy_of(planted)
    candidates = [Candidate(policy.start(planted.space), seed, 1e-2) for seed in (0, 1)]
    cohort, hooks = begun(planted, policy, candidates, dataclasses.replace(SHORT, weight_decay=0.5))
    with cohort.wires.attach(planted.model), cohort.head.attach():
        for number in range(3):
            before = cohort.stacked.values.clone()
            steps = [Step(slot, number, 10, 1e-2) for slot in (0, 1)]
            train_step(cohort, steps, planted.task.train, [np.arange(8), np.arange(8, 16)], hooks)
            moved = before != cohort.stacked.values
            drawn = GateVector(cohort).entries(GateVector(cohort).loaded())
            assert not (moved & ~drawn).any()
            site = planted.space.sites[0]
            on = [cohort.wires.ranks(slot).rank(site.name) > 0 for slot in (0, 1)]
            first_row = moved[:, : site.d_in]  # of A, which decays even where it has no gradient
            assert first_row.any(1).tolist() == on


def test_two_seeds_in_one_cohort_are_two_alone(planted, train):
    policy = policy_of(planted)
    together = train(planted, policy, recipe=SHORT, seeds=(3, 4))
    for seed, one in zip((3, 4), together, strict=True):
        (alone,) = train(planted, policy, recipe=SHORT, seeds=(seed,))
        np.testing.assert_allclose(one.evaluation.curve, alone.evaluation.curve, atol=1e-4)
        assert one.course.average == alone.course.average
        for name, tensor in alone.tensors.items():
            torch.testing.assert_close(one.tensors[name], tensor, rtol=0, atol=1e-4)
    assert not torch.allclose(together[0].tensors["layers.1.v.B"], together[1].tensors["layers.1.v.B"])


def test_it_ends_with_everything_on_after_steps_within_the_budget(planted, train):
    policy = policy_of(planted)
    (trained,) = train(planted, policy, recipe=SHORT)
    assert trained.allocation == policy.start(planted.space)
    assert 0.9 * policy.max_params < trained.course.average <= trained.course.peak <= policy.max_params
    assert planted.space.params(trained.allocation) > policy.max_params
    assert sum(bool(trained.tensors[f"{site.name}.B"].any()) for site in planted.space.sites) > 2


@pytest.mark.parametrize("rule", SCALING_RULES)
def test_an_allocation_cut_from_it_is_the_plain_model_with_the_cut_wires_merged(planted, train, rule):
    recipe = dataclasses.replace(SHORT, scaling=Scaling(rule))
    (network,) = train(planted, policy_of(planted), recipe=recipe)
    sites = planted.space.sites
    drawn = random_allocation(planted.space, 5000, rng=np.random.default_rng(1))
    off_grid = Allocation.of({site.name: 3 for site in sites[1:6]})
    for allocation in (drawn, off_grid):
        part = dataclasses.replace(network.evaluation.candidate, allocation=allocation)
        cohort = Cohort(planted.model, sites, planted.task.objective, [part], recipe, slots=1)
        cohort.load(0, part)
        cohort.wires.restore(0, truncated(network.tensors, allocation))
        cohort.head.restore(0, network.tensors)
        merged, rows = copy.deepcopy(planted.model), planted.task.validation
        for site in sites:
            if r := allocation.rank(site.name):
                a, b = (network.tensors[f"{site.name}.{key}"] for key in "AB")
                weight = merged.get_parameter(f"bert.encoder.layer.{site.layer}.{MODULES[site.role]}.weight")
                weight += recipe.scaling.factor("lora", r) * b[:, :r] @ a[:r]
        for name in ("classifier.weight", "classifier.bias"):
            merged.get_parameter(name).copy_(network.tensors[f"head.{name}"])
        arrays = padded_inputs(rows, np.arange(len(rows)), pad_token_id=1)
        with torch.no_grad():
            expected = merged(**{name: torch.from_numpy(array) for name, array in arrays.items()}).logits
        torch.testing.assert_close(logits_of(cohort, planted)[0], expected, rtol=0, atol=1e-4)
        assert set(truncated(network.tensors, allocation)) == set(cohort.trained(0))


@pytest.mark.parametrize("renorm", ["preserve", "paper"])
def test_an_allocation_cut_from_it_computes_what_it_computed_when_it_was_drawn(planted, renorm):
    """Shortcuts among the sites: under ``paper`` a cross wire that is off must not be normed again."""
    sites = find_sites(planted.model, "lora[q,v]+shortcut")
    planted = dataclasses.replace(planted, space=SearchSpace(tuple(sites), (0, 1, 4)))
    recipe = dataclasses.replace(SHORT, renorm=renorm)
    policy = policy_of(planted, rank=0.5)
    candidates = [Candidate(policy.start(planted.space), seed, 1e-2) for seed in (0, 1)]
    cohort, hooks = begun(planted, policy, candidates, recipe)
    noise = torch.Generator().manual_seed(0)
    cohort.stacked.values.add_(torch.randn(cohort.stacked.values.shape, generator=noise), alpha=0.1)
    whole = [{name: leaf.detach()[slot] for name, leaf in cohort.stacked.leaf.items()} for slot in (0, 1)]
    hooks.before([Step(slot, 0, 9, 1e-2) for slot in (0, 1)])
    drawn = [cohort.wires.ranks(slot) for slot in (0, 1)]
    parts = [dataclasses.replace(one, allocation=a) for one, a in zip(candidates, drawn, strict=True)]
    cut = Cohort(planted.model, sites, planted.task.objective, parts, recipe, slots=2)
    for slot, part in enumerate(parts):
        cut.load(slot, part)
        cut.wires.restore(slot, truncated(whole[slot], part.allocation))
        cut.head.restore(slot, whole[slot])
    torch.testing.assert_close(logits_of(cut, planted), logits_of(cohort, planted), rtol=0, atol=1e-4)
    off = [{site.kind for site in sites if allocation.rank(site.name) == 0} for allocation in drawn]
    assert all("cross" in kinds for kinds in off)


def test_a_budget_that_holds_all_of_it_is_a_failure(planted, train):
    (trained,) = train(planted, policy_of(planted, rank=8), recipe=dataclasses.replace(SHORT, epochs=0.2))
    assert "lower the budget" in trained.evaluation.failure
