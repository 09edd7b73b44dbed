"""What a live search has to choose from, where nobody says."""

from __future__ import annotations

import pytest

from search.job.prepare import prepare
from search.job.settings import ScoringSettings, SpaceSettings, TrainingSettings
from search.live.settings import LiveSettings
from search.run.live_job import live_job_of


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
    live = live_job_of(job, LiveSettings(trials=4, lrs=several, at_once=2), budget="r=2", rate=asked)
    assert live.choices.learning_rates == live.settings.lrs == rates
    assert {rule for _, rule in live.choices.grid} == {"alpha/r"}
