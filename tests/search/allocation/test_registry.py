"""What every allocator promises."""

import subprocess
import sys

import numpy as np
import pytest

from proxies.site_scores import per_unit_of_rank
from search.allocation.registry import ALLOCATORS, find_allocator
from spaces.errors import UsageError


@pytest.mark.parametrize("name", ALLOCATORS)
@pytest.mark.parametrize("max_params", [2 * 8, 100, 333, 5000])
def test_the_budget_is_met_and_the_seed_decides(name, max_params, make_space):
    space = make_space([(4, 4), (8, 8), (16, 4), (4, 4), (9, 7)], (0, 2, 4))
    scores = per_unit_of_rank("constant", "none", space, np.ones(5))
    first, same = (
        ALLOCATORS[name](scores, max_params=max_params, rng=np.random.default_rng(5)) for _ in range(2)
    )
    assert first == same
    assert 0 < space.params(first) <= max_params


@pytest.mark.parametrize("name", ALLOCATORS)
def test_a_budget_below_the_cheapest_site_is_a_usage_error(name, make_space):
    scores = per_unit_of_rank("constant", "none", make_space([(4, 4), (8, 8)], (0, 1)), np.ones(2))
    with pytest.raises(UsageError, match=r"max_params=7 is too small.*Raise the budget"):
        ALLOCATORS[name](scores, max_params=7, rng=np.random.default_rng(0))


def test_an_unknown_name_lists_the_known_ones():
    assert find_allocator("exact") is ALLOCATORS["exact"]
    with pytest.raises(
        UsageError, match="'best' is unknown; choose from uniform, random, topk, greedy, exact"
    ):
        find_allocator("best")


def test_importing_the_allocators_loads_neither_torch_nor_optuna():
    code = "import sys, search.allocation.registry; print({'torch', 'optuna'} & sys.modules.keys())"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"
