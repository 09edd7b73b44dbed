"""Scores of sites add up to scores of allocations."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from proxies.site_scores import SiteScores, per_unit_of_rank
from spaces.allocation import Allocation
from spaces.search_space import SearchSpace
from spaces.site import Site, Tap


def space_of(count: int) -> SearchSpace:
    tap = Tap("m", "in")
    return SearchSpace(
        tuple(Site(f"layers.{i}.q", i, "q", "lora", 16, 16, tap, tap) for i in range(count)), (0, 2, 4, 16)
    )


def random_scores(count: int) -> SiteScores:
    by_rank = np.random.default_rng(0).random((count, 4))
    by_rank[:, 0] = 0
    return SiteScores("p", "dense", space_of(count), by_rank[:, -1], by_rank)


def test_an_allocation_is_worth_the_sum_of_its_sites():
    scores = random_scores(3)
    ranks = np.array([[0, 2, 16], [4, 0, 0]])
    expected = [scores.by_rank[1, 1] + scores.by_rank[2, 3], scores.by_rank[0, 2]]
    np.testing.assert_allclose(scores.of_rank_vectors(ranks), expected)
    assert scores.of(scores.space.allocation(ranks[0])) == pytest.approx(expected[0])


def test_between_two_ranks_of_the_grid_the_worth_is_interpolated():
    scores = per_unit_of_rank("p", "dense", space_of(2), [3.0, 5.0])
    assert scores.of(Allocation.of({"layers.0.q": 3, "layers.1.q": 10})) == pytest.approx(3 * 3 + 10 * 5)


def test_a_rank_above_the_grid_is_refused_not_taken_for_the_grids_last():
    with pytest.raises(ValueError, match=r"rank 17 is above the grid \(0, 2, 4, 16\)"):
        random_scores(2).of(Allocation.of({"layers.0.q": 17}))


def test_an_allocation_is_worth_what_its_sites_are_together_where_that_is_known():
    scores = dataclasses.replace(random_scores(2), together=lambda ranks: ranks.max(axis=1) / 2)
    assert scores.of_rank_vectors(np.array([[2, 4], [0, 0]])).tolist() == [2.0, 0.0]
    assert scores.of(Allocation.of({"layers.0.q": 17})) == 8.5  # it may say something of any rank
    assert scores.on_grid(SearchSpace(scores.space.sites, (0, 4))).of(Allocation.of({"layers.1.q": 4})) == 2


def test_on_a_part_of_its_grid_a_proxy_says_the_same():
    scores = random_scores(2)
    part = scores.on_grid(SearchSpace(scores.space.sites, (0, 4)))
    np.testing.assert_array_equal(part.by_rank, scores.by_rank[:, [0, 2]])


def test_ranks_off_the_grid_are_refused_in_bulk():
    with pytest.raises(ValueError, match=r"grid \(0, 2, 4, 16\); got \[3\]"):
        random_scores(2).of_rank_vectors(np.array([[3, 2]]))
    with pytest.raises(ValueError, match="got 0 to 99"):
        random_scores(2).of_rank_vectors(np.array([[99, 0]]))


def test_wrong_shapes_and_a_worth_of_rank_zero_are_refused():
    space = space_of(2)
    with pytest.raises(ValueError, match=r"must have the shapes \(2,\) and \(2, 4\)"):
        SiteScores("p", "dense", space, np.zeros(3), np.zeros((2, 4)))
    with pytest.raises(ValueError, match="rank 0 must be worth 0"):
        SiteScores("p", "dense", space, np.ones(2), np.ones((2, 4)))


def narrow_space() -> SearchSpace:
    """Of the second site's ranks two are there, 0 and 2."""
    tap = Tap("m", "in")
    shapes = [(16, 16), (16, 3)]
    sites = [Site(f"layers.{i}.q", i, "q", "lora", *shape, tap, tap) for i, shape in enumerate(shapes)]
    return SearchSpace(tuple(sites), (0, 2, 4, 16))


def test_a_rank_that_a_site_cannot_have_is_worth_as_much_as_its_highest():
    by_rank = np.array([[0.0, 1.0, 2.0, 3.0], [0.0, 5.0, 6.0, 7.0]])
    scores = SiteScores.of_ranks("p", "dense", narrow_space(), by_rank)
    assert scores.by_rank.tolist() == [[0, 1, 2, 3], [0, 5, 5, 5]]
    assert scores.by_site.tolist() == [3, 5]
    assert scores.at_most(np.array([4, 0])).by_rank.tolist() == [[0, 1, 2, 2], [0, 0, 0, 0]]


def shown(make_space):
    space = make_space([(16, 16), (8, 8), (16, 8)], (0, 1, 2))
    return per_unit_of_rank("grad_norm", "dense", space, np.array([1.0, 3.0, 2.0]))


def test_the_table_has_the_best_site_first(make_space):
    lines = shown(make_space).table().splitlines()
    assert [line.split() for line in lines] == [
        ["site", "grad_norm", "parameters", "per", "rank"],
        ["layers.1.q", "3", "16"],
        ["layers.2.q", "2", "24"],
        ["layers.0.q", "1", "32"],
    ]
    assert len(shown(make_space).table(most=1).splitlines()) == 2


def test_the_heat_map_is_drawn_and_written(make_space, tmp_path):
    figure = shown(make_space).heat_map(tmp_path / "scores.png")
    assert (tmp_path / "scores.png").stat().st_size > 1000
    assert figure.axes


@pytest.mark.parametrize("error", [0.0, 0.3, None])
def test_as_json_they_come_back_to_the_last_digit(error):
    scores = dataclasses.replace(random_scores(3), error=error)
    again = SiteScores.of_json({"of": "who knows", **json.loads(json.dumps(scores.to_json()))}, scores.space)
    assert (again.proxy, again.point, again.space, again.error) == ("p", "dense", scores.space, error)
    assert np.array_equal(again.by_site, scores.by_site)
    assert np.array_equal(again.by_rank, scores.by_rank)
    with pytest.raises(ValueError, match="point 'elsewhere'"):
        SiteScores.of_json({**scores.to_json(), "point": "elsewhere"}, scores.space)
