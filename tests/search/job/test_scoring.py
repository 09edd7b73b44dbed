"""Sites are scored by the proxies asked for, or by those of a few that can."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
import pytest

from proxies.registry import PROXIES
from search.job.prepare import prepare
from search.job.scoring import (
    DEFAULT_PROXIES,
    LARGE_DEFAULTS,
    default_proxies,
    score_space,
    scoring_batches,
)
from search.job.settings import ScoringSettings, SpaceSettings, TrainingSettings
from spaces.errors import InputError, UsageError
from spaces.memory_size import MemorySize


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


def test_all_are_those_that_can_rank_and_what_is_built_of_them(job, caplog):
    scores = score_space(job, ["all", "root:snr"])
    scored = {one.proxy for one in scores}
    left_out = {name for name in PROXIES if f"left out: proxy {name} " in caplog.text}
    assert left_out >= {"snip@init", "synflow@init"}  # as everywhere
    assert scored == {"root:snr", *PROXIES} - left_out
    assert len(scores) == len(scored)


def test_where_gradients_do_not_fit_the_defaults_are_those_that_need_not_form_them(job, caplog):
    caplog.set_level(logging.INFO)
    assert default_proxies(job) == DEFAULT_PROXIES
    assert not caplog.text
    tight = replace(job, scoring=replace(job.scoring, scoring_memory="4kB"))
    scores = score_space(tight)
    assert [one.proxy for one in scores] == list(LARGE_DEFAULTS)
    assert (
        "proxies  grad_norm, spectrum, root:adam_signal, synflow, as the gradients do not fit" in caplog.text
    )
    assert [one.error > 0 for one in scores] == [True, True, False, False]
    assert "spectrum is sketched; exact scores of sites are expected within " in caplog.text
    (ensemble,) = score_space(tight, ["ensemble:grad_norm+spectrum"])
    assert ensemble.error is None
    assert "ensemble:grad_norm+spectrum is made of sketched scores; how far it is off cannot be said" in (
        caplog.text
    )
    assert all(one.error == 0 for one in score_space(job))


def test_memory_is_read_where_it_is_chosen():
    assert ScoringSettings().memory is None
    assert ScoringSettings(scoring_memory="2GB").memory == MemorySize(2e9, "bytes")
    with pytest.raises(UsageError, match="`scoring_memory='much'` is no amount of memory"):
        ScoringSettings(scoring_memory="much")


def test_an_unknown_proxy_is_refused(job):
    with pytest.raises(UsageError, match="magic"):
        score_space(replace(job), ["magic"])
