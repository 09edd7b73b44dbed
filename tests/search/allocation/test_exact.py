"""Exact is the optimum: brute force agrees on small spaces, and greedy is never better."""

import ctypes
import itertools
import logging
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import OptimizeResult

from proxies.site_scores import per_unit_of_rank
from search.allocation.exact import exact_allocation
from search.allocation.greedy import greedy_allocation


def brute_force(scores, max_params):
    """Largest worth of all allocations within the budget."""
    costs, worth = scores.space.costs, scores.by_rank
    columns = np.array(list(itertools.product(range(costs.shape[1]), repeat=len(costs))))
    sites = np.arange(len(costs))
    can = scores.space.available[sites, columns].all(axis=1)
    fits = can & (costs[sites, columns].sum(axis=1) <= max_params)
    return worth[sites, columns].sum(axis=1)[fits].max()


@settings(max_examples=80, deadline=None)
@given(
    shapes=st.lists(st.tuples(st.integers(2, 30), st.integers(8, 30)), min_size=1, max_size=6),
    grid=st.sampled_from([(0, 2), (0, 1, 3), (0, 2, 4, 8)]),  # of which a narrow site has some
    budget=st.floats(0.05, 1.2),
    seed=st.integers(0, 10_000),
)
def test_it_equals_brute_force_and_is_never_worse_than_greedy(
    make_space, make_scores, shapes, grid, budget, seed
):
    grid = tuple(rank for rank in grid if rank <= max(min(shape) for shape in shapes))
    space = make_space(shapes, grid)
    worth = np.random.default_rng(seed).normal(0.5, 1.0, size=(len(shapes), len(grid) - 1))
    scores = make_scores(space, worth * 10.0 ** (seed % 7 - 3))
    max_params = max(int(budget * space.costs[:, -1].sum()), int(space.costs[:, 1].min()))
    allocation = exact_allocation(scores, max_params=max_params, rng=np.random.default_rng(0))
    assert space.params(allocation) <= max_params
    assert scores.of(allocation) == pytest.approx(brute_force(scores, max_params), rel=1e-6, abs=1e-9)
    assert scores.of(allocation) >= scores.of(
        greedy_allocation(scores, max_params=max_params, rng=np.random.default_rng(0))
    )


def test_it_beats_greedy_where_the_best_ratio_blocks_the_best_sum(make_space, make_scores):
    scores = make_scores(make_space([(16, 16), (4, 4)], (0, 2)), np.array([[2.0], [1.0]]))
    assert exact_allocation(scores, max_params=64, rng=np.random.default_rng(0)).ranks == (("layers.0.q", 2),)


def test_what_sites_are_worth_together_decides_between_it_and_greedy(make_space, make_scores):
    """By rank the dear site is worth more alone than the cheap one; together it is worth less."""
    scores = make_scores(make_space([(16, 16), (4, 4)], (0, 2)), np.array([[2.0], [1.0]]))
    together = replace(scores, together=lambda ranks: ranks @ np.array([0.1, 1.0]))
    found = exact_allocation(together, max_params=64, rng=np.random.default_rng(0))
    assert found.ranks == (("layers.1.q", 2),)


def test_all_worths_negative_leave_every_site_off(make_space, make_scores):
    scores = make_scores(make_space([(8, 8)] * 3, (0, 2)), -np.ones((3, 1)))
    assert exact_allocation(scores, max_params=100, rng=np.random.default_rng(0)).ranks == ()


def test_on_a_real_size_it_is_at_least_greedy_and_within_the_budget(opt_space):
    scores = per_unit_of_rank("planted", "dense", opt_space, np.random.default_rng(0).lognormal(size=143))
    by_exact = exact_allocation(scores, max_params=2_300_000, rng=np.random.default_rng(0))
    by_greedy = greedy_allocation(scores, max_params=2_300_000, rng=np.random.default_rng(0))
    assert opt_space.params(by_exact) <= 2_300_000
    assert scores.of(by_exact) >= scores.of(by_greedy)


@pytest.mark.parametrize("incumbent", [None, np.ones(4)], ids=["none found", "over the budget"])
def test_without_a_usable_solution_greedy_stands_in(make_space, caplog, incumbent):
    scores = per_unit_of_rank("planted", "dense", make_space([(8, 8)] * 4, (0, 2)), [4.0, 3.0, 2.0, 1.0])
    stopped = OptimizeResult(x=incumbent, status=1, message="Time limit reached.")
    with caplog.at_level(logging.WARNING):
        allocation = exact_allocation(
            scores, max_params=64, rng=np.random.default_rng(0), solve=lambda *_, **__: stopped
        )
    assert allocation == greedy_allocation(scores, max_params=64, rng=np.random.default_rng(0))
    assert "Time limit reached. The better of this and greedy is used." in caplog.text


def test_the_solver_is_not_heard_on_stdout(make_space, make_scores, capfd):
    layer = [(1024, 1024)] * 8 + [(1024, 4096)] * 2 + [(1024, 256)]
    space = make_space(layer * 24, (0, 1, 2, 4, 8, 16, 32))
    worth = np.sqrt(space.ranks[1:]) * np.random.default_rng(2).lognormal(size=(264, 1))
    max_params = int(5.37 * space.params_per_rank)  # HiGHS prints debug lines while it solves this one
    exact_allocation(make_scores(space, worth), max_params=max_params, rng=np.random.default_rng(0))
    ctypes.CDLL(None).fflush(None)
    assert capfd.readouterr().out == ""
