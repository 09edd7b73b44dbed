"""Fractions of a rank become whole ones, fairly to layers and roles."""

from __future__ import annotations

import numpy as np
import pytest

from search.allocation.rounded import rounded
from spaces.search_space import SearchSpace


def shares(space: SearchSpace, ranks: np.ndarray, group: str) -> dict[object, float]:
    """Parameters of each layer or role."""
    found: dict[object, float] = {}
    for site, rank in zip(space.sites, ranks, strict=True):
        name = getattr(site, group)
        found[name] = found.get(name, 0.0) + float(rank) * site.cost_per_rank
    return found


def test_whole_ranks_stay_as_they_are(minilm_space: SearchSpace) -> None:
    ideal = np.full(47, 2.0)
    plan = rounded(minilm_space, ideal, 2 * 49_920, rng=np.random.default_rng(0))
    assert set(minilm_space.rank_vector(plan)) == {2}


@pytest.mark.parametrize("mean_rank", [1 / 8, 1 / 4, 1 / 2, 1.3])
@pytest.mark.parametrize("seed", range(3))
def test_every_rank_is_its_ideal_one_rounded_down_or_up(
    minilm_space: SearchSpace, mean_rank: float, seed: int
) -> None:
    budget = round(mean_rank * 49_920)
    plan = rounded(minilm_space, np.full(47, mean_rank), budget, rng=np.random.default_rng(seed))
    ranks = minilm_space.rank_vector(plan)
    assert set(ranks) <= {int(mean_rank), int(mean_rank) + 1}
    assert budget - 768 < minilm_space.params(plan) <= budget


def test_layers_and_roles_get_their_shares_to_within_a_dear_site(minilm_space: SearchSpace) -> None:
    ideal, budget = np.full(47, 0.5), 24_960
    for seed in range(8):
        plan = rounded(minilm_space, ideal, budget, rng=np.random.default_rng(seed))
        ranks = minilm_space.rank_vector(plan)
        for group in ("layer", "role"):
            wanted, given = shares(minilm_space, ideal, group), shares(minilm_space, ranks, group)
            assert all(abs(given[name] - wanted[name]) <= 1920 for name in wanted)


def test_draws_are_turns_that_meet_the_ideal_on_the_mean(minilm_space: SearchSpace) -> None:
    plans = [
        rounded(minilm_space, np.full(47, 1 / 4), 12_480, rng=np.random.default_rng(seed))
        for seed in range(64)
    ]
    mean = np.mean([minilm_space.rank_vector(plan) for plan in plans], axis=0)
    by_role = {
        role: mean[[site.role == role for site in minilm_space.sites]].mean()
        for role in ("q", "v", "fc1", "fc2", "res1", "cut", "in")
    }
    assert len(set(plans)) > 32
    assert all(0.12 < one < 0.4 for one in by_role.values()), by_role
