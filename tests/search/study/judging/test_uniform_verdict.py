"""Whether anything beats uniform, in one sentence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from search.statistics.interval import Interval
from search.statistics.paired import PairedDifference
from search.study.judging.stratum_report import Contest
from search.study.judging.uniform_verdict import uniform_verdict, uniform_verdict_on_all
from search.study.origin import Origin
from tests.search.study.made_contest import made_contest

NOT_SHOWN = "Not shown that any of 2 other allocations beats the uniform one"


def contest(mean: float, p_holm: float | None = 0.6, *, origin: str = "top-heavy", seeds: int = 3) -> Contest:
    return made_contest((origin,), 0.7, Interval(mean, mean - 0.02, mean + 0.02), p_holm, seeds=seeds)


def test_winners_are_counted_and_the_largest_is_named(make_report):
    report = make_report(contests=20, metric="accuracy")
    assert uniform_verdict(report) == (
        "Yes: 2 of 20 other allocations beat the uniform one of the same budget, most of all proxy0/greedy, "
        "by +0.0500 [+0.0300, +0.0700] in accuracy, Holm-corrected p = 0.01."
    )
    alone = replace(report, contests=report.contests[:1])
    assert uniform_verdict(alone).startswith(
        "Yes: the only other allocation beats the uniform one of the same budget: proxy0/greedy, by +0.05"
    )


def test_the_best_of_those_that_won_is_named_though_another_has_the_larger_difference(make_report):
    lucky, won = contest(0.05, 0.3), contest(0.02, 0.001, origin="snip/greedy")
    report = replace(make_report(metric="accuracy"), contests=(lucky, won))
    assert uniform_verdict(report) == (
        "Yes: 1 of 2 other allocations beats the uniform one of the same budget: snip/greedy, by +0.0200 "
        "[+0.0000, +0.0400] in accuracy, Holm-corrected p = 0.001."
    )


def test_two_seeds_show_nothing_and_that_is_said(make_report):
    report = replace(make_report(metric="accuracy"), contests=(contest(0.05, 0.001, seeds=2), contest(-0.1)))
    assert uniform_verdict(report) == (
        "Not shown that any of 2 other allocations beats the uniform one; best: top-heavy, by -0.1000 "
        "[-0.1200, -0.0800] in accuracy, Holm-corrected p = 0.6."
    )
    alone = uniform_verdict(replace(report, contests=report.contests[:1]))
    assert alone.startswith("Not shown that the only other allocation beats the uniform one; best: ")
    assert alone.endswith("Holm-corrected p = 0.001, 2 seeds, too few to show anything (3 or more may).")


def test_allocations_that_lack_a_site_are_not_of_the_budget_of_uniform(make_report):
    budget = replace(make_report(stratum="1M"), contests=(contest(0.0),))
    without = replace(make_report(contests=20), kind="without")
    assert uniform_verdict(without).startswith(
        "Yes: 2 of 20 other allocations beat the uniform one, most of all proxy0/greedy, by "
    )
    assert uniform_verdict_on_all([budget, without]) == uniform_verdict(budget)
    assert uniform_verdict_on_all([without]).startswith("No allocation was compared")


def test_luck_is_no_win(make_report):
    report = replace(make_report(metric="accuracy"), contests=(contest(0.01), contest(-0.1)))
    assert uniform_verdict(report) == (
        "Not shown that any of 2 other allocations beats the uniform one; best: top-heavy, by +0.0100 "
        "[-0.0100, +0.0300] in accuracy, Holm-corrected p = 0.6."
    )
    alone = made_contest(("random",), 0.7, Interval(0.1, None, None), None, seeds=1)
    assert uniform_verdict(replace(report, contests=(alone,))).endswith(
        "best: random, by +0.1000 in accuracy, 1 seed, too few to show anything (3 or more may)."
    )


@pytest.mark.parametrize(
    ("p_holms", "seeds", "said"),
    [
        (
            (0.01, 0.001),
            3,
            "No: the uniform allocation beats all 2 other allocations; nearest: top-heavy",
        ),
        ((0.6, 0.001), 3, f"{NOT_SHOWN}; none is ahead of it on the mean; nearest: top-heavy, by -0.0300"),
        ((0.01, 0.001), 2, f"{NOT_SHOWN}; none is ahead of it on the mean; nearest: top-heavy, by -0.0300"),
    ],
)
def test_that_uniform_beats_all_others_is_shown_as_anything_else_is(make_report, p_holms, seeds, said):
    contests = [contest(mean, p, seeds=seeds) for mean, p in zip((-0.03, -0.1), p_holms, strict=True)]
    assert uniform_verdict(replace(make_report(), contests=tuple(contests))).startswith(said)


def test_one_other_is_not_called_all_of_them(make_report):
    lost, open_still = (
        uniform_verdict(replace(make_report(), contests=(contest(mean, 0.01 if mean < 0 else 0.6),)))
        for mean in (-0.03, 0.01)
    )
    assert lost.startswith("No: the uniform allocation beats the only other allocation; nearest: ")
    assert open_still.startswith("Not shown that the only other allocation beats the uniform one; best: ")


def test_one_of_many_strata_may_win_by_luck(make_report):
    barely = Contest(
        (Origin.read("snip/greedy"),), 0.8, PairedDifference.of([0.72, 0.738, 0.750], [0.70, 0.72, 0.74])
    )
    assert barely.won
    won, lost = (replace(make_report(), contests=(one,)) for one in (barely, contest(0.0)))
    assert uniform_verdict_on_all([won, lost]).endswith("in any of 2 strata, corrected for all of them.")


def test_over_strata_those_with_a_winner_are_named(make_report):
    won, lost = make_report(contests=3, stratum="1M"), replace(make_report(), contests=(contest(0.0),))
    pooled, by_loss = make_report(), make_report(contests=3, truth="loss")
    assert uniform_verdict_on_all([pooled, won, lost, by_loss]) == (
        "Yes, in 1 of 2 strata allocations beat the uniform one, corrected for all of them: 1M."
    )
    assert uniform_verdict_on_all([lost, lost]).endswith("in any of 2 strata, corrected for all of them.")
    assert uniform_verdict_on_all([pooled, won]) == uniform_verdict(won)
    assert uniform_verdict_on_all([pooled]) == "No allocation was compared with the uniform one here."
