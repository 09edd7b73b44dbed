"""Scores as a table and as a picture."""

from __future__ import annotations

import numpy as np

from proxies.site_scores import per_unit_of_rank
from search.run.shown_scores import ShownScores
from search.sampling.proposals import propose


def shown(make_space):
    space = make_space([(16, 16), (8, 8), (16, 8)], (0, 1, 2))
    return ShownScores.of_scores(per_unit_of_rank("grad_norm", "dense", space, np.array([1.0, 3.0, 2.0])))


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


def test_they_are_scores_like_any_other(make_space):
    proposals = propose(
        [shown(make_space)], max_params=64, allocators=["exact"], samplers=[], trials=0, seed=0
    )
    assert str(proposals[1].proposers[0]) == "grad_norm/exact"
