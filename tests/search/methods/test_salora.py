"""SaLoRA on the planted problem, its constraint, equation 9 in NumPy, and where it cannot act."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from evaluators.training.candidate import Candidate, Recipe
from evaluators.training.gate_policy import Step
from evaluators.training.leg import whole
from evaluators.training.train import train_cohort
from evaluators.training.train_step import train_step
from search.methods.gate_vector import GateVector
from search.methods.salora import SaLora
from spaces.errors import UsageError
from tests.search.methods.begun import begun, beside_and_alone
from tests.search.methods.watched_gates import WatchedGates


@pytest.mark.parametrize("learning_rate", [1e-2])
def test_the_density_is_met_and_useful_sites_are_found(planted, train, learning_rate):
    densities = {}

    def see(gates, slot):
        densities[slot] = gates.density[slot].item()

    policy = SaLora(planted.space.params_per_rank, ratio=4.0)
    recipe = Recipe(epochs=20, batch_size=8, warmup=0.1)
    watched = WatchedGates(policy, see)
    runs = train(planted, watched, recipe=recipe, seeds=(0, 1), learning_rate=learning_rate)
    for slot, trained in enumerate(runs):
        assert densities[slot] == pytest.approx(0.25, rel=0.02)
        params = planted.space.params(trained.allocation)
        cheapest = min(site.cost_per_rank for site in planted.space.sites)
        assert policy.max_params - cheapest < params <= policy.max_params
        assert planted.share_useful(trained.allocation) > 0.8
        ((step, allocation),) = trained.course.history
        assert step == round(0.7 * len(trained.evaluation.curve))
        assert allocation == trained.allocation


def test_a_candidate_trains_beside_a_wider_one_as_it_does_alone(planted):
    """Another seed, and other starting ranks, so that there is padding on both sides."""
    policy, recipe = SaLora(planted.space.params_per_rank), Recipe(epochs=2, batch_size=8)
    starts = [[2, 1, 3, 0, 2, 4, 1, 2, 1], [4] * 5 + [1, 2, 3, 0]]
    for _, beside, alone in beside_and_alone(planted, policy, starts, recipe):
        assert alone.course.history == beside.course.history
        assert planted.space.params(alone.allocation) <= policy.max_params
        torch.testing.assert_close(beside.tensors, alone.tensors, rtol=1e-3, atol=1e-4)


def test_orthogonality_is_equation_9_in_numpy_without_padding(planted):
    policy = SaLora(planted.space.params_per_rank, orthogonality=0.3)
    starts = [[2, 1, 3, 0, 2, 4, 1, 2, 1], [4] * 5 + [1, 2, 3, 0]]
    candidates = [Candidate(planted.space.allocation(ranks), seed, 1e-2) for seed, ranks in enumerate(starts)]
    (cohort, hooks), expected = begun(planted, policy, candidates), []
    cohort.stacked.values.add_(torch.randn(cohort.stacked.values.shape), alpha=0.1)
    for slot, candidate in enumerate(candidates):
        total = 0.0
        for name, rank in candidate.allocation.ranks:
            a = cohort.stacked.slot(f"{name}.A", slot).numpy()[:rank]
            b = cohort.stacked.slot(f"{name}.B", slot).numpy()[:, :rank]
            total += sum(((m - np.eye(rank)) ** 2).sum() for m in (a @ a.T, b.T @ b))
        expected.append(0.3 * total)
    for slots in ([0], [1], [0, 1]):
        cohort.stacked.select(slots)  # before the phase, so that there is no Lagrangian
        penalty = hooks.penalty([Step(slot, 0, 100, 1e-2) for slot in slots], lambda: torch.zeros(2))
        assert penalty.item() == pytest.approx(sum(expected[slot] for slot in slots), rel=1e-5)


def test_what_is_cut_never_moves_again(planted):
    policy = SaLora(planted.space.params_per_rank, begin=0.0, end=0.5)
    candidate = Candidate(policy.start(planted.space), 0, 1e-2)
    cohort, hooks = begun(planted, policy, [candidate])
    gates = GateVector(cohort)
    with cohort.wires.attach(planted.model), cohort.head.attach():
        for number in range(6):
            before = cohort.stacked.values.clone()
            train_step(cohort, [Step(0, number, 6, 1e-2)], planted.task.train, [np.arange(8)], hooks)
        hooks.finish(0)
    alive = gates.of_sites(cohort.wires.gates) != 0
    assert 0 < alive.sum() < alive.numel()
    cut = ~gates.entries(alive)
    assert torch.equal(before[cut], cohort.stacked.values[cut])
    assert not torch.equal(before, cohort.stacked.values)


def test_a_start_within_the_budget_is_a_failure(planted):
    policy = SaLora(2 * planted.space.params_per_rank)
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


@pytest.mark.parametrize("wrong", [{"ratio": 1.0}, {"orthogonality": -1.0}, {"begin": 0.8}])
def test_settings_that_cannot_be_are_refused(wrong):
    with pytest.raises(UsageError, match=next(iter(wrong))):
        SaLora(100, **wrong)
