"""A job from settings."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from search.job.prepare import announce, prepare, recipe_of
from search.job.settings import ScoringSettings, SpaceSettings, TrainingSettings
from spaces.errors import UsageError
from spaces.find_sites import find_sites
from spaces.scaling import Rule, Scaling
from tests.model_types import tiny_model_of

SPACE = SpaceSettings(space="lora[q,v]", budget="r=2")
TRAINING = TrainingSettings(seeds=2, seed=5)


def prepared(ground, space=SPACE, training=TRAINING):
    return prepare(ground, space, training, ScoringSettings())


def test_a_job_has_what_was_settled(make_ground):
    job = prepared(make_ground())
    assert [site.role for site in job.space.sites] == ["q", "v"] * 3
    assert job.max_params == 2 * job.space.params_per_rank
    assert (job.title, job.seeds, job.seed) == ("lora[q,v]", (5, 6), 5)
    assert job.learning_rate == 5e-4  # of a task of one's own
    assert [one.seed for one in job.candidates(job.space.allocation([2] * 6))] == [5, 6]
    assert (job.workload.source, job.workload.recipe) == (job.source, job.recipe)


def test_jobs_over_one_ground_differ_in_what_is_said_alone(make_ground):
    ground = make_ground()
    small = prepared(ground)
    large = prepared(ground, replace(SPACE, budget="r=4", scaling="constant"), replace(TRAINING, lr=0.1))
    assert large.max_params == 2 * small.max_params
    assert (large.learning_rate, large.recipe.scaling.rule) == (0.1, "constant")
    assert large.model is small.model


@pytest.mark.parametrize("asked", [None, *get_args(Rule)])
def test_below_one_rank_at_every_site_constant_is_the_usual_rule(make_ground, asked):
    ground, below = make_ground(), prepared(make_ground()).space.params_per_rank - 1
    for budget, usual in {str(below): "constant", str(below + 1): "alpha/r", "r=2": "alpha/r"}.items():
        job = prepared(ground, replace(SPACE, budget=budget, scaling=asked))
        assert job.recipe.scaling.rule == job.workload.recipe.scaling.rule == (asked or usual)


def test_a_budget_that_nothing_can_spend_is_what_the_ranks_can(make_ground):
    job = prepared(make_ground(), replace(SPACE, budget="r=32"))
    assert job.max_params == 32 * job.space.params_per_rank
    with pytest.raises(
        UsageError, match=r"`ranks=0,1` can spend at most .*; add higher ranks, or lower `budget`"
    ):
        prepared(make_ground(), replace(SPACE, ranks="0,1"))


def test_a_recipe_says_how_candidates_are_trained():
    space = replace(SPACE, scaling="constant", lora_alpha=8.0, renorm="paper")
    recipe = recipe_of(space, replace(TRAINING, epochs=0.5, batch_size=4), "constant")
    assert (recipe.epochs, recipe.batch_size, recipe.renorm) == (0.5, 4, "paper")
    assert recipe.scaling == Scaling("constant", 8.0, 4.0)


def test_what_was_chosen_is_told_defaults_and_all(make_ground, caplog):
    with caplog.at_level(logging.INFO):
        announce(prepared(make_ground()), Path("runs/x"))
    assert "space    lora[q,v]: 6 sites at ranks 0,1,2,4,8" in caplog.text
    assert "training 1 epoch, batch 16, lr 0.0005, scaling alpha/r, renorm preserve" in caplog.text
    assert "output   runs/x" in caplog.text


def test_where_several_rates_and_rules_are_tried_all_are_told_and_no_other(make_ground, caplog):
    with caplog.at_level(logging.INFO):
        announce(
            prepared(make_ground()), Path("runs/x"), rates=[1e-3, 3e-3], scalings=["alpha/r", "constant"]
        )
    assert "batch 16, lr 0.001 or 0.003, scaling alpha/r or constant, renorm preserve" in caplog.text


def test_what_peft_will_not_load_is_said_once_of_the_same_linears(make_ground, model_folder, caplog):
    tiny_model_of("deberta-v2").save_pretrained(model_folder)
    ground = make_ground()
    for budget in ("r=1", "r=2"):
        prepared(ground, replace(SPACE, budget=budget))
    assert caplog.text.count("PEFT will not load") == 1
    prepared(ground, replace(SPACE, space="lora[q]"))
    assert caplog.text.count("PEFT will not load") == 2


@pytest.mark.parametrize(
    ("model_type", "said"),
    [
        ("bert", None),
        ("deberta-v2", "they also project positions"),
        ("qwen3_next", "PEFT takes their names for those of other modules"),
    ],
)
def test_what_peft_cannot_have_is_told_and_kept(make_ground, model_folder, model_type, said, caplog):
    tiny_model_of(model_type).save_pretrained(model_folder)
    ground = make_ground()
    sites = ground.usable(find_sites(ground.model, "lora[all]"), "preserve")
    caplog.clear()
    assert prepared(ground, replace(SPACE, space="lora[all]")).sites == sites
    told = [one.getMessage() for one in caplog.records if "PEFT will not load" in one.getMessage()]
    assert len(told) == (said is not None)
    assert said is None or said in told[0]
