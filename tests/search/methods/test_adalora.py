"""AdaLoRA step by step against peft's, on the planted problem, and where it cannot act."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from peft import AdaLoraConfig, get_peft_model

from evaluators.data.rows import padded_inputs
from evaluators.training.candidate import Candidate, Recipe
from evaluators.training.cohort import Cohort
from evaluators.training.gate_policy import Step
from evaluators.training.leg import whole
from evaluators.training.train import train_cohort
from evaluators.training.train_step import train_step
from search.methods.adalora import AdaLora
from search.methods.gate_vector import GateVector
from spaces.errors import UsageError
from spaces.find_sites import find_sites
from spaces.search_space import SearchSpace
from tests.search.methods.begun import begun, beside_and_alone

STEPS, INITIAL_RANK, TARGET_RANK = 30, 4, 2


def peft_model(model, interval):
    config = AdaLoraConfig(
        target_modules=["query", "value"],
        init_r=INITIAL_RANK,
        target_r=TARGET_RANK,
        tinit=3,
        tfinal=9,
        deltaT=interval,
        total_step=STEPS,
    )
    return get_peft_model(copy.deepcopy(model), config)


def in_peft(peft, site) -> Iterator[tuple[str, torch.nn.Parameter]]:
    """Our names of what a site trains, and peft's parameters."""
    layer = peft.base_model.model.get_submodule(site.target.module)
    for ours, theirs in (("A", "lora_A"), ("B", "lora_B"), ("g", "lora_E")):
        yield f"{site.name}.{ours}", getattr(layer, theirs)["default"]


def copy_into(peft, cohort, slot, gradient=None):
    """Puts a slot's weights into a peft model; and its gradient (C, P)."""
    sizes = [leaf[0].numel() for leaf in cohort.stacked.leaf.values()]
    of = {} if gradient is None else dict(zip(cohort.stacked.leaf, gradient[slot].split(sizes), strict=True))
    for site in cohort.wires.sites:
        for name, parameter in in_peft(peft, site):
            parameter.data.copy_(cohort.stacked.slot(name, slot).view(parameter.shape))
            if of:
                parameter.grad = of[name].view(parameter.shape).clone()


