"""Sites are scored by the proxies asked for, or by those of a few that can."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from search.job.prepare import prepare
from search.job.scoring import score_space, scoring_batches
from search.job.settings import ScoringSettings, SpaceSettings, TrainingSettings
from spaces.errors import InputError, UsageError


@pytest.fixture
def job(make_ground):
    scoring = ScoringSettings(scoring_batches=2, scoring_batch_size=4)
    return prepare(make_ground(), SpaceSettings(space="lora[q]", budget="r=2"), TrainingSettings(), scoring)


def test_batches_are_the_first_rows_as_many_as_settled(job):
    assert [len(batch) for batch in scoring_batches(job)] == [4, 4]


def test_the_proxies_asked_for_score_in_their_order_each_once(job):
    scores = score_space(job, ["snip", "grad_norm", "snip"])
    assert [one.proxy for one in scores] == ["snip", "grad_norm"]
    assert all(np.isfinite(one.by_site).all() for one in scores)


def test_a_default_that_cannot_rank_is_left_out_and_one_asked_for_is_an_error(job, caplog):
    """snip needs a weight at a site: a cross wire has none, so that all its scores are 0."""
    ground = job.ground
    cross = prepare(ground, SpaceSettings(space="cross", budget="r=2"), TrainingSettings(), job.scoring)
    assert "snip" not in [one.proxy for one in score_space(cross)]
    assert "left out: " in caplog.text
    with pytest.raises(InputError, match="snip"):
        score_space(cross, ["snip"])


def test_an_unknown_proxy_is_refused(job):
    with pytest.raises(UsageError, match="magic"):
        score_space(replace(job), ["magic"])
