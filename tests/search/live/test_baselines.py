"""The baselines: the same budget, spread evenly over the space, over all linears, over q and v."""

from __future__ import annotations

from dataclasses import replace

import pytest

from proxies.site_scores import per_unit_of_rank
from search.live.baselines import baselines_of
from spaces.search_space import SearchSpace


@pytest.fixture
def linears(make_space):
    sites = make_space([(16, 16)] * 8, (0, 1)).sites
    roles = ("q", "v", "fc1", "fc2") * 2
    return tuple(
        replace(site, name=f"layers.{i // 4}.{role}", role=role)
        for i, (site, role) in enumerate(zip(sites, roles, strict=True))
    )


def test_each_spends_the_budget_over_sites_of_its_own(linears):
    space = SearchSpace(linears[2:4], (0, 2, 4, 8))
    scores = [per_unit_of_rank("mine", "dense", space, [1.0, 2.0])]
    found = {one.proposer: one for one in baselines_of(space, 32 * 16, linears, scores)}
    assert list(found) == ["uniform", "uniform[all]", "uniform[q,v]"]
    assert dict(found["uniform"].allocation.ranks) == {"layers.0.fc1": 8, "layers.0.fc2": 8}
    assert set(dict(found["uniform[all]"].allocation.ranks).values()) == {2}
    assert dict(found["uniform[q,v]"].allocation.ranks) == {
        f"layers.{i}.{role}": 4 for i in (0, 1) for role in "qv"
    }
    assert {one.params for one in found.values()} == {32 * 16}
    assert dict(found["uniform"].scores) == {"mine": 24.0}
    assert found["uniform[all]"].scores == ()


def test_equal_ones_are_one_and_ranks_beyond_the_grid_have_no_scores(linears):
    qv = tuple(site for site in linears if site.role in "qv")
    space = SearchSpace(qv, (0, 1, 2))
    scores = [per_unit_of_rank("mine", "dense", space, [1.0] * 4)]
    uniform, everywhere = baselines_of(space, 32 * 16, linears, scores)
    assert uniform.proposer == "uniform+uniform[q,v]"
    assert uniform.scores == ()  # at rank 4
    assert everywhere.proposer == "uniform[all]"


def test_one_that_the_budget_is_too_small_for_is_left_out(linears, caplog):
    cheap = replace(linears[0], name="layers.0.res1", role="res1", kind="residual", d_in=2, d_out=2)
    space = SearchSpace((cheap,), (0, 1))
    (only,) = baselines_of(space, 8, linears)
    assert only.proposer == "uniform"
    assert "baseline uniform[all] is left out" in caplog.text
