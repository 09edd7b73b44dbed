"""Scores reach every rank that a study may draw; a proxy that fails under one scaling is left out."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

import search.study.pipeline as pipeline
from proxies.site_scores import DegenerateScoreError
from search.cli.study import main
from search.study.draw import draw_budget, draw_shapes


@pytest.mark.parametrize("rank", [1, 2, 8])
def test_scores_reach_every_rank_that_is_drawn(make_space, make_scores, rank):
    space = make_space([(96, 96)] * 6 + [(96, 48)] * 3, (0, 1, 2, 4, 8, 16, 32))
    budget = rank * space.params_per_rank
    searches = [SimpleNamespace(space=space, max_params=budget)]
    wide = pipeline._wide_space(SimpleNamespace(site_rank=8), searches)
    assert set(space.ranks) <= set(wide.ranks)
    worth = np.random.default_rng(0).random((9, 6)).cumsum(axis=1)
    draw = draw_budget(draw_shapes(space, budget), [make_scores(space, worth)], budget, count=60, seed=0)
    assert max(r for one in draw for _, r in one.allocation.ranks) <= wide.ranks[-1]
    steps = np.array(wide.ranks)
    assert (steps[2:] / steps[1:-1] <= 2).all()


def test_a_proxy_that_fails_under_one_scaling_is_left_out_under_all(study, monkeypatch, capsys):
    real = pipeline.score_all

    def failing(search, space, folder):
        scored, left_out = real(search, space, folder)
        if search.options.scaling == "constant":
            gone = next(one for one in scored if one.scores.proxy == "snip")
            scored.remove(gone)
            left_out.append(pipeline.LeftOut("snip", str(DegenerateScoreError("diverged"))))
        return scored, left_out

    monkeypatch.setattr(pipeline, "score_all", failing)
    few = ["--allocations", "5", "--seeds", "1", "--epochs", "0.2"]
    assert main([*study, *few, "--scalings", "alpha/r,constant"]) == 0
    assert "snip" not in capsys.readouterr().out
