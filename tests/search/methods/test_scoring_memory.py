"""Every method that scores sites with a proxy heeds the memory that it is given for that."""

from __future__ import annotations

import json
import logging

import pytest

from evaluators.base.described import described
from evaluators.training.candidate import Recipe
from search.methods.registry import METHODS, policy_of
from spaces.errors import InputError, UsageError

SCORING = [name for name in METHODS if hasattr(policy_of(name, 1000, None), "proxy")]
NEEDS_ALL = "spectral-aligned"  # the gradients of all sites at once, for their singular vectors
BRIEF = Recipe(epochs=1, batch_size=8)


@pytest.mark.parametrize("name", [name for name in SCORING if name != NEEDS_ALL])
def test_what_does_not_fit_takes_more_passes_and_chooses_the_same(planted, train, name, caplog):
    caplog.set_level(logging.INFO)
    chosen = []
    for memory in ("none", "10kB"):
        spec = f"{name}[proxy=snr,scoring_memory={memory}]"
        (one,) = train(
            planted, policy_of(spec, 2 * planted.space.params_per_rank, planted.model), recipe=BRIEF
        )
        assert one.evaluation.failure is None
        chosen.append(one.allocation)
        assert ("passes over the batches, as `scoring_memory` holds" in caplog.text) == (memory == "10kB")
    assert chosen[0] == chosen[1]


def test_whoever_needs_all_gradients_at_once_says_what_to_raise(planted, train):
    policy = policy_of(f"{NEEDS_ALL}[scoring_memory=10kB]", 200, planted.model)
    with pytest.raises(InputError, match="`scoring_memory` is 10 kB; raise it"):
        train(planted, policy, recipe=BRIEF)


@pytest.mark.parametrize("name", SCORING)
def test_what_was_trained_before_there_was_the_setting_is_known_again(name):
    told = [described(policy_of(f"{name}{own}", 1000, None)) for own in ("", "[scoring_memory=1GB]")]
    assert ["scoring_memory" in json.dumps(one) for one in told] == [False, True]


@pytest.mark.parametrize("name", SCORING)
def test_what_is_no_amount_is_refused(planted, name):
    with pytest.raises(UsageError, match="`scoring_memory='much'` is no amount of memory; write 500MB"):
        policy_of(f"{name}[scoring_memory=much]", 1000, planted.model)
