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


def failed(number, *values, baseline=True):
    lost = trial_of(number, *values, baseline=baseline)
    return replace(lost, state="failed", failure="out of memory")


@pytest.mark.parametrize(
    ("baselines", "chosen"),
    [
        ([failed(0), failed(1, 0.5), failed(2, 0.4)], 2),
        ([failed(0, 0.1, 0.1), replace(trial_of(1, 0.6, baseline=True), state="pruned")], 1),
        ([failed(0, 0.1), ended(1, 0.9, baseline=True)], 1),
    ],
)
def test_where_all_baselines_that_led_were_lost_the_one_that_came_furthest_is_tried_again(baselines, chosen):
    finals = choose_finals([*baselines, ended(7, 0.3)], 2, "minimize")
    assert (finals.baseline.number, [one.number for one in finals.finalists]) == (chosen, [7])


def test_where_nothing_was_trained_to_its_end_there_is_nothing_to_compare():
    lost = [failed(0, 0.1), failed(1, baseline=False), ended(2, 0.3, "pruned")]
    with pytest.raises(InputError, match=r"no trial was trained to its end: out of memory$"):
        choose_finals(lost, 1, "minimize")
