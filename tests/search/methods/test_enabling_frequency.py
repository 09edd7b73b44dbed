"""The share of steps that each site was on, by counting."""

from __future__ import annotations

import numpy as np
import pytest

from search.methods.enabling_frequency import enabling_frequency
from spaces.allocation import Allocation
from spaces.errors import InputError
from spaces.search_space import SearchSpace
from spaces.site import Site, Tap


def small_space() -> SearchSpace:
    tap = Tap("block", "in")
    places = [(0, "q", "lora"), (0, "in", "cross"), (1, "q", "lora"), (1, "in", "cross"), (1, "cut", "cross")]
    sites = [Site(f"layers.{i}.{role}", i, role, kind, 8, 8, tap, tap) for i, role, kind in places]
    return SearchSpace(tuple(sites), (0, 4))


def test_it_is_the_count_of_steps_that_a_site_was_on():
    rng, sites, total = np.random.default_rng(0), small_space().sites, 37
    on = np.zeros((total, 5), dtype=bool)
    history, starts = [], [0, 5, 6, 20, 36]
    for start in starts:
        chosen = rng.random(5) < 0.5
        on[start:] = chosen  # until the next search
        history.append(
            (start, Allocation.of({s.name: 4 * int(c) for s, c in zip(sites, chosen, strict=True)}))
        )
    most = Allocation.of({site.name: 4 for site in sites})
    np.testing.assert_allclose(enabling_frequency(tuple(history), most, sites, total), on.mean(axis=0))


def test_of_single_ranks_it_is_the_share_that_was_on():
    sites = small_space().sites
    most = Allocation.of({"layers.0.q": 4, "layers.1.cut": 8})
    history = ((0, most), (3, Allocation.of({"layers.0.q": 1})))
    found = enabling_frequency(history, most, sites, 10)
    np.testing.assert_allclose(found, [(3 + 7 / 4) / 10, 0, 0, 0, 0.3])


@pytest.mark.parametrize(
    "history", [(), ((2, Allocation.of({})),), ((0, Allocation.of({})), (9, Allocation.of({})))]
)
def test_a_history_that_does_not_cover_the_training_is_refused(history):
    with pytest.raises(InputError, match="begins at step 0"):
        enabling_frequency(history, Allocation.of({}), small_space().sites, 9)
