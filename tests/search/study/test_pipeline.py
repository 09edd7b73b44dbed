"""Scores reach every rank that a study may draw; a proxy that fails under one scaling is left out."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from search.cli.ground_of import ground_of, machine_given
from search.cli.study import STUDY
from search.job.settings import ScoringSettings, SpaceSettings, TrainingSettings
from search.mirror.study_place import StudyPlace
from search.run.study_notes import LeftOut
from search.study.draw import draw_budget, draw_shapes
from search.study.pipeline import tabulate, wide_space
from search.study.scoring import score_all
from search.study.settings import StudySettings
from search.study.strata import jobs_of


@pytest.mark.parametrize("rank", [1, 2, 8])
def test_scores_reach_every_rank_that_is_drawn(make_space, make_scores, rank):
    space = make_space([(96, 96)] * 6 + [(96, 48)] * 3, (0, 1, 2, 4, 8, 16, 32))
    budget = rank * space.params_per_rank
    jobs = [SimpleNamespace(space=space, max_params=budget)]
    wide = wide_space(jobs, site_rank=8)
    assert set(space.ranks) <= set(wide.ranks)
    worth = np.random.default_rng(0).random((9, 6)).cumsum(axis=1)
    draw = draw_budget(draw_shapes(space, budget), [make_scores(space, worth)], budget, count=60, seed=0)
    assert max(r for one in draw for _, r in one.allocation.ranks) <= wide.ranks[-1]
    steps = np.array(wide.ranks)
    assert (steps[2:] / steps[1:-1] <= 2).all()


def test_a_proxy_that_fails_under_one_scaling_is_left_out_under_all(study, tmp_path):
    def failing(job, *args, **more):
        scored, left_out = score_all(job, *args, **more)
        if job.recipe.scaling.rule == "constant":
            gone = next(one for one in scored if one.scores.proxy == "snip")
            scored.remove(gone)
            left_out.append(LeftOut("snip", "diverged"))
        return scored, left_out

    few = ["--allocations", "5", "--seeds", "1", "--epochs", "0.2", "--scalings", "alpha/r,constant"]
    given = STUDY.read([*study, *few])
    settings, space = given.of(StudySettings), given.of(SpaceSettings)
    ground = ground_of(given, machine_given(given))
    jobs = jobs_of(ground, settings, space, given.of(TrainingSettings), given.of(ScoringSettings))
    table = tabulate(
        jobs, settings, tmp_path, study=StudyPlace("study", {}).at(tmp_path, "own"), score=failing
    )
    assert len(table.strata) == 2
    assert "snip" not in table.proxies
