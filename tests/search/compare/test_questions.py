"""Questions: which are asked of which arms, and when an answer is a yes."""

from __future__ import annotations

import json

import pytest

from evaluators.training.candidate import Candidate, Evaluation, Trained
from search.compare.arm import Arm
from search.compare.questions import Finding, findings
from search.compare.standing import ArmRuns, standings
from spaces.allocation import Allocation

BOTH = "lora[q,v]+shortcut"


def runs_of(label: str, metrics, *, space: str = BOTH, renorm: str = "preserve") -> ArmRuns:
    evaluations = [
        Evaluation(
            Candidate(Allocation.of({}), seed, 1e-3),
            metric,
            None if metric is None else 1 - metric,
            "the loss became nan" if metric is None else None,
            (),
            1.0,
            7,
        )
        for seed, metric in enumerate(metrics)
    ]
    arm = Arm(label, label.partition("@")[0], space, "1000", renorm)
    return ArmRuns(arm, "alpha/r", 1e-3, tuple(Trained(one, {}) for one in evaluations), 100)


def asked(arms: list[ArmRuns], direction="maximize") -> dict[str, Finding]:
    ranked = standings(arms, "lora", direction=direction)
    found = findings(arms, ranked, "lora", direction=direction)
    json.dumps([one.to_json() for one in found])
    return {one.question: one for one in found}


def test_a_question_is_answered_where_both_of_its_arms_are():
    arms = [
        runs_of("hetero-static", (0.7, 0.71, 0.7)),
        runs_of("hetero-dynamic[frequency=2]", (0.8, 0.82, 0.81)),
    ]
    (answer,) = asked(arms).values()
    assert "dynamic" in answer.question
    assert answer.difference.interval.mean == pytest.approx(0.32 / 3)
    assert answer.verdict == "yes"
    assert asked(arms[:1]) == {}


def test_two_arms_that_could_be_meant_leave_a_question_unasked():
    arms = [runs_of(f"hetero-dynamic[frequency={n}]", (0.8, 0.9)) for n in (1, 2)]
    assert asked([*arms, runs_of("hetero-static", (0.7, 0.7))]) == {}


@pytest.mark.parametrize(
    ("methods", "questions"),
    [
        (["dylora", "dylora-frozen"], 0),  # which begin at four times the rank and at once
        (["dylora", "dylora-frozen[multiple=4]"], 1),
        (["hetero-dynamic[proxy=snip]", "hetero-static"], 0),
        (["hetero-dynamic[proxy=snip]", "hetero-static[proxy=snip]"], 1),
        (["full", "lora"], 1),
    ],
)
def test_a_question_is_asked_of_two_that_differ_in_nothing_else(methods, questions):
    arms = [runs_of(method, (0.7, 0.71, 0.74)) for method in methods]
    assert len([one for one in asked(arms).values() if one.label is None]) == questions


def test_shortcuts_are_compared_with_the_same_linears_without_them():
    arms = [
        runs_of("lora", (0.70, 0.72, 0.74)),
        runs_of("lora@lora[q,v]+shortcut/paper", (0.71, 0.72, 0.74), renorm="paper"),
        runs_of("lora@lora[q,v]+cross", (0.71, 0.70, 0.74), space="lora[q,v]+cross"),
        runs_of("lora@lora", (0.60, 0.62, 0.63), space="lora"),
        runs_of("lora@lora[q]", (0.60, 0.61, 0.63), space="lora[q]"),
    ]
    found = asked(arms)
    assert len(found) == 3
    answer = found["Do residual and cross shortcuts help uniform LoRA?"]
    assert answer.difference.interval.mean == pytest.approx((0.10 + 0.10 + 0.11) / 3)
    assert "Do residual and cross shortcuts, under the second norm, help uniform LoRA?" in found
    assert "Do cross shortcuts help uniform LoRA?" in found


def test_the_best_of_several_allocations_must_survive_the_correction():
    arms = [
        runs_of("lora", (0.70, 0.72, 0.74, 0.71)),
        runs_of("hetero-static", (0.71, 0.74, 0.78, 0.72)),
        runs_of("spectral", (0.71, 0.72, 0.73, 0.72)),
        runs_of("full", (0.9, 0.9, 0.9, 0.9)),
        runs_of("lora@lora[q]", (0.8, 0.8, 0.8, 0.8), space="lora[q]"),
    ]
    (answer,) = (one for question, one in asked(arms).items() if question.startswith("Does any allocation"))
    assert "best of 2, hetero-static" in answer.question
    assert answer.verdict == "not shown"
    arms[1] = runs_of("hetero-static", (0.80, 0.83, 0.84, 0.82))
    (answer,) = (one for question, one in asked(arms).items() if question.startswith("Does any allocation"))
    assert answer.verdict == "yes"


def test_the_best_allocation_is_one_that_is_shown_before_one_of_larger_gain():
    lora, wild, steady = (0.70, 0.72, 0.74), (0.80, 0.70, 0.80), (0.721, 0.741, 0.7612)
    arms = [runs_of("lora", lora), runs_of("sora", wild), runs_of("salora", steady)]
    best = next(one for one in asked(arms).values() if one.label)
    assert (best.label, best.verdict) == ("salora", "yes")


def test_one_lucky_seed_makes_no_allocation_the_best():
    arms = [
        runs_of("lora", (0.70, 0.72, 0.74)),
        runs_of("sora", (0.9, None, None)),
        runs_of("salora", (0.71, 0.72, 0.74)),
    ]
    best = next(one for one in asked(arms).values() if one.label)
    assert (best.label, best.verdict, best.compared) == ("salora", "not shown", 2)


def test_differences_that_are_all_equal_prove_nothing():
    """They come of a metric's coarse steps, and have no interval."""
    arms = [runs_of("hetero-static", (0.7, 0.7)), runs_of("hetero-dynamic", (0.8, 0.8))]
    (answer,) = asked(arms).values()
    assert answer.verdict == "not shown"
    one = [runs_of("hetero-static", (0.7,)), runs_of("hetero-dynamic", (0.8,))]
    assert [answer.verdict for answer in asked(one).values()] == ["one seed cannot say"]


def test_where_less_of_the_metric_is_better_the_lower_arm_is_the_yes():
    arms = [runs_of("hetero-static", (7.0, 7.1, 7.0)), runs_of("hetero-dynamic", (6.0, 6.2, 6.1))]
    assert [one.verdict for one in asked(arms, "minimize").values()] == ["yes"]
    assert [one.verdict for one in asked(arms).values()] == ["no, the reverse"]


def test_where_less_is_better_the_best_allocation_is_the_lowest():
    arms = [
        runs_of("lora", (4.0, 4.1, 4.3)),
        runs_of("hetero-static", (3.0, 3.1, 3.2)),
        runs_of("dylora", (5.0, 5.2, 5.3)),
    ]
    best = next(one for one in asked(arms, "minimize").values() if one.label)
    assert (best.label, best.verdict) == ("hetero-static", "yes")
