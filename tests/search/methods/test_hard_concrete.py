"""Hard-concrete gates against Monte Carlo, sums written out, and gradients by hand."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch

from evaluators.training.adamw import linear_schedule
from evaluators.training.candidate import Candidate, Recipe
from evaluators.training.cohort import Cohort
from evaluators.training.gate_policy import Step
from search.methods import hard_concrete
from search.methods.gate_vector import GateVector
from search.methods.hard_concrete import (
    HardConcreteGates,
    Lagrangian,
    Phase,
    deterministic,
    open_probability,
    sample,
)
from spaces.errors import UsageError

RANKS = [[2, 1, 3, 0, 2, 4, 1, 2, 1], [4] * 5 + [1, 2, 3, 0]]  # padding on both sides; fc1 costs more


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def cohort_of(planted, phase, *, budget, rate=1e-2, recipe=None):
    """Two slots of other ranks, loaded and started."""
    candidates = [Candidate(planted.space.allocation(ranks), seed, rate) for seed, ranks in enumerate(RANKS)]
    recipe = recipe or Recipe(warmup=0.1)
    shapes = GateVector.shapes
    cohort = Cohort(
        planted.model, planted.space.sites, planted.task.objective, candidates, recipe, slots=2, more=shapes
    )
    gates = HardConcreteGates(phase, GateVector(cohort), cohort)
    for slot, candidate in enumerate(candidates):
        cohort.load(slot, candidate)
        gates.start(slot, candidate, budget)
    return cohort, gates


@pytest.mark.parametrize(("tau", "gamma", "zeta"), [(2 / 3, -0.1, 1.1), (1.0, -0.4, 1.3)])
def test_equation_8_is_how_often_gates_of_equation_7_are_open(tau, gamma, zeta, monkeypatch):
    for name, value in {"TAU": tau, "GAMMA": gamma, "ZETA": zeta}.items():
        monkeypatch.setattr(hard_concrete, name, value)
    log_theta = torch.linspace(-5, 5, 11)
    u = torch.rand(100_000, 1, generator=torch.Generator().manual_seed(0))
    draws = sample(log_theta, u)
    s = sigmoid((np.log(u.numpy() / (1 - u.numpy())) + log_theta.numpy()) / tau) * (zeta - gamma) + gamma
    np.testing.assert_allclose(draws.numpy(), np.minimum(1, np.maximum(0, s)), atol=1e-5)
    often = (draws > 0).float().mean(0)
    torch.testing.assert_close(open_probability(log_theta), often, atol=6e-3, rtol=0)


def test_the_deterministic_gate_is_the_sample_at_the_median_without_temperature():
    log_theta = torch.linspace(-5, 5, 11)
    torch.testing.assert_close(
        deterministic(log_theta), sample(hard_concrete.TAU * log_theta, torch.tensor(0.5))
    )
    assert deterministic(torch.tensor([-2.5, 2.5])).tolist() == [0, 1]


def test_density_penalty_and_gradient_are_those_by_hand(planted):
    cohort, gates = cohort_of(planted, Phase(0.0, 1.0, 12.0, 1.0), budget=200)
    steps = [Step(slot, 3, 10, 1e-2) for slot in range(2)]
    gates.now([Step(slot, 0, 10, 1e-2) for slot in range(2)])
    gates.lagrangian.linear, gates.lagrangian.quadratic = torch.tensor([[0.3, 0.0], [2.0, 7.0]])
    penalty, expected, by_hand = gates.penalty(steps), 0.0, {}
    for slot, (linear, quadratic) in enumerate([(0.3, 2.0), (0.0, 7.0)]):
        spread = np.random.default_rng(slot).normal(size=len(gates.gates.costs)).astype(np.float32) / 100
        gates.gates.write(slot, torch.from_numpy(spread))
        of_site = np.split(spread, np.cumsum(np.bincount(gates.gates.owner))[:-1])
        total, left, slopes = 0, 0.0, {}
        for site, rank, leaf in zip(planted.space.sites, RANKS[slot], of_site, strict=True):
            open_ = sigmoid(2 + gates.scale[slot].item() * leaf[:rank] - 2 / 3 * np.log(0.1 / 1.1))
            total += rank * site.cost_per_rank
            left += open_.sum() * site.cost_per_rank
            slopes[site.name] = open_ * (1 - open_) * site.cost_per_rank
        fallen = (1 - np.cos(np.pi * 4 / 7.5)) / 2  # the fourth of ten steps, the target reached after 7.5
        excess = left / total - (1 + fallen * (200 / total - 1))
        expected += linear * excess + quadratic * excess**2
        for name, slope in slopes.items():
            by_hand[slot, name] = (linear + 2 * quadratic * excess) * slope / total
        assert gates.density[slot].item() == pytest.approx(left / total, rel=1e-5)
    penalty = gates.penalty(steps)
    assert penalty.item() == pytest.approx(expected, rel=1e-4)
    leaves = {site.name: cohort.stacked.leaf[f"{site.name}.g"] for site in gates.gates.sites}
    grads = torch.autograd.grad(
        penalty, tuple(leaves.values())
    )  # with respect to log theta: without the scale
    for name, grad in zip(leaves, grads, strict=True):
        for slot in range(2):
            hand = by_hand[slot, name]
            np.testing.assert_allclose(grad[slot, : len(hand)].numpy(), hand, rtol=1e-3, atol=1e-7)
            assert not grad[slot, len(hand) :].any()


def test_a_slot_whose_phase_is_over_gets_no_gradient_from_another_s(planted):
    cohort, gates = cohort_of(planted, Phase(0.0, 1.0, 12.0, 1.0), budget=200)
    gates.now([Step(slot, 0, 10, 1e-2) for slot in range(2)])
    gates.lagrangian.linear = torch.tensor([0.3, 5.0])
    penalty = gates.penalty([Step(0, 3, 10, 1e-2), Step(1, 10, 10, 1e-2)])
    leaves = [cohort.stacked.leaf[f"{site.name}.g"] for site in gates.gates.sites]
    grads = torch.autograd.grad(penalty, leaves)
    assert any(grad[0].any() for grad in grads)
    assert not any(grad[1].any() for grad in grads)


def test_multipliers_ascend_while_the_constraint_is_violated_and_stay_above_zero():
    lagrangian = Lagrangian(3, torch.device("cpu"))
    for slot in range(3):
        lagrangian.reset(slot)
    start = lagrangian.quadratic.clone()
    rate, seen = torch.tensor([2.0, 2.0, 0.0]), [lagrangian.linear]
    for excess in (0.5, 0.1, -0.2, -0.9, 0.0):
        lagrangian.ascend(torch.tensor([excess, -1.0, 1.0]), rate)
        seen.append(lagrangian.linear)
    torch.testing.assert_close(torch.stack(seen)[:, 0], torch.tensor([0, 1.0, 1.2, 0.8, 0.0, 0.0]))
    assert torch.stack(seen)[:, 1:].eq(0).all()
    risen = start[0] + 2 * (0.25 + 0.01 + 0.04 + 0.81)
    torch.testing.assert_close(lagrangian.quadratic, torch.stack([risen, start[1] + 10, start[2]]))


@pytest.mark.parametrize(("rate", "total", "begin"), [(1e-2, 20, 0.0), (1e-4, 60, 0.0), (1e-3, 200, 0.3)])
def test_log_theta_moves_by_the_gate_rate_whenever_its_phase_begins(planted, rate, total, begin):
    """Whatever the learning rate and the steps; gates that do not learn yet get no gradient."""
    recipe = Recipe(warmup=0.1, weight_decay=0.0)
    cohort, gates = cohort_of(planted, Phase(begin, 0.7, 5.0, 1.0), budget=200, rate=rate, recipe=recipe)
    phase = gates.phase.steps(total)
    for number in range(phase.stop):
        now = rate * linear_schedule(number, total, warmup=0.1)
        gates.now([Step(slot, number, total, now) for slot in range(2)])
        gradient = torch.full_like(cohort.stacked.values, float(number in phase))
        cohort.optimizer.step(gradient, torch.full((2, 1), now))
    torch.testing.assert_close(gates.log_theta, torch.full_like(gates.log_theta, 2 - 5), atol=1e-3, rtol=0)


def test_gates_are_one_then_drawn_then_fixed_within_the_budget(planted):
    _, gates = cohort_of(planted, Phase(0.2, 0.6, 5.0, 1.0), budget=400)
    loaded = gates.alive.clone()
    drawn = []
    for number in range(10):
        steps = [Step(slot, number, 10, 1e-2) for slot in range(2)]
        now = gates.now(steps).detach()
        if number < 2:
            assert torch.equal(now, loaded.float())
            assert gates.penalty(steps) is None
        elif number < 6:
            drawn.append(now)
            for slot in range(2):
                leaf = torch.linspace(-0.2, 0.1, now.shape[1]) / (number + 1)
                gates.gates.write(slot, leaf)
        else:
            assert torch.equal(now, gates.fixed)
        gates.after(steps)
    assert all(not torch.equal(one, other) for one, other in pairwise(drawn))
    for slot in range(2):
        kept, log_theta = gates.alive[slot], gates.log_theta[slot].detach()
        params = int(gates.gates.costs[kept.numpy()].sum())
        assert 400 - gates.gates.costs.max() < params <= 400
        expected = deterministic(log_theta).clamp(min=0.1) * kept
        torch.testing.assert_close(gates.fixed[slot], expected)
        assert gates.went[slot] == ((6, gates.gates.allocation(kept)),)
        cheap = torch.from_numpy(gates.gates.costs == gates.gates.costs.min()) & loaded[slot]
        assert log_theta[cheap & kept].min() >= log_theta[cheap & ~kept].max()


def test_a_phase_has_a_step_however_short_the_training_and_its_target_falls_to_the_density():
    for total in (1, 2, 3, 7, 100):
        for begin, end in ((0.0, 1.0), (0.1, 0.7), (0.0, 0.01), (0.99, 1.0)):
            steps = Phase(begin, end, 1.0, 1.0).steps(total)
            assert len(steps) >= 1
            assert steps[-1] < total
            assert Phase(begin, end, 1.0, 1.0).target(steps[-1], total, 0.25) == 0.25
    targets = [Phase(0.0, 1.0, 1.0, 1.0).target(number, 8, 0.5) for number in range(8)]
    falling = [0.5 + 0.25 * (1 + np.cos(np.pi * k / 6)) for k in range(1, 7)]
    np.testing.assert_allclose(targets, [*falling, 0.5, 0.5], atol=1e-12)


@pytest.mark.parametrize("wrong", [(0.5, 0.5, 1.0, 1.0), (0.0, 1.1, 1.0, 1.0), (0.1, 0.7, 0.0, 1.0)])
def test_phases_that_cannot_be_are_refused(wrong):
    with pytest.raises(UsageError, match="must"):
        Phase(*wrong)
