"""A small contest whose curves are made up: the learning rate matters most, then where the ranks are."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.contest import Contest
from benchmarks.curves.curve_table import Curve, CurveTable
from benchmarks.curves.plans import plans_of
from benchmarks.search_setting import SearchSetting
from proxies.site_scores import per_unit_of_rank
from search.sampling.configuration import Configuration
from spaces.search_space import SearchSpace
from spaces.site import Site, Tap


@pytest.fixture(scope="session")
def synthetic() -> CurveTable:
    """Six sites of q and v, six allocations at six grid points, two seeds of each of three allocations."""
    tap = Tap("block", "in")
    sites = [Site(f"layers.{i}.{role}", i, role, "lora", 8, 8, tap, tap) for i in range(3) for role in "qv"]
    space = SearchSpace(tuple(sites), (0, 1, 2, 4, 8))
    worth = np.array([1.0, 2.0, 1.5, 3.0, 0.5, 4.0])
    setting = SearchSetting(rates=(1e-4, 1e-3, 1e-2))
    scores = per_unit_of_rank("mine", "none", space, worth)
    contest = Contest(setting, space, 6 * 16 * 2, 90, (scores,))
    rng, curves = np.random.default_rng(0), []
    for seed in (0, 1):
        for plan in plans_of(contest, 6)[: 6 if seed == 0 else 3]:
            for rate, rule in setting.grid:
                off = abs(np.log10(rate) + 3) + (rule == "alpha/r") * 0.1
                end = 0.3 + 0.2 * off + 0.1 / (1 + worth @ np.log1p(space.rank_vector(plan)) / 10)
                losses = end + (0.7 - end) * (1 - np.array(setting.judged_at) / 9) ** 2
                losses = losses * np.exp(0.02 * rng.standard_normal(len(losses)))
                own = Configuration(plan, rate, rule)
                metrics = tuple((1 - losses / 2).tolist())
                curves.append(Curve(own, seed, tuple(losses.tolist()), metrics, 9.0, 0.5))
    return CurveTable(contest, tuple(curves))
