"""Which scaling rules an arm is tuned over, and which one it says it has."""

from __future__ import annotations

import pytest

from search.compare.arm import arms_of
from search.compare.arm_training import plan
from search.compare.peft_configs import REFEREES
from search.compare.settings import CompareSettings
from search.compare.terms import terms_of
from search.job.settings import ScoringSettings, SpaceSettings, TrainingSettings
from search.methods.registry import METHODS, policy_of

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


SCORING = [name for name in METHODS if hasattr(policy_of(name, 1000, None), "scoring_memory")]


@pytest.mark.parametrize("method", SCORING)
def test_a_method_that_scores_looks_at_what_the_comparison_says_unless_told_otherwise(make_ground, method):
    given = ScoringSettings(scoring_batches=5, scoring_memory="300MB")
    terms = terms_of(make_ground(), CompareSettings(), SPACE, TrainingSettings(lr=1e-3), given)
    looked_at = {}
    for spec in (method, f"{method}[batches=7,scoring_memory=1GB]"):
        (planned,) = plan(arms_of(spec, SPACE)[0], terms)
        policy = planned.workload.policy
        looked_at[spec] = policy.batches, policy.scoring_memory
    assert [*looked_at.values()] == [(5, "300MB"), (7, "1GB")]


@pytest.mark.parametrize("method", METHODS)
def test_by_default_a_method_is_what_it_is_by_itself(make_ground, method):
    terms = terms_of(make_ground(), CompareSettings(), SPACE, TrainingSettings(lr=1e-3), ScoringSettings())
    (planned,) = plan(arms_of(method, SPACE)[0], terms)
    assert planned.workload.policy == policy_of(method, planned.job.max_params, terms.ground.model)
