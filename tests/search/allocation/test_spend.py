from __future__ import annotations

import numpy as np
import pytest

from proxies.site_scores import per_unit_of_rank
from search.allocation.registry import ALLOCATORS
from search.allocation.spend import spend
from spaces.errors import UsageError
from spaces.find_sites import find_sites
from spaces.search_space import SearchSpace
from tests.conftest import TinyModel


@pytest.mark.parametrize("allocator", ALLOCATORS)
def test_no_step_of_the_grid_is_left_over(tiny_model: TinyModel, allocator: str) -> None:
    space = SearchSpace(find_sites(tiny_model("bert"), "lora[all]"), (0, 1, 2, 4))
    worth = np.zeros(len(space.sites))
    worth[0] = 1.0  # where greedy and exact stop at once
    found = spend(per_unit_of_rank("one", "dense", space, worth), allocator, max_params=2_000)
    cheapest = min(site.cost_per_rank for site in space.sites)
    assert 2_000 - 4 * cheapest < space.params(found) <= 2_000


def test_an_unknown_allocator_is_refused(tiny_model: TinyModel) -> None:
    space = SearchSpace(find_sites(tiny_model("bert"), "lora[q]"), (0, 1))
    with pytest.raises(UsageError, match="`allocator='nonsense'` is unknown"):
        spend(per_unit_of_rank("one", "dense", space, [1, 2, 3]), "nonsense", max_params=2_000)


def test_a_seed_below_zero_is_refused(tiny_model: TinyModel) -> None:
    space = SearchSpace(find_sites(tiny_model("bert"), "lora[q]"), (0, 1))
    with pytest.raises(UsageError, match="`seed=-1` must be at least 0"):
        spend(per_unit_of_rank("one", "dense", space, [1, 2, 3]), "greedy", max_params=2_000, seed=-1)
