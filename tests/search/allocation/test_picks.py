from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from proxies.site_scores import SiteScores, per_unit_of_rank
from search.allocation import picks
from search.allocation.spend import spend
from spaces.errors import UsageError
from spaces.find_sites import find_sites
from spaces.search_space import SearchSpace
from tests.conftest import TinyModel

PICKS = ["exact", "greedy", "topk", "uniform"]


@pytest.fixture
def scores(tiny_model: TinyModel) -> SiteScores:
    space = SearchSpace(find_sites(tiny_model("bert"), "lora[all]"), (0, 1, 2, 4))
    return per_unit_of_rank("mine", "none", space, np.random.default_rng(0).random(len(space.sites)))


@pytest.mark.parametrize("name", PICKS)
def test_a_pick_is_what_the_allocator_of_that_name_spends(scores: SiteScores, name: str) -> None:
    assert getattr(picks, name)(scores, budget=2_000) == spend(scores, name, max_params=2_000)


@pytest.mark.parametrize("name", PICKS)
def test_budgets_are_texts_as_well(scores: SiteScores, name: str) -> None:
    pick, per_rank = getattr(picks, name), scores.space.params_per_rank
    assert pick(scores, budget="2k") == pick(scores, budget=2_000)
    assert pick(scores, budget="r=2") == pick(scores, budget=2 * per_rank)


@pytest.mark.parametrize("name", PICKS)
@pytest.mark.parametrize(
    ("budget", "says"),
    [
        (-1, "budget='-1'"),
        (2_000.0, "`budget=2000.0` is not a positive number of parameters"),
        (None, "`budget=None` is not a positive number of parameters"),
        (1, "a budget of 1 parameter does not fit this space"),
        ("0.5%", "`budget=0.5%` is a share of a model"),
    ],
)
def test_budgets_that_cannot_be_are_refused(scores: SiteScores, name: str, budget: Any, says: str) -> None:
    with pytest.raises(UsageError, match=re.escape(says)):
        getattr(picks, name)(scores, budget=budget)


def test_other_arguments_that_cannot_be_are_refused(scores: SiteScores) -> None:
    with pytest.raises(UsageError, match="`scores` is a tuple; give one of the SiteScores"):
        picks.greedy((scores,), budget=2_000)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="`seed='1'` must be a whole number"):
        picks.greedy(scores, budget=2_000, seed="1")  # type: ignore[arg-type]