@pytest.mark.parametrize("interval", [1, 4])
def test_importance_schedule_and_masks_are_pefts_at_equal_costs(planted, tiny_model, interval):
    """peft's own training loop takes the importance from the weights after the step; the paper's algorithm 1
    and ours from those before it, so update_ipt is called there. Masks fall on the weights after it."""
    model = tiny_model("bert")  # in which every site matters
    space = SearchSpace(tuple(find_sites(model, "lora[q,v]")), (0, 1, 2, 4))
    policy = AdaLora(TARGET_RANK * space.params_per_rank, ratio=INITIAL_RANK / TARGET_RANK, interval=interval)
    candidates = [Candidate(policy.start(space), seed, 1e-2) for seed in (0, 1)]
    objective = planted.task.objective
    cohort = Cohort(model, space.sites, objective, candidates, Recipe(), slots=2, more=policy.shapes)
    hooks, gates = policy.hooks(cohort, planted.task), GateVector(cohort)
    pefts = [peft_model(model, interval) for _ in candidates]
    masked = 0

    def observe(steps, gradient):
        for slot, peft in enumerate(pefts):
            copy_into(peft, cohort, slot, gradient)
            peft.base_model.rankallocator.update_ipt(peft)
        hooks.observe(steps, gradient)

    for slot, candidate in enumerate(candidates):
        cohort.load(slot, candidate)
        hooks.start(slot, candidate)
    rng = np.random.default_rng(0)
    with cohort.wires.attach(model), cohort.head.attach():
        for number in range(STEPS - 9):
            steps = [Step(slot, number, STEPS, 1e-2) for slot in range(2)]
            indices = [rng.integers(0, 60, 8) for _ in steps]
            ours = replace(hooks, observe=observe, after=lambda _: None)
            train_step(cohort, steps, planted.task.train, indices, ours)
            kept = []
            for slot, peft in enumerate(pefts):
                copy_into(peft, cohort, slot)
                allocator = peft.base_model.rankallocator
                budget, mask = allocator.budget_schedule(number + 1)
                if mask or number + 1 == STEPS - 9:
                    allocator.mask_to_budget(peft, budget)
                    masked += 1
                kept.append(torch.cat([list(in_peft(peft, site))[2][1].flatten() for site in gates.sites]))
            hooks.after(steps)
            torch.testing.assert_close(gates.trained.detach(), torch.stack(kept).detach(), rtol=0, atol=0)
    assert masked >= 2 * (18 // interval)
    counts = (gates.trained.detach() != 0).sum(1).tolist()
    assert counts == [TARGET_RANK * len(space.sites)] * 2


def test_the_penalty_is_the_formula_in_numpy_without_padding_and_is_pefts(planted):
    space = SearchSpace(tuple(find_sites(planted.model, "lora[q,v]")), (0, 1, 2, 4))
    policy = AdaLora(space.params_per_rank, orthogonality=0.5)  # peft's default
    full, uneven = space.allocation([INITIAL_RANK] * 6), space.allocation([3, 0, 1, 2, 4, 1])
    candidates = [Candidate(full, 0, 1e-2), Candidate(uneven, 1, 1e-2)]
    cohort = Cohort(
        planted.model, space.sites, planted.task.objective, candidates, Recipe(), slots=2, more=policy.shapes
    )
    hooks = policy.hooks(cohort, planted.task)
    expected = []
    for slot, candidate in enumerate(candidates):
        cohort.load(slot, candidate)
        hooks.start(slot, candidate)
        norms = []
        for name, rank in candidate.allocation.ranks:
            a = cohort.stacked.slot(f"{name}.A", slot).numpy()[:rank]
            b = cohort.stacked.slot(f"{name}.B", slot).numpy()[:, :rank]
            norms += [np.sqrt(((m - np.eye(rank)) ** 2).sum()) for m in (a @ a.T, b.T @ b)]
        expected.append(0.5 * np.mean(norms))
    for slots in ([0], [1], [0, 1]):
        cohort.stacked.select(slots)
        penalty = hooks.penalty([Step(slot, 0, 10, 1e-2) for slot in slots], lambda: torch.zeros(2))
        assert penalty.item() == pytest.approx(sum(expected[slot] for slot in slots), rel=1e-5)
        assert torch.isfinite(cohort.stacked.gradient(penalty)).all()  # also where a site is off

    peft = peft_model(planted.model, 1)
    copy_into(peft, cohort, 0)
    arrays = padded_inputs(planted.task.train, range(4), pad_token_id=1)
    inputs = {name: torch.from_numpy(array) for name, array in arrays.items()}
    labels = torch.from_numpy(planted.task.train.labels[:4])
    with torch.no_grad():
        plain = peft.base_model.model(**inputs, labels=labels).loss
        added = peft.base_model(**inputs, labels=labels).loss - plain
    assert added.item() == pytest.approx(expected[0], rel=1e-4)


def test_the_budget_falls_as_the_cube_and_is_met_whatever_the_settings():
    policy = AdaLora(100, initial=0.1, final=0.3)
    budgets = [policy.budget(done, 40, 300) for done in range(41)]
    cubic = [int(100 + 200 * (1 - (done - 4) / 24) ** 3 + 1e-9) for done in range(4, 29)]
    assert budgets == [300] * 4 + cubic + [100] * 12
    for total in (1, 2, 3):
        for initial, final in ((0.0, 0.0), (0.6, 0.0), (0.0, 0.6), (0.5, 0.49)):
            policy = AdaLora(100, initial=initial, final=final)
            assert policy.budget(policy.pruning(total)[1], total, 300) == 100


def test_it_finds_the_useful_sites_within_the_budget(planted, train):
    """Without the penalty: by equation 8 its own gradient makes ranks important too, here of sites without
    effect, whose g stays 0."""
    policy = AdaLora(planted.space.params_per_rank, ratio=4.0, orthogonality=0.0)
    for trained in train(planted, policy, recipe=Recipe(epochs=8, batch_size=8), seeds=(0, 1)):
        params = planted.space.params(trained.allocation)
        cheapest = min(site.cost_per_rank for site in planted.space.sites)
        assert policy.max_params - cheapest < params <= policy.max_params
        assert planted.share_useful(trained.allocation) > 0.9
        steps = [step for step, _ in trained.course.history]
        ranks = [allocation for _, allocation in trained.course.history]
        assert steps == sorted(set(steps))
        assert all(one != other for one, other in pairwise(ranks))
        assert ranks[-1] == trained.allocation


def test_a_candidate_trains_beside_a_wider_one_as_it_does_alone(planted):
    """Another seed, and other starting ranks, so that there is padding on both sides."""
    policy, recipe = AdaLora(planted.space.params_per_rank, interval=3), Recipe(epochs=1, batch_size=8)
    starts = [[2, 1, 3, 0, 2, 4, 1, 2, 1], [4] * 5 + [1, 2, 3, 0]]
    for _, beside, alone in beside_and_alone(planted, policy, starts, recipe):
        assert alone.course.history == beside.course.history
        assert planted.space.params(alone.allocation) <= policy.max_params
        torch.testing.assert_close(beside.tensors, alone.tensors, rtol=1e-3, atol=1e-4)


def test_what_is_pruned_learns_on_until_masks_are_fixed_and_then_never_moves(planted):
    settings = {"ratio": 2.0, "initial": 0.0, "final": 0.5, "interval": 2, "orthogonality": 0.5}
    policy = AdaLora(planted.space.params_per_rank, **settings)
    candidate = Candidate(policy.start(planted.space), 0, 1e-2)
    cohort, hooks = begun(planted, policy, [candidate])
    gates = GateVector(cohort)
    useful = torch.tensor([planted.space.sites[owner].name in planted.useful for owner in gates.owner])
    gates_and_head = sum(
        leaf.numel() for name, leaf in cohort.stacked.leaf.items() if name[-2:] not in (".A", ".B")
    )
    with cohort.wires.attach(planted.model), cohort.head.attach():
        for number in range(12):
            before, zero = cohort.stacked.values.clone(), gates.trained.detach()[0] == 0
            step = Step(0, number, 12, 1e-2)
            train_step(cohort, [step], planted.task.train, [np.arange(number, number + 8)], hooks)
            if number == 4:  # after the mask of the fourth step
                assert (zero & useful).any()
                assert (gates.trained.detach()[0][zero & useful] != 0).all()
            if number == 6:  # masks are fixed after the sixth
                dead = zero & useful
                fixed, alive = gates.entries(dead[None]), gates.entries(~zero[None])
                fixed[:, -gates_and_head:] = alive[:, -gates_and_head:] = False
            if number >= 6:
                now = cohort.stacked.values
                assert torch.equal(before[fixed], now[fixed])
                assert (before[alive] != now[alive]).float().mean() > 0.9
        hooks.finish(0)
    assert dead.any()
    assert not (gates.of_sites(cohort.wires.gates)[0] * dead).any()


def test_a_start_within_the_budget_is_a_failure(planted):
    policy = AdaLora(2 * planted.space.params_per_rank)
    candidate = Candidate(planted.space.allocation([1] * 9), 0, 1e-2)
    (trained,) = train_cohort(
        planted.model,
        planted.space.sites,
        planted.task,
        whole([candidate]),
        Recipe(epochs=0.5),
        slots=1,
        policy=policy,
    )
    assert "raise ratio" in trained.evaluation.failure


@pytest.mark.parametrize("wrong", [{"beta1": 1.0}, {"ratio": 1.0}, {"initial": 0.7, "final": 0.3}])
def test_settings_that_cannot_be_are_refused(wrong):
    with pytest.raises(UsageError, match=next(iter(wrong))):
        AdaLora(100, **wrong)


@pytest.mark.parametrize("steps", range(1, 5))
def test_masks_that_are_fixed_before_a_value_has_moved_are_a_failure(planted, train, steps):
    """After one step all singular values are 0 and the penalty alone has moved A and B."""
    policy = AdaLora(planted.space.params_per_rank)
    (trained,) = train(planted, policy, recipe=Recipe(epochs=steps / 5, batch_size=12))
    assert len(trained.evaluation.curve) == steps
    assert (trained.evaluation.failure is None) == (steps > 2)
    if steps <= 2:
        assert "fixed after the first step" in trained.evaluation.failure
