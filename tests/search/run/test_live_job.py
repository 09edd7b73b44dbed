"""What a live search has to choose from, where nobody says."""

from __future__ import annotations

import pytest

from search.job.prepare import prepare
from search.job.settings import ScoringSettings, SpaceSettings, TrainingSettings
from search.live.settings import LiveSettings
from search.run.live_job import live_job_of
from spaces.errors import UsageError
from spaces.scaling import SCALING_RULES


@pytest.mark.parametrize(
    ("asked", "several", "rates"),
    [
        (None, None, (2e-4, 5e-4, 1.25e-3)),
        (5e-4, None, (5e-4,)),
        (None, (1e-2,), (1e-2,)),
    ],
)
def test_rates_are_those_asked_for_or_the_usual_one_and_its_neighbours(make_ground, asked, several, rates):
    training = TrainingSettings(lr=asked, epochs=4.0)
    job = prepare(make_ground(), SpaceSettings(space="lora[q]", budget="r=2"), training, ScoringSettings())
    wanted = LiveSettings(trials=4, lrs=several, at_once=2)
    live = live_job_of(job, wanted, budget="r=2", rate=asked, scaling="alpha/r")
    assert live.choices.learning_rates == live.settings.lrs == rates
    assert {rule for _, rule in live.choices.grid} == {"alpha/r"}


@pytest.mark.parametrize(
    ("asked", "several", "rules"),
    [
        (None, None, ("alpha/r", "constant")),
        *((rule, None, (rule,)) for rule in SCALING_RULES),
        (None, ("alpha/sqrt(r)",), ("alpha/sqrt(r)",)),
    ],
)
def test_rules_are_those_asked_for_or_the_usual_one_and_that_which_rank_does_not_change(
    make_ground, asked, several, rules
):
    space, training = SpaceSettings("lora[q]", "r=2", scaling=asked), TrainingSettings(lr=1e-3, epochs=4.0)
    job = prepare(make_ground(), space, training, ScoringSettings())
    assert job.recipe.scaling.rule == (asked or "alpha/r")
    wanted = LiveSettings(trials=4, scalings=several, at_once=2)
    live = live_job_of(job, wanted, budget="r=2", rate=1e-3, scaling=asked)
    assert live.choices.scalings == live.settings.scalings == rules
    assert live.choices.grid == [(1e-3, rule) for rule in rules]


def test_a_least_budget_holds_the_cheapest_site_of_those_that_can_have_the_lowest_rank(
    make_ground, tiny_model, model_folder
):
    """v, of width 16, is cheaper by rank than q, and can have none of these."""
    tiny_model("llama").save_pretrained(model_folder)
    space = SpaceSettings(space="lora[q,v]", budget="r=14", ranks="0,20,32")
    job = prepare(make_ground(), space, TrainingSettings(lr=1e-3, epochs=4.0), ScoringSettings())
    wanted = LiveSettings(trials=4, budget_min="1000", at_once=2)
    with pytest.raises(UsageError, match=r"`budget_min=1000` .* must lie between 1,280, the cheapest site"):
        live_job_of(job, wanted, budget="r=14", rate=1e-3, scaling=None)
