from __future__ import annotations

import numpy as np
import pytest

from proxies.site_scores import per_unit_of_rank
from search.allocation import picks
from search.allocation.spend import spend
from spaces.find_sites import find_sites
from spaces.search_space import SearchSpace
from tests.conftest import TinyModel


@pytest.mark.parametrize("name", ["exact", "greedy", "topk", "uniform"])
def test_a_pick_is_what_the_allocator_of_that_name_spends(tiny_model: TinyModel, name: str) -> None:
    space = SearchSpace(find_sites(tiny_model("bert"), "lora[all]"), (0, 1, 2, 4))
    scores = per_unit_of_rank("mine", "none", space, np.random.default_rng(0).random(len(space.sites)))
    assert getattr(picks, name)(scores, budget=2_000) == spend(scores, name, max_params=2_000)
