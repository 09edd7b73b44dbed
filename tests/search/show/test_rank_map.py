"""The picture beside a trial is small and has a colour for every rank."""

from __future__ import annotations

import numpy as np
from PIL import Image

from search.show.rank_map import draw_rank_map, rank_map
from spaces.allocation import Allocation


def test_a_site_that_is_on_has_a_colour_and_the_others_none(make_space):
    space = make_space([(16, 16)] * 3, (0, 2, 8))
    off = np.asarray(rank_map(Allocation.of({}), space))
    on = np.asarray(rank_map(Allocation.of({"layers.1.q": 8}), space))
    changed = np.argwhere((off != on).any(axis=2))[:, 0]
    rows = changed[changed > 24]  # below the title
    height = (off.shape[0] - 44) / 3
    assert (rows >= 24 + height - 1).all()  # the one in the middle
    assert (rows <= 24 + 2 * height + 1).all()
    darker = np.asarray(rank_map(Allocation.of({"layers.1.q": 2}), space)).sum()
    assert on.sum() < darker < off.sum()


def test_it_is_a_small_png_and_sites_elsewhere_are_counted(opt_space, tmp_path):
    ranks = np.random.default_rng(0).choice(opt_space.ranks, size=len(opt_space.sites))
    plan = dict(opt_space.allocation(ranks).ranks) | {"layers.0.fc1": 4}
    draw_rank_map(Allocation.of(plan), opt_space, tmp_path / "map.png")
    assert (tmp_path / "map.png").stat().st_size < 20_000
    with Image.open(tmp_path / "map.png") as picture:
        assert picture.format == "PNG"
