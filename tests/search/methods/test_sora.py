"""SoRA against the closed form of its threshold, on the planted problem, and where it cannot act."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from evaluators.training.candidate import Candidate
from evaluators.training.gate_policy import Step
from evaluators.training.train_step import train_step
from search.methods.gate_vector import GateVector
from search.methods.sora import Sora, soft_threshold
from spaces.errors import UsageError
from tests.search.methods.begun import begun


def test_the_threshold_is_equation_11():
    x, xi = np.linspace(-2, 2, 41), 0.5
    closed = np.where(x > xi, x - xi, np.where(x <= -xi, x + xi, 0.0))
    ours = soft_threshold(torch.from_numpy(x), torch.tensor(xi, dtype=torch.float64))
    np.testing.assert_allclose(ours.numpy(), closed, atol=1e-12)


def test_a_step_is_the_optimizers_step_and_then_the_threshold(planted):
    """Equation 10 with AdamW's step in place of plain gradient descent's."""
    policy = Sora(2 * planted.space.params_per_rank, strength=3.0)
    candidate = Candidate(policy.start(planted.space), 0, 1e-2)
    plain = Sora(policy.max_params, strength=1e-12)
    after = {}
    for one in (policy, plain):
        cohort, hooks = begun(planted, one, [candidate])
        with cohort.wires.attach(planted.model), cohort.head.attach():
            train_step(cohort, [Step(0, 0, 10, 1e-2)], planted.task.train, [np.arange(8)], hooks)
        after[one] = GateVector(cohort).trained.detach()[0]
    g = {one: hooks_scale(one) * leaf for one, leaf in after.items()}
    threshold = torch.tensor(3.0 * hooks_scale(policy) * 1e-2)
    torch.testing.assert_close(g[policy], soft_threshold(g[plain], threshold))


def hooks_scale(policy: Sora, total: int = 10, rate: float = 1e-2) -> float:
    """Of g's learning rate over the others' rate: the schedule falls from 1 to 0 without warm-up."""
    settled = round(policy.settle * total)
    return policy.gate_rate / (rate * sum((total - n) / total for n in range(settled)))


@pytest.mark.parametrize("schedule", ["constant", "rising"])
def test_thresholds_follow_the_learning_rate_and_the_schedule_of_lambda(schedule):
    """In all as far as a gate moves on which every batch agrees, times lambda; a rising one comes late, when
    the learning rate falls."""
    sizes = Sora(1000, strength=0.5, gate_rate=8.0, schedule=schedule).thresholds(80, warmup=0.05)
    rates = np.array([min((n + 1) / 4, (80 - n) / 76) for n in range(60)])
    strength = 0.5 * (np.arange(0.5, 60) / 30 if schedule == "rising" else np.ones(60))
    np.testing.assert_allclose(sizes, 8.0 * strength * rates / rates.sum())


def test_it_finds_the_useful_sites_within_the_budget(planted, train):
    """A third of the sites is useful, and holds two thirds of the budget at the default ratio."""
    policy = Sora(planted.space.params_per_rank)
    for trained in train(planted, policy, seeds=(0, 1, 2), learning_rate=3e-3):
        assert 0.6 * policy.max_params < planted.space.params(trained.allocation) <= policy.max_params
        assert planted.share_useful(trained.allocation) > 0.9 * 2 / 3
        ((step, allocation),) = trained.course.history
        assert (step, allocation) == (240, trained.allocation)
        assert trained.course.average < trained.course.peak


def test_a_threshold_that_never_bites_is_a_failure(planted, train):
    (trained,) = train(planted, Sora(planted.space.params_per_rank, strength=1e-9))
    assert "raise strength" in trained.evaluation.failure
    assert trained.tensors == {}


@pytest.mark.parametrize("wrong", [{"ratio": 1.0}, {"settle": 0.0}, {"settle": 1.0}, {"strength": -1.0}])
def test_settings_that_cannot_be_are_refused(wrong):
    with pytest.raises(UsageError, match=next(iter(wrong))):
        Sora(100, **wrong)
