"""The share of steps that each site was on, by counting; and its picture."""

from __future__ import annotations

import numpy as np
import pytest

from search.methods.enabling_frequency import (
    draw_enabling_frequency,
    enabling_frequency,
    enabling_heat_map,
)
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


def test_the_map_has_the_percentage_where_a_site_was_ever_on(tmp_path):
    space, shares = small_space(), np.array([1.0, 0.0, 0.2, 0.555, 0.0])
    axes = enabling_heat_map(shares, space, title="hetero-dynamic").axes[0]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["q", "in", "cut"]
    drawn = {tuple(map(int, text.get_position())): text.get_text() for text in axes.texts}
    assert drawn == {(0, 0): "100", (0, 1): "20", (1, 1): "56"}
    colours = axes.images[0].get_array()
    np.testing.assert_allclose(colours.filled(-1), [[1.0, 0.0, -1], [0.2, 0.555, 0.0]])  # no cut at layer 0
    assert axes.images[0].get_clim() == (0, 1)
    path = tmp_path / "frequency.png"
    draw_enabling_frequency(shares, space, path, title="hetero-dynamic")
    assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
