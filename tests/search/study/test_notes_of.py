"""What a study's table says of how its runs were trained."""

from __future__ import annotations

from dataclasses import replace

import pytest

from search.job.ground import Ground
from search.job.prepare import prepare
from search.job.scoring import scoring_batches
from search.job.settings import ScoringSettings, SpaceSettings, TrainingSettings
from search.study.notes_of import notes_of


@pytest.mark.parametrize(
    ("space", "shortcuts"), [("lora[q]", ""), ("lora[q]+residual[res1]", " (shortcuts 2)")]
)
def test_the_factors_of_all_its_rules_can_be_told(make_ground, space, shortcuts):
    asked = SpaceSettings(space, "r=2", lora_alpha=32.0, shortcut_alpha=2.0)
    job = prepare(make_ground(), asked, TrainingSettings(lr=1e-3), ScoringSettings())
    facts = dict(notes_of([job], {"alpha/r": [], "constant": []}, [], []).facts)
    assert facts["scaling"] == f"alpha/r, constant (alpha/8) with alpha 32{shortcuts}"


def test_the_batches_that_were_looked_at_are_said_and_not_those_asked_for(make_ground):
    job = prepare(
        make_ground(), SpaceSettings("lora[q]", "r=2"), TrainingSettings(lr=1e-3), ScoringSettings()
    )
    assert len(job.task.train) == 77
    cases = {
        (32, 16): "5 batches of 16, the last of 13",
        (3, 16): "3 batches of 16",
        (32, 11): "7 batches of 11",
        (32, 76): "2 batches of 76, the last of 1",
        (32, 77): "1 batch of 77",
        (32, 1000): "1 batch of 77",
        (1, 4): "1 batch of 4",
    }
    for (count, size), said in cases.items():
        asked = replace(job, scoring=ScoringSettings(scoring_batches=count, scoring_batch_size=size))
        facts = dict(notes_of([asked], {"alpha/r": []}, [], []).facts)
        assert facts["scoring"] == f"{said}, 24 warm-up steps"
        assert said.startswith(f"{len(scoring_batches(asked))} batch")


def test_nothing_is_said_of_rows_that_no_study_looks_at(make_ground):
    ground = make_ground()
    kept, of_test = "cut 9 of 77 rows of the training part", "cut 2 of 30 rows of the evaluation part"
    task = replace(ground.inputs.task, notes=(kept, of_test), test_notes=(of_test,))
    ground = Ground(replace(ground.inputs, task=task), ground.machine)
    job = prepare(ground, SpaceSettings("lora[q]", "r=2"), TrainingSettings(lr=1e-3), ScoringSettings())
    notes = notes_of([job], {"alpha/r": []}, [], [])
    assert (notes.remarks, notes.judged_by) == ((kept,), "validation")
    notes = notes_of([replace(job, report_on="test")], {"alpha/r": []}, [], [])
    assert (notes.remarks, notes.judged_by) == ((kept, of_test), "test")
    assert dict(notes.facts)["task"].endswith(f", {len(task.test)} test rows to judge by")
