"""Which scaling rules an arm is tuned over, and which one it says it has."""

from __future__ import annotations

import pytest

from search.compare.arm import arms_of
from search.compare.arm_training import plan
from search.compare.peft_configs import REFEREES
from search.compare.settings import CompareSettings
from search.compare.terms import terms_of
from search.job.settings import ScoringSettings, SpaceSettings, TrainingSettings
from search.methods.registry import METHODS

RULES = ("constant", "alpha/r", "alpha/sqrt(r)")
SPACE = SpaceSettings(space="lora[q,v,fc1,fc2]", budget="r=2")
OTHERS = {
    **{name: ["none"] for name in ("peft-oft", "peft-prefix", "peft-ia3", "full", "flop", "head")},
    **{name: ["constant", "alpha/sqrt(r)"] for name in METHODS if name.startswith("hetero")},  # at rank 8
    "peft-dora": ["constant", "alpha/r"],  # at rank 1
    "peft-rslora": ["alpha/sqrt(r)"],
}


@pytest.mark.parametrize("method", [*METHODS, *REFEREES])
def test_an_arm_is_tuned_over_the_rules_that_differ_for_it(make_ground, method):
    settings = CompareSettings(scalings=RULES)
    terms = terms_of(make_ground(), settings, SPACE, TrainingSettings(lr=1e-3), ScoringSettings())
    planned = plan(arms_of(method, SPACE)[0], terms)
    assert [one.rule for one in planned] == OTHERS.get(method, [*RULES])
