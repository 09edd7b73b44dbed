"""Sites are scored by the proxies asked for, or by those of a few that can."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
import pytest

from proxies.proxy import Proxy
from proxies.registry import PROXIES, find_proxy
from proxies.site_scores import per_unit_of_rank
from search.job.option import options_of
from search.job.prepare import prepare
from search.job.scoring import DEFAULT_PROXIES, score_space, scoring_batches
from search.job.settings import ScoringSettings, SpaceSettings, TrainingSettings
from search.run.settings import SearchSettings
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
    """A norm needs a weight at a site: a cross wire has none, so that all its scores are 0."""
    ground = job.ground
    cross = prepare(ground, SpaceSettings(space="cross", budget="r=2"), TrainingSettings(), job.scoring)
    assert [one.proxy for one in score_space(cross)] == ["zico"]
    assert "left out: proxy l2_norm" in caplog.text
    with pytest.raises(InputError, match="l2_norm"):
        score_space(cross, ["l2_norm"])


def test_the_help_names_the_defaults_that_are_taken():
    default = next(about.default_text for one, about in options_of(SearchSettings) if one.name == "proxy")
    assert default == ",".join(DEFAULT_PROXIES)


def test_all_are_those_that_can_rank_and_what_is_built_of_them(job, caplog):
    scores = score_space(job, ["all", "root:snr"])
    scored = {one.proxy for one in scores}
    left_out = {name for name in PROXIES if f"left out: proxy {name} " in caplog.text}
    assert left_out >= {"snip@init", "synflow@init"}  # as everywhere
    assert scored == {"root:snr", *PROXIES} - left_out
    assert len(scores) == len(scored)


def test_scores_that_are_sketched_say_how_far_they_may_be_off(job, caplog):
    caplog.set_level(logging.INFO)
    tight = replace(job, scoring=replace(job.scoring, scoring_memory="4kB"))
    assert {one.error for one in score_space(tight)} == {0}  # the defaults form no gradient
    scores = score_space(tight, ["grad_norm", "spectrum", "root:adam_signal", "synflow"])
    assert [one.error > 0 for one in scores] == [True, True, False, False]
    assert "spectrum is sketched; exact scores of sites are expected within " in caplog.text
    (ensemble,) = score_space(tight, ["ensemble:grad_norm+spectrum"])
    assert ensemble.error is None
    assert "ensemble:grad_norm+spectrum is made of sketched scores; how far it is off cannot be said" in (
        caplog.text
    )
    assert {one.error for one in score_space(job, ["grad_norm"])} == {0}


def test_memory_is_read_where_it_is_chosen():
    assert ScoringSettings().memory is None
    assert ScoringSettings(scoring_memory="2GB").memory == MemorySize(2e9, "bytes")
    with pytest.raises(UsageError, match="`scoring_memory='much'` is no amount of memory"):
        ScoringSettings(scoring_memory="much")


def test_a_proxy_of_one_s_own_stands_where_a_name_does(job):
    def measure(evidence, name):
        return per_unit_of_rank(name, "none", evidence.space, [1.0 + s.layer for s in evidence.space.sites])

    depth = Proxy("depth", "none", measure)
    first, second, third = score_space(job, ["snip", depth, find_proxy("snr"), depth])
    assert [one.proxy for one in (first, second, third)] == ["snip", "depth", "snr"]
    assert second.by_site.tolist() == [1.0 + site.layer for site in job.space.sites]
    snip = Proxy("snip", "none", measure)
    a, root = replace(snip, name="a"), replace(snip, name="root:snip")
    for clash in (
        [snip],
        ["snip", snip],
        [a, replace(a, point="base")],
        ["root:snip", root],
        [replace(a, name="all")],
    ):
        with pytest.raises(UsageError, match=r"two proxies are called '(root:)?(snip|a|all)'; give yours"):
            score_space(job, clash)


def test_an_unknown_proxy_is_refused(job):
    with pytest.raises(UsageError, match="magic"):
        score_space(replace(job), ["magic"])
