"""SoRA against the closed form of its threshold, on the planted problem, and where it cannot act."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from evaluators.candidate import Candidate, Recipe
from evaluators.cohort import Cohort, score_trained
from evaluators.gate_policy import NeverActedError, Step
from evaluators.score import score_logits
from evaluators.training import train_step
from search.policies.gate_vector import GateVector
from search.policies.sora import Sora, soft_threshold


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
        cohort = Cohort(planted.model, planted.space.sites, [candidate], Recipe(), slots=1, more=one.shapes)
        hooks = one.hooks(cohort, planted.task)
        cohort.load(0, candidate)
        hooks.start(0, candidate)
        with cohort.wires.attach(planted.model), cohort.head.attach():
            train_step(cohort, [Step(0, 0, 10, 1e-2)], planted.task.train, [np.arange(8)], hooks)
        after[one] = GateVector(cohort).trained.detach()[0]
    torch.testing.assert_close(after[policy], soft_threshold(after[plain], torch.tensor(3e-2)))


def test_it_finds_the_useful_sites_within_the_budget(planted, train):
    policy = Sora(planted.space.params_per_rank, ratio=4.0, strength=0.58)
    for trained in train(planted, policy, seeds=(0, 1, 2), learning_rate=3e-2):
        assert planted.space.params(trained.allocation) <= policy.max_params
        assert planted.share_useful(trained.allocation) > 0.8


def test_what_is_cut_gives_the_metric_and_loss_of_what_was_trained(planted, train):
    policy = Sora(planted.space.params_per_rank)
    (trained,) = train(planted, policy)
    recipe = Recipe(epochs=40, batch_size=8, warmup=0.1)
    cohort = Cohort(planted.model, planted.space.sites, [trained.evaluation.candidate], recipe, slots=1)
    cohort.restore(0, trained)
    with cohort.wires.attach(planted.model), cohort.head.attach():
        logits = cohort.logits([0], planted.task.validation)[0]
    metric, loss = score_logits(logits, planted.task.validation, planted.task)
    assert metric == trained.evaluation.metric
    assert loss == pytest.approx(trained.evaluation.loss, abs=1e-5)
    assert score_trained(planted.model, planted.space.sites, planted.task, [trained], recipe)[0] is not None


def test_a_threshold_that_never_bites_raises(planted, train):
    with pytest.raises(NeverActedError, match="raise strength"):
        train(planted, Sora(planted.space.params_per_rank, strength=1e-9))
