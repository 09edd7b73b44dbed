"""What a user would write: ranks that meet the budget, and a study that is told what they came to."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice, product

import numpy as np
import pytest

from benchmarks.anytime.user_search import WhollyTrained, fitted, user_search
from benchmarks.contest import Contest
from benchmarks.search_setting import SearchSetting
from search.sampling.configuration import Configuration
from spaces.search_space import SearchSpace

MakeSpace = Callable[..., SearchSpace]


def test_ranks_are_scaled_as_far_as_the_budget_goes(make_space: MakeSpace) -> None:
    space = make_space([(8, 8), (8, 8), (8, 24)], (0, 1, 2, 4))
    budget = 100
    for ranks in map(np.array, product(space.ranks, repeat=3)):
        found = fitted(ranks, space, budget)
        asked = ranks if ranks.any() else np.ones(3, int)
        # every factor there is, by brute force
        tried = [
            [max(rank for rank in space.ranks if rank <= factor * own + 1e-6) for own in asked]
            for factor in np.arange(0, 4.1, 0.05)
        ]
        best = max(
            space.params(space.allocation(one))
            for one in tried
            if space.params(space.allocation(one)) <= budget
        )
        assert space.params(space.allocation(found)) == best
        assert set(found) <= set(space.ranks)


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_a_search_repeats_itself_and_adds_up_what_it_spends(make_space: MakeSpace, sampler: str) -> None:
    space = make_space([(8, 8)] * 4, (0, 1, 2, 4))
    contest = Contest(SearchSetting(), space, 128, 10, ())

    def train(configuration: Configuration, /) -> WhollyTrained:
        off = abs(np.log10(configuration.learning_rate / 1e-3))
        loss = off + 1 / (1 + configuration.allocation.rank("layers.0.q"))
        return WhollyTrained(loss, 0.5, 2.0)

    def trials(count: int) -> list[Configuration]:
        ended = list(islice(user_search(contest, sampler=sampler, seed=1, train=train), count))
        assert [one.steps for one in ended] == [10 * (n + 1) for n in range(count)]
        assert [one.seconds for one in ended] == [2.0 * (n + 1) for n in range(count)]
        assert all(space.params(one.configuration.allocation) <= 128 for one in ended)
        return [one.configuration for one in ended]

    assert trials(15) == trials(15)


def test_a_training_that_diverged_is_a_failed_trial(make_space: MakeSpace) -> None:
    search = user_search(
        Contest(SearchSetting(), make_space([(8, 8)] * 2, (0, 1)), 32, 1, ()),
        sampler="tpe",
        seed=0,
        train=lambda _: WhollyTrained(None, None, 1.0),
    )
    assert [one.loss for one in islice(search, 12)] == [None] * 12
