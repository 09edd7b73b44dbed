from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spaces import Allocation, SearchSpace, Site, Tap, UsageError, params_per_rank, parse_ranks, rank_grid


def site(name: str, d_in: int, d_out: int) -> Site:
    return Site(name, 0, name, "lora", d_in, d_out, Tap(name, "in"), Tap(name, "out"))


SITES = (site("q", 64, 64), site("fc1", 64, 256))
SPACE = SearchSpace(SITES, (0, 4, 8))


def test_costs_are_rank_times_the_sum_of_dimensions() -> None:
    np.testing.assert_array_equal(SPACE.costs, [[0, 4 * 128, 8 * 128], [0, 4 * 320, 8 * 320]])
    assert SPACE.params_per_rank == params_per_rank(SITES) == 128 + 320


@given(st.lists(st.sampled_from([0, 4, 8]), min_size=2, max_size=2))
def test_rank_vectors_and_allocations_are_each_others_inverse(ranks: list[int]) -> None:
    plan = SPACE.allocation(ranks)
    np.testing.assert_array_equal(SPACE.rank_vector(plan), ranks)
    assert SPACE.params(plan) == int(SPACE.rank_vector(plan) @ [128, 320])


def test_params_of_an_unknown_site_raises() -> None:
    with pytest.raises(ValueError, match=r"sites \['k'\] are not in this space of 2 sites"):
        SPACE.params(Allocation.of({"k": 4}))


def test_a_space_without_sites_says_to_name_a_role() -> None:
    with pytest.raises(UsageError, match="the search space has no site; name at least one role"):
        SearchSpace((), (0, 4))


def test_site_names_must_be_distinct() -> None:
    with pytest.raises(ValueError, match="must have distinct names"):
        SearchSpace((SITES[0], SITES[0]), (0, 4))


@pytest.mark.parametrize("ranks", [(), (0,), (4, 8), (0, 8, 4), (0, 4, 4), (-1, 0, 4)])
def test_ranks_must_ascend_from_zero(ranks: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match=r"must ascend from 0 without repeats .* `ranks=0,4,8`"):
        SearchSpace(SITES, ranks)


@pytest.mark.parametrize(
    "ranks", [(0, 1.5, 4), (0, 4.0), (0, True), (0, "4"), (0, None), "0,4", 4, None], ids=repr
)
def test_the_ranks_of_a_space_are_whole_numbers(ranks: object) -> None:
    with pytest.raises(UsageError, match=r"are not whole numbers; write for example `ranks=\[0, 4, 8\]`\.$"):
        SearchSpace(SITES, ranks)  # type: ignore[arg-type]


def test_a_rank_above_full_rank_says_the_highest() -> None:
    with pytest.raises(UsageError, match=r"rank 65 is above 64, .* use ranks of at most 64"):
        SearchSpace(SITES, (0, 65))


@pytest.mark.parametrize(
    ("text", "ranks"),
    [("0,4,8", (0, 4, 8)), (" 0 , 16 ", (0, 16)), ("8,4", (8, 4)), ("0\x1f,\x1c4", (0, 4))],
)
def test_reads_ranks_as_written(text: str, ranks: tuple[int, ...]) -> None:
    assert parse_ranks(text) == ranks


@pytest.mark.parametrize("text", ["", "0,,4", "0,4,", "a", "0;4", "-1,4", "0,1.5"])
def test_ranks_that_are_no_whole_numbers_say_what_to_write(text: str) -> None:
    with pytest.raises(
        UsageError, match="are not whole numbers with commas; write for example `ranks=0,4,8`"
    ):
        parse_ranks(text)


@pytest.mark.parametrize(
    ("uniform", "grid"),
    [(8, (0, 2, 4, 8, 16, 32)), (1, (0, 1, 2, 4)), (0.1, (0, 1)), (32, (0, 8, 16, 32, 64)), (0.25, (0, 1))],
)
def test_the_grid_reaches_from_a_quarter_to_four_times_the_uniform_rank(
    uniform: float, grid: tuple[int, ...]
) -> None:
    assert rank_grid(SITES, int(uniform * 448)) == grid


@given(st.integers(1, 500), st.integers(1, 500), st.floats(0, 1))
def test_the_grid_of_any_budget_makes_a_search_space(narrow: int, wide: int, share: float) -> None:
    sites = (site("narrow", narrow, wide), site("wide", wide, wide))
    cheapest, whole = narrow + wide, sum(s.cost_per_rank * s.max_rank for s in sites)
    grid = rank_grid(sites, round(cheapest + share * (whole - cheapest)))
    assert SearchSpace(sites, grid).ranks == grid


def test_a_narrow_site_has_the_ranks_up_to_its_own_full_rank_and_the_others_the_whole_grid() -> None:
    space = SearchSpace((site("q", 64, 64), site("gate", 64, 1), site("k", 64, 6)), (0, 1, 4, 16))
    assert space.available.tolist() == [[True] * 4, [True, True, False, False], [True, True, True, False]]
    assert space.highest.tolist() == [16, 1, 4]
    assert space.most_params == 16 * 128 + 65 + 4 * 70


def test_the_grid_does_not_end_at_the_narrowest_site() -> None:
    sites = (*SITES, site("gate", 64, 1))
    assert rank_grid(sites, 8 * params_per_rank(sites)) == (0, 2, 4, 8, 16, 32)
