"""A space as MiniLM's, and a budget without a model behind it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from benchmarks.evidence.ways import At
from search.allocation.uniform import uniform_allocation
from spaces.search_space import SearchSpace
from spaces.site import Kind, Site, Tap


def _minilm_space() -> SearchSpace:
    tap, sites = Tap("block", "in"), []
    shapes: list[tuple[str, Kind, int, int]] = [("q", "lora", 384, 384), ("v", "lora", 384, 384)]
    shapes += [("fc1", "lora", 384, 1536), ("fc2", "lora", 1536, 384)]
    shapes += [("res1", "residual", 384, 384), ("res2", "residual", 384, 384)]
    shapes += [("cut", "cross", 384, 384), ("in", "cross", 384, 384)]
    for layer in range(6):
        for role, kind, d_in, d_out in shapes:
            if layer or role != "cut":
                sites.append(Site(f"layers.{layer}.{role}", layer, role, kind, d_in, d_out, tap, tap))
    return SearchSpace(tuple(sites), (0, 1, 2, 4, 8))


@pytest.fixture(scope="session")
def minilm_space() -> SearchSpace:
    """47 sites, 49,920 parameters a rank."""
    return _minilm_space()


@pytest.fixture
def budget_of(minilm_space: SearchSpace) -> Callable[[float], At]:
    """The budget of a mean rank; a proxy picks what the first half of the sites have uniformly."""

    def made(mean_rank: float) -> At:
        params = round(mean_rank * minilm_space.params_per_rank)
        half = SearchSpace(minilm_space.sites[:24], minilm_space.ranks)
        return At(minilm_space, params, lambda _: uniform_allocation(half, params))

    return made
