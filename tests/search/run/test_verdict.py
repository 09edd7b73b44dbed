"""The sentence that answers: shown only where test rows and enough seeds show it."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from evaluators.metrics.chance import Chance
from search.run.finalist import Finalist
from search.run.verdict import Judged, verdict
from search.sampling.configuration import Configuration
from tests.search.run.test_result import finalist

JUDGED = Judged("accuracy", {"train": 90, "validation": 320, "test": 300}, None, "accuracy")
TABLE = Judged("accuracy", {}, None, "accuracy")
UNIFORM = finalist(2, [0.70, 0.72, 0.74], "uniform")
AHEAD = finalist(4, [0.80, 0.83, 0.86], "spectrum/exact", "tpe")
OTHER = finalist(3, [0.71, 0.72, 0.73], "snip/exact")


def said(ours, theirs, *, judged=JUDGED):
    return verdict([UNIFORM, OTHER, AHEAD], AHEAD, (ours, theirs), judged)


def test_an_interval_above_zero_on_test_rows_is_a_yes():
    assert said([0.81, 0.82, 0.83], [0.70, 0.70, 0.72]) == (
        "Yes: spectrum/exact, chosen by validation, beats uniform by +0.1133 [+0.0990, +0.1277] in "
        "accuracy on 300 test rows, 3 seeds (the interval is over seeds alone; its p-value is corrected "
        "for 2 finalists)."
    )


def test_a_choice_among_many_may_have_made_an_interval_above_zero():
    """The runs that were chosen by validation are those that are tested."""
    ours, theirs = [0.72, 0.738, 0.750], [0.70, 0.72, 0.74]  # p = 0.03 by itself
    assert verdict([UNIFORM, AHEAD], AHEAD, (ours, theirs), JUDGED).startswith("Yes: ")
    assert said(ours, theirs) == (
        "Not shown that any allocation beats uniform: spectrum/exact, chosen by validation, differs from it "
        "by +0.0160 [+0.0029, +0.0291] in accuracy on 300 test rows, 3 seeds, which the choice among 2 "
        "finalists may have made."
    )


def test_no_choice_makes_a_deficit():
    text = said([0.70, 0.72, 0.74], [0.72, 0.738, 0.750])
    assert text.startswith("Not shown")
    assert text.endswith("-0.0160 [-0.0291, -0.0029] in accuracy on 300 test rows, 3 seeds.")


def test_seeds_on_which_it_failed_may_be_those_on_which_it_is_bad():
    four = [0.80, 0.81, 0.79, 0.80]
    whole = [finalist(2, four, "uniform"), finalist(4, four, "tpe")]
    text = verdict(whole, whole[1], ([0.90, 0.905, 0.896, None], four), JUDGED)
    assert text.startswith("Not shown that any allocation beats uniform: tpe, chosen by validation, differs ")
    assert text.endswith("3 seeds; it failed on 1 seed that the other finished.")
    assert verdict(whole, whole[1], ([0.70, 0.71, 0.70, None], four), JUDGED).startswith("No: tpe")
    text = verdict(whole, whole[1], (four, [0.90, 0.905, 0.896, None]), JUDGED)
    assert text.startswith("Not shown that any allocation beats uniform: tpe, chosen by validation, differs ")
    assert text.endswith("3 seeds; the other failed on 1 seed that it finished.")
    assert verdict(whole, whole[1], (four, [0.70, 0.71, 0.70, None]), JUDGED).startswith("Yes: tpe")


def test_a_lead_on_validation_rows_that_the_test_rows_do_not_bear_out_is_not_shown():
    assert said([0.69, 0.70, 0.73], [0.70, 0.72, 0.72]) == (
        "Not shown that any allocation beats uniform: spectrum/exact, chosen by validation, differs "
        "from it by "
        "-0.0067 [-0.0446, +0.0313] in accuracy on 300 test rows, 3 seeds."
    )


def test_an_interval_below_zero_is_a_no():
    assert said([0.60, 0.61, 0.62], [0.70, 0.70, 0.72]).startswith(
        "No: spectrum/exact, chosen by validation, is worse"
    )


@pytest.mark.parametrize("seeds", [1, 2])
def test_fewer_than_three_seeds_show_nothing(seeds):
    text = said([0.81, 0.82][:seeds] + [None] * (3 - seeds), [0.70, 0.70, 0.72])
    assert text.startswith("Not shown")
    assert f"{seeds} seed{'s' * (seeds > 1)}, too few to show anything (3 or more may); it failed on" in text


def test_equal_differences_come_of_coarse_steps_and_show_nothing():
    text = said([0.80, 0.82, 0.84], [0.70, 0.72, 0.74])
    assert text.startswith("Not shown")
    assert "the same for all" in text


def test_where_uniform_is_chosen_the_nearest_other_is_named():
    assert verdict([UNIFORM, OTHER], UNIFORM, ([0.7] * 3, [0.7] * 3), JUDGED) == (
        "Not shown that any allocation beats uniform: the best other, snip/exact, differs from it by "
        "+0.0000 [-0.0248, +0.0248] in accuracy on 320 validation rows, 3 seeds, so uniform is chosen."
    )


def test_uniform_that_is_chosen_since_the_other_failed_says_so():
    broken = finalist(4, [0.90, 0.93, None], "tpe")
    text = verdict([UNIFORM, broken], UNIFORM, ([0.7] * 3, [0.7] * 3), JUDGED)
    assert text.endswith("2 seeds, but 1 of its 3 runs failed, so uniform is chosen.")


@pytest.mark.parametrize(("tested", "where"), [
    (([None, 0.8, 0.8], [0.7, None, None]), "on 300 test rows"),
    (None, "on 320 validation rows"),
])  # fmt: skip
def test_without_a_seed_that_both_finished_nothing_is_shown(tested, where):
    apart = finalist(4, [None, 0.9, 0.9], "tpe"), finalist(2, [0.7, None, None], "uniform")
    text = verdict([apart[1], apart[0]], apart[0], tested, JUDGED)
    assert text.startswith(
        "Not shown that any allocation beats uniform: no seed of tpe and uniform gave both"
    )
    assert text.endswith(f"a metric {where}.")


def test_a_table_has_only_the_rows_that_chose_and_says_so():
    text = verdict([UNIFORM, OTHER, AHEAD], AHEAD, None, TABLE)
    assert text == (
        "Yes: spectrum/exact beats uniform by +0.1100 [+0.0852, +0.1348] in accuracy on the validation rows, "
        "3 seeds; the same rows chose it among 2 finalists, for which its p-value is corrected."
    )


def test_the_best_of_many_on_the_rows_that_chose_it_is_partly_luck():
    barely = finalist(4, [0.720, 0.738, 0.752], "tpe")  # p = 0.028 alone
    assert verdict([UNIFORM, barely], barely, None, TABLE).startswith("Yes: tpe")
    many = [finalist(5, [0.71, 0.71, 0.74], f"random{i}") for i in range(3)]
    text = verdict([UNIFORM, barely, *many], barely, None, TABLE)
    assert text.startswith("Not shown that any allocation beats uniform: tpe is ahead by ")
    assert text.endswith("the same rows chose it among 4 finalists, so that this is partly luck.")


def test_a_winner_that_lost_on_shared_seeds_is_said_to_be_chosen_for_what_it_finished():
    part = finalist(2, [None, 0.80, 0.81, 0.82], "uniform")
    whole = finalist(4, [0.70, 0.71, 0.73, 0.74], "tpe")
    assert verdict([part, whole], whole, None, TABLE) == (
        "Not shown that any allocation beats uniform: tpe, chosen since fewer of its runs failed, differs "
        "from it by -0.0833 [-0.0977, -0.0690] in accuracy on the validation rows, 3 seeds; the other "
        "failed on 1 seed that it finished."
    )
    other_seeds = finalist(4, [0.95, None, 0.78, 0.79], "tpe")
    assert other_seeds.ahead_of(part)
    text = verdict([part, other_seeds], other_seeds, None, TABLE)
    assert "tpe, chosen since its mean over all of its own seeds is the better one, differs from" in text
    assert text.endswith(
        "2 seeds, too few to show anything (3 or more may); it failed on 1 seed that the other finished; "
        "the other failed on 1 seed that it finished."
    )


def test_where_less_is_better_a_lead_is_a_lower_mean():
    base, low = finalist(2, [5.80, 5.83, 5.86], "uniform"), finalist(4, [5.70, 5.72, 5.74], "tpe")
    known = [replace(one, direction="minimize") for one in (base, low)]
    perplexity = Judged("perplexity", {}, None, "perplexity", "minimize")
    assert verdict(known, known[1], None, perplexity).startswith("Yes: tpe beats uniform by -0.1100")


def test_nothing_learned_comes_before_everything_else():
    chance = Chance(math.log(2), (0.5, 0.5), 100)
    flat = [finalist(rank, [0.5, 0.5, 0.5], name) for rank, name in ((2, "uniform"), (4, "tpe"))]
    text = verdict(flat, flat[0], ([0.5] * 3, [0.5] * 3), Judged("accuracy", {}, chance, "accuracy"))
    assert text == (
        "Nothing was learned, so no allocation can be told from another: every run has the accuracy of "
        "always "
        "giving one answer (0.5000 at best)."
    )


def test_failed_others_leave_uniform():
    broken = Finalist(AHEAD.proposal, finalist(4, [None, None, None], "tpe").runs)
    assert verdict([UNIFORM, broken], UNIFORM, ([0.7] * 3, [0.7] * 3), JUDGED) == (
        "Not shown that any allocation beats uniform: none other finished on 320 validation rows."
    )


def test_uniform_alone_has_nothing_beside_it_that_failed():
    assert verdict([UNIFORM], UNIFORM, ([0.7] * 3, [0.7] * 3), JUDGED) == (
        "Not shown that any allocation beats uniform: no other was trained."
    )


def test_a_baseline_that_no_other_trial_came_as_far_as_is_not_beaten():
    chosen = Configuration(UNIFORM.proposal.allocation, 3e-3, "alpha/r")
    alone = Finalist(replace(UNIFORM.proposal, configuration=chosen), UNIFORM.runs)
    assert verdict([alone], alone, ([0.7] * 3, [0.7] * 3), JUDGED) == (
        f"Not shown that any allocation beats {alone.proposal.name}: no other trial was trained to the end."
    )
