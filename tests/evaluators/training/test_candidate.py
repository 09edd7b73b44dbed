"""How long a recipe trains, what it refuses, and which ranks a training ended with."""

from __future__ import annotations

import pytest

from evaluators.training.candidate import (
    Candidate,
    Course,
    Evaluation,
    Recipe,
    Trained,
    refuse_other_weights,
)
from spaces.allocation import Allocation
from spaces.errors import InputError, UsageError
from spaces.scaling import Scaling

CANDIDATE = Candidate(Allocation.of({"layers.0.q": 2}), 3, 1e-3)
PRUNED = Allocation.of({"layers.0.q": 1})


def trained(*, adapter: bool) -> Trained:
    known = Evaluation(CANDIDATE, 0.5, 0.5, None, (0.9,), 1.0, 0)
    return Trained(known, {}, Course(PRUNED, 4, 3.0, 2, (), adapter))


@pytest.mark.parametrize(
    ("epochs", "rows", "steps"), [(1, 64, 4), (1, 65, 5), (2.5, 64, 10), (0.01, 64, 1), (0.6, 80, 3)]
)
def test_it_takes_its_epochs_batches_and_at_least_one_step(epochs, rows, steps):
    assert Recipe(epochs=epochs, batch_size=16).steps(rows) == steps


@pytest.mark.parametrize(
    "given",
    [
        {"epochs": 0},
        {"batch_size": -1},
        {"max_grad_norm": float("inf")},
        {"warmup": 1.1},
        {"weight_decay": -0.1},
        {"renorm": "other"},
    ],
)
def test_what_means_nothing_is_refused_by_its_name(given):
    ((name, _),) = given.items()
    with pytest.raises(UsageError, match=f"`{name}="):
        Recipe(**given)


def test_a_rule_of_its_own_keeps_the_recipe_s_alphas():
    recipe = Recipe(scaling=Scaling("alpha/r", lora_alpha=3.0))
    own = recipe.scaling_of(Candidate(PRUNED, 0, 1e-3, "constant"))
    assert (own.rule, own.lora_alpha) == ("constant", 3.0)
    assert recipe.scaling_of(CANDIDATE) is recipe.scaling
    with pytest.raises(UsageError, match="alpha"):
        Candidate(PRUNED, 0, 1e-3, "alpha")


def test_the_ranks_are_those_of_the_end_and_other_weights_cannot_be_used_again():
    assert trained(adapter=True).allocation == PRUNED
    assert Trained(trained(adapter=True).evaluation, {}).allocation == CANDIDATE.allocation
    refuse_other_weights(trained(adapter=True))
    with pytest.raises(InputError, match="weights of the base model"):
        refuse_other_weights(trained(adapter=False))
