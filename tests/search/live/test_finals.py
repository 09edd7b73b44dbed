"""Who is trained anew: the best baseline and the best others, distinct allocations first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from search.live.finals import choose_finals
from search.sampling.configuration import Configuration
from spaces.errors import InputError
from tests.search.live.test_pruning import trial_of


def ended(number, value, state="complete", *, rank=None, baseline=False):
    trial = replace(trial_of(number, value, value, value, baseline=baseline), state=state)
    if rank is None:
        return trial
    allocation = trial_of(rank, 0.0).configuration.allocation
    return replace(trial, configuration=Configuration(allocation, 1e-3 * (1 + number), "alpha/r"))


def test_the_best_come_first_and_those_that_were_stopped_not_at_all():
    trials = [
        ended(0, 0.5, baseline=True),
        ended(1, 0.4, baseline=True),
        ended(2, 0.1, "pruned"),
        ended(3, 0.3),
        ended(4, 0.2),
        ended(5, 0.9),
    ]
    finals = choose_finals(trials, 2, "minimize")
    assert finals.baseline.number == 1
    assert [trial.number for trial in finals.finalists] == [4, 3]
    assert [trial.number for trial in choose_finals(trials, 9, "maximize").finalists] == [5, 3, 4]


def test_another_rate_of_the_same_allocation_waits_for_other_allocations():
    trials = [ended(0, 1.0, baseline=True), ended(1, 0.1, rank=7), ended(2, 0.2, rank=7), ended(3, 0.3)]
    assert [trial.number for trial in choose_finals(trials, 2, "minimize").finalists] == [1, 3]
    assert [trial.number for trial in choose_finals(trials, 3, "minimize").finalists] == [1, 3, 2]


def test_without_a_baseline_there_is_nothing_to_beat():
    failed = replace(ended(0, 1.0, "failed", baseline=True), failure="out of memory")
    with pytest.raises(InputError, match="every run of every baseline failed: out of memory"):
        choose_finals([failed, ended(1, 0.1)], 1, "minimize")
