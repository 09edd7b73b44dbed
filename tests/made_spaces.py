"""Search spaces built without a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from spaces.search_space import SearchSpace
from spaces.site import Kind, Site, Tap


def _space(shapes: Sequence[tuple[int, int]], ranks: Sequence[int]) -> SearchSpace:
    tap = Tap("block", "in")
    sites = [
        Site(f"layers.{i}.q", i, "q", "lora", d_in, d_out, tap, tap) for i, (d_in, d_out) in enumerate(shapes)
    ]
    return SearchSpace(tuple(sites), tuple(ranks))


def _opt_space() -> SearchSpace:
    """The 143 sites of q, v and the shortcuts of OPT-350M (DESIGN, section 2)."""
    tap = Tap("block", "in")
    sites = []
    for layer in range(24):
        for role, kind in (("q", "lora"), ("v", "lora"), ("res1", "residual"), ("res2", "residual")):
            sites.append(Site(f"layers.{layer}.{role}", layer, role, kind, 1024, 1024, tap, tap))
        cross = ("in", "cut")[: 2 if layer else 1]  # layer 0 has no cut
        sites += [
            Site(f"layers.{layer}.{role}", layer, role, "cross", 1024, 1024, tap, tap) for role in cross
        ]
    return SearchSpace(tuple(sites), (0, 2, 4, 8, 16, 32))


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
def make_space() -> Callable[[Sequence[tuple[int, int]], Sequence[int]], SearchSpace]:
    """Builds a space of one site per (d_in, d_out), over a rank grid."""
    return _space


@pytest.fixture(scope="session")
def opt_space() -> SearchSpace:
    """OPT-350M's 143 sites at ranks 0, 2, ..., 32."""
    return _opt_space()


@pytest.fixture(scope="session")
def minilm_space() -> SearchSpace:
    """MiniLM's 47 sites of lora[q,v,fc1,fc2]+shortcut, 49,920 parameters a rank."""
    return _minilm_space()
