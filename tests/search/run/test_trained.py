"""What a search that fine-tunes its finalists records of how it does."""

from __future__ import annotations

import pytest

from search.job.prepare import prepare
from search.job.settings import ScoringSettings, SpaceSettings, TrainingSettings
from search.run.trained import TrainedOracle

TRAINING = TrainingSettings(lr=1e-3, epochs=2.0, batch_size=8, weight_decay=0.1, warmup=0.2)


def training_of(ground, space, rates=(), scalings=()):
    asked = SpaceSettings(
        space, "r=2", scaling="constant", lora_alpha=8.0, shortcut_alpha=2.0, renorm="paper"
    )
    job = prepare(ground, asked, TRAINING, ScoringSettings())
    return TrainedOracle(job, rates, scalings).problem.training


@pytest.mark.parametrize(
    ("space", "shortcut_alpha", "renorm"), [("lora[q]", None, None), ("lora[q]+residual[res1]", 2.0, "paper")]
)
def test_the_scale_is_recorded_as_far_as_it_tells(make_ground, space, shortcut_alpha, renorm):
    known = training_of(make_ground(), space)
    assert (known.epochs, known.batch_size, known.weight_decay, known.warmup) == (2.0, 8, 0.1, 0.2)
    assert (known.learning_rate, known.scaling, known.lora_alpha, known.reference_rank) == (
        *(1e-3, "constant"),
        *(8.0, 8),
    )
    assert (known.shortcut_alpha, known.renorm) == (shortcut_alpha, renorm)


def test_rates_and_rules_of_trials_are_not_said_of_all(make_ground):
    known = training_of(make_ground(), "lora[q]", (1e-3, 1e-2), ("alpha/r", "constant"))
    assert (known.learning_rate, known.scaling, known.lora_alpha) == (None, None, 8.0)


def test_the_only_rate_and_rule_that_trials_may_have_are_said_of_all(make_ground):
    known = training_of(make_ground(), "lora[q]", (1e-2,), ("alpha/r",))
    assert (known.learning_rate, known.scaling) == (1e-2, "alpha/r")


def test_the_head_is_counted_as_it_is_trained(make_ground):
    ground = make_ground()
    classifier = ground.model.classifier
    assert training_of(ground, "lora[q]").head_params == sum(one.numel() for one in classifier.parameters())
