"""Ensembles of proxies with scores made up for the purpose."""

from __future__ import annotations

import numpy as np
import pytest

from proxies.composed.ensemble import ensemble
from proxies.measure.evidence import Evidence
from proxies.proxy import Proxy
from proxies.registry import PROXIES, find_proxy, score_sites
from proxies.site_scores import DegenerateScoreError, SiteScores, per_unit_of_rank
from spaces.errors import UsageError
from spaces.search_space import SearchSpace
from tests.objectives import TWO_CLASSES


@pytest.fixture
def four_sites(evidence, batches):
    """Evidence on four sites, ranks 0, 1, 3 and 8."""
    space = SearchSpace(evidence.space.sites[:4], (0, 1, 3, 8))
    return Evidence(evidence.model, TWO_CLASSES, batches, space, seed=0)


def linear(name: str, *values: float, **fields) -> Proxy:
    return Proxy(name, "dense", lambda e, n: per_unit_of_rank(n, "dense", e.space, values), **fields)


def concave(name: str, *values: float) -> Proxy:
    def measure(evidence, name):
        by_rank = np.outer(values, np.sqrt(evidence.space.ranks))
        return SiteScores(name, "base", evidence.space, np.array(values), by_rank)

    return Proxy(name, "base", measure)


def test_a_site_scores_the_mean_of_its_places(four_sites):
    members = [linear("a", 0.1, 0.3, 0.2, 9.0), linear("b", 5.0, 5.0, 7.0, 1.0)]
    (scores,) = score_sites([ensemble(members, score_sites)], four_sites)
    np.testing.assert_allclose(scores.by_site, np.array([1 + 2.5, 3 + 2.5, 2 + 4, 4 + 1]) / 2 / 4)


def test_members_that_say_nothing_about_rank_make_an_ensemble_that_says_nothing(four_sites):
    members = [linear("a", 0.1, 0.3, 0.2, 9.0), linear("b", 0.7, 0.1, 0.3, 1.0)]
    (scores,) = score_sites([ensemble(members, score_sites)], four_sites)
    per_unit = scores.by_rank[:, 1:] / np.array(four_sites.space.ranks[1:])
    np.testing.assert_allclose(per_unit, np.repeat(per_unit[:, :1], 3, axis=1))
    np.testing.assert_array_equal(np.argsort(per_unit[:, 0]), np.argsort(scores.by_site))


def test_concave_members_make_a_concave_ensemble(four_sites):
    members = [concave("a", 1.0, 2.0, 3.0, 4.0), concave("b", 4.0, 9.0, 1.0, 2.0)]
    (scores,) = score_sites([ensemble(members, score_sites)], four_sites)
    slopes = np.diff(scores.by_rank, axis=1) / np.diff(four_sites.space.ranks)
    assert (slopes > 0).all()
    assert (np.diff(slopes, axis=1) < 0).all()


def test_a_unit_of_rank_is_worth_the_mean_place_of_what_it_adds(four_sites):
    four_sites.space = SearchSpace(four_sites.space.sites[:2], (0, 1, 3))
    members = [concave("a", 1.0, 1.5), linear("b", 1.0, 2.0)]
    (scores,) = score_sites([ensemble(members, score_sites)], four_sites)
    places = (np.array([[3.0, 1.0], [4.0, 2.0]]) + np.array([[1.5, 1.5], [3.5, 3.5]])) / 2 / 4
    np.testing.assert_allclose(scores.by_rank[:, 1], places[:, 0])
    np.testing.assert_allclose(scores.by_rank[:, 2], places[:, 0] + 2 * places[:, 1])


def test_members_of_opposite_minds_rank_nothing(four_sites):
    members = [linear("a", 1, 2, 3, 4), linear("b", 4, 3, 2, 1)]
    with pytest.raises(DegenerateScoreError, match=r"ensemble:a\+b .* is 0.625 at every site"):
        score_sites([ensemble(members, score_sites)], four_sites)


def test_a_member_that_cannot_rank_these_sites_is_named(four_sites):
    with pytest.raises(DegenerateScoreError, match="proxy snip@init"):
        score_sites([find_proxy("ensemble:grad_norm+snip@init")], four_sites)


def test_the_command_line_names_an_ensemble_by_its_members(evidence, batches):
    proxy = find_proxy("ensemble:fisher+adam_gain")
    assert proxy.name == "ensemble:fisher+adam_gain"
    assert proxy.needs == PROXIES["fisher"].needs | PROXIES["adam_gain"].needs
    together, *alone = score_sites([proxy, PROXIES["fisher"], PROXIES["adam_gain"]], evidence)
    assert (together.proxy, together.point) == (proxy.name, "mixed")
    places = [np.argsort(np.argsort(one.by_site)) + 1 for one in alone]
    np.testing.assert_allclose(together.by_site, np.mean(places, axis=0) / len(evidence.space.sites))


def test_the_point_is_that_of_the_members_where_they_agree():
    assert find_proxy("ensemble:grad_norm+snr").point == "dense"
    assert find_proxy("ensemble:grad_norm+eva").point == "mixed"


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("ensemble:snr", r"`proxy='ensemble:snr'` needs two or more different members; write"),
        ("ensemble:snr+eva+snr", r"`proxy='ensemble:snr\+eva\+snr'` needs two or more different members"),
        ("ensemble:snr+magic", "`proxy='magic'` is unknown"),
        ("ensemble:", "'ensemble:'` lacks a name"),
        ("ensemble:snr+constant", "has the member constant, which ranks nothing by design; leave it out"),
    ],
)
def test_an_ensemble_that_cannot_be_is_refused(name, problem):
    with pytest.raises(UsageError, match=problem):
        find_proxy(name)
