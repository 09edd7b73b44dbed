"""The first line of a leaderboard: what is shown to beat uniform LoRA, or that nothing is."""

from __future__ import annotations

import math

from evaluators.metrics.chance import Chance
from search.compare.questions import findings
from search.compare.standing import standings
from search.compare.verdict import comparison_verdict
from tests.search.compare.test_standing import runs_of

CHANCE = Chance(math.log(2), (0.5, 0.5), 300)
LORA = runs_of("lora", (0.70, 0.72, 0.74))


def said(*arms, baseline="lora", metric="accuracy", direction="maximize", chance=CHANCE):
    ranked = standings(arms, baseline, direction=direction)
    found = findings(arms, ranked, baseline, direction=direction)
    best = next((one for one in found if one.label is not None), None)
    about = {"metric": metric, "direction": direction, "chance": chance, "test_rows": 300}
    return comparison_verdict(arms, ranked, best, baseline, **about)


def test_an_allocation_that_is_shown_to_beat_uniform_is_a_yes():
    assert said(LORA, runs_of("sora", (0.801, 0.82, 0.841)), runs_of("full", (0.9, 0.9, 0.9))) == (
        "Yes: sora, the only other allocation, beats lora by +0.1007 [+0.0992, +0.1021] in accuracy on 300 "
        "test rows, Holm-corrected p < 0.001, 3 seeds (the interval is over seeds alone)."
    )


def test_the_best_of_many_is_judged_by_the_corrected_p():
    text = said(LORA, runs_of("sora", (0.71, 0.74, 0.74)), runs_of("salora", (0.6, 0.7, 0.8)))
    assert text.startswith(
        "Not shown that any allocation beats lora: sora, the best of 2 other allocations, differs from it "
        "by +0.0100 ["
    )


def test_without_an_allocation_the_best_of_the_other_methods_is_named():
    assert said(LORA, runs_of("full", (0.71, 0.74, 0.74))).startswith(
        "Not shown that any method beats lora: full, the only other method, differs from it by "
    )


def test_a_method_that_is_shown_to_gain_is_named_before_one_of_larger_gain():
    wild, steady = runs_of("full", (0.80, 0.70, 0.80)), runs_of("head", (0.721, 0.741, 0.7612))
    assert said(LORA, wild, steady).startswith("Yes: head, the best of 2 other methods, beats lora by +0.02")
    lucky = runs_of("full", (0.9, None, None))
    assert said(LORA, lucky, runs_of("head", (0.71, 0.72, 0.74))).startswith(
        "Not shown that any method beats lora: head, the best of 2 other methods, "
    )


def test_what_has_another_budget_is_no_competitor():
    large = runs_of("rank 32", (0.901, 0.92, 0.941), budget=3200)
    same = runs_of("head", (0.71, 0.72, 0.74))
    assert said(LORA, large, same).startswith(
        "Not shown that any method beats lora: head, the only other method, differs from it by "
    )
    assert said(LORA, large) == (
        "There is nothing to compare with lora: no other method at its budget finished a seed that it "
        "finished."
    )


def test_without_uniform_lora_there_is_nothing_to_compare_with():
    assert said(runs_of("sora", (0.8,)), baseline=None) == (
        "There is no uniform LoRA to compare with; sora is first by accuracy on 300 test rows."
    )


def test_one_seed_says_so():
    text = said(runs_of("lora", (0.7,)), runs_of("sora", (0.8,)))
    assert text.endswith(
        "differs from it by +0.1000 in accuracy on 300 test rows, 1 seed, "
        "too few to show anything (3 or more may)."
    )


def test_two_seeds_show_nothing_however_small_their_p():
    text = said(runs_of("lora", (0.70, 0.72)), runs_of("sora", (0.80, 0.825)))
    assert text.startswith("Not shown that any allocation beats lora: sora")
    assert "2 seeds, too few to show anything" in text


def test_where_no_other_finished_there_is_nothing_to_compare():
    assert said(LORA, runs_of("sora", (None, None, None))) == (
        "There is nothing to compare with lora: no other method finished a seed that it finished."
    )


def test_nothing_learned_comes_first():
    assert said(runs_of("lora", (0.5, 0.5)), runs_of("sora", (0.5, 0.5))).startswith(
        "Nothing was learned, so no method"
    )


def test_where_less_is_better_the_lowest_is_what_beats_uniform():
    arms = [runs_of("lora", (4.0, 4.1, 4.3)), runs_of("hetero-static", (3.0, 3.1, 3.2))]
    text = said(*arms, metric="perplexity", direction="minimize", chance=None)
    assert text.startswith("Yes: hetero-static, the only other allocation, beats lora by -1.0")
    assert "in perplexity on 300 test rows" in text
