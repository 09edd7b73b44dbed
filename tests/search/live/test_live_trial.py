"""A trial's own words for itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from search.sampling.proposer import UNIFORM, Proposer
from tests.search.live.test_pruning import trial_of


def test_its_proposers_are_joined_and_its_value_is_the_last():
    trial = replace(trial_of(0, 0.9, 0.7), proposers=(UNIFORM, Proposer("exact", "snip")))
    assert trial.proposer == f"{UNIFORM}+snip/exact"
    assert trial.value == 0.7
    assert trial_of(0).value is None


@pytest.mark.parametrize(
    ("direction", "order"), [("minimize", [3, 0, 1, 2, 4, 5]), ("maximize", [3, 2, 0, 1, 4, 5])]
)
def test_those_that_came_furthest_are_first_then_the_best_then_the_earliest(direction, order):
    values = [(0.1, 0.5), (0.9, 0.5), (0.0, 0.7), (0.9, 0.9, 0.9), (0.3,), ()]
    trials = [trial_of(number, *own) for number, own in enumerate(values)][::-1]
    placed = sorted(trials, key=lambda one: one.place(direction))
    assert [one.number for one in placed] == order
