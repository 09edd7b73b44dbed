"""What a study's table says of how its runs were trained."""

from __future__ import annotations

import pytest

from search.job.prepare import prepare
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
