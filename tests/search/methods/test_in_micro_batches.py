"""Every method of the registry does the same where a step's rows are asked for a few at a time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evaluators.training.candidate import Candidate
from evaluators.training.leg import whole
from evaluators.training.sparing import Sparing
from evaluators.training.train import train_cohort
from search.methods.registry import METHODS, policy_of

from .conftest import RECIPE


@pytest.mark.parametrize("method", METHODS)
def test_a_method_learns_the_same_in_micro_batches(generic, method):
    policy = policy_of(method, 2 * generic.space.params_per_rank, generic.model)
    start, recipe = policy.start(generic.space), replace(RECIPE, epochs=2)
    rate = 1e-3 * METHODS[method].rate
    usual, spared = (
        train_cohort(
            generic.model,
            generic.space.sites,
            generic.task,
            whole([Candidate(start, seed, rate) for seed in (0, 1)]),
            recipe,
            slots=2,
            policy=policy,
            sparing=sparing,
        )
        for sparing in (Sparing(), Sparing(micro_batch_size=3))
    )
    for one, other in zip(spared, usual, strict=True):
        np.testing.assert_allclose(one.evaluation.curve, other.evaluation.curve, rtol=1e-3)
        assert one.allocation == other.allocation
        assert one.evaluation.failure == other.evaluation.failure  # 16 steps are too few for SoRA to act
        assert one.evaluation.failure or one.evaluation.loss == pytest.approx(other.evaluation.loss, rel=1e-3)
