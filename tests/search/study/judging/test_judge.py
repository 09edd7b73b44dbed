"""The report on a stratum, and on several pooled, end to end."""

import json
import math
from dataclasses import asdict

import numpy as np
import pytest

from search.study.judging.judge import judge, pooled
from tests.search.study.drawn_by import drawn_by


def study(seed=0, allocations=24, seeds=3):
    """Truth, scores of a good proxy, a useless one and a constant one, params and origins."""
    rng = np.random.default_rng(seed)
    signal = rng.normal(size=allocations)
    truth = 0.75 + 0.02 * (signal[:, None] + 0.4 * rng.normal(size=(allocations, seeds)))
    params = rng.integers(9_900, 10_100, size=allocations).astype(float)
    scores = {"good": signal, "useless": rng.normal(size=allocations), "constant": np.ones(allocations)}
    return truth, scores, params, [drawn_by("uniform")] + [drawn_by("random")] * (allocations - 1)


def judged(truth, scores, params, origins, **kwargs):
    rng = np.random.default_rng(0)
    return judge("2.3M", "metric", truth, scores, params, origins, resamples=100, rng=rng, **kwargs)


def pooled_report(studies):
    truths, scores, params, _ = zip(*studies, strict=True)
    names = [[(number, row) for row in range(len(truth))] for number, truth in enumerate(truths)]
    return pooled(
        "all", "metric", truths, scores, params, names, ks=(1, 3), resamples=100, rng=np.random.default_rng(0)
    )


def test_a_report_says_what_it_stands_on():
    truth, scores, params, origins = study()
    truth[[3, 7], 1] = math.nan
    report = judged(truth, scores, params, origins)
    assert (report.stratum, report.truth) == ("2.3M", "metric")
    assert (report.allocations, report.seeds, report.failed) == (22, 3, 2)
    assert report.ceiling == pytest.approx(math.sqrt(report.reliability))
    assert [card.proxy for card in report.cards] == ["good", "useless", "constant"]
    assert len(report.contests) == 23  # those that failed still have two seeds in common with uniform


def test_a_failed_run_changes_the_cards_as_leaving_its_allocation_out_does():
    truth, scores, params, origins = study()
    truth[5, 0] = math.nan
    left = np.arange(24) != 5
    without = judged(truth[left], {k: v[left] for k, v in scores.items()}, params[left], origins[:23])
    assert judged(truth, scores, params, origins).cards == without.cards


@pytest.mark.parametrize("allocations", [0, 1, 2, 3, 24])
@pytest.mark.parametrize("seeds", [1, 3])
def test_no_report_holds_a_nan(allocations, seeds):
    report = judged(*study(allocations=allocations, seeds=seeds)[:3], [("random",)] * allocations)
    json.dumps(asdict(report), allow_nan=False)
    assert len(report.cards) == 3


def test_a_study_of_which_every_run_failed_has_an_empty_report():
    truth, scores, params, origins = study()
    report = judged(np.full_like(truth, math.nan), scores, params, origins)
    assert (report.allocations, report.failed, report.ceiling, report.contests) == (0, 24, None, ())
    assert all(card.at_k == () and card.spearman.value is None for card in report.cards)


def test_regret_is_in_the_truths_units():
    truth, _, params, origins = study()
    backwards = {"backwards": -truth.mean(axis=1)}
    regret = judged(truth, backwards, params, origins, ks=(1,)).cards[0].at_k[0].regret
    assert regret.value == pytest.approx(np.ptp(truth.mean(axis=1)))


def test_skill_between_strata_does_not_count_when_pooled():
    """Larger budgets are better here and the proxy knows the budget, but nothing within one."""
    studies = []
    for budget in range(6):
        truth, _, params, origins = study(budget)
        knows_budget = budget + 0.01 * np.random.default_rng(budget + 50).normal(size=24)
        studies.append((truth + budget, {"knows_budget": knows_budget}, params + 1e6 * budget, origins))
    together = [
        np.concatenate(parts) for parts in zip(*[(s[0], s[1]["knows_budget"]) for s in studies], strict=True)
    ]
    naive = judged(together[0], {"knows_budget": together[1]}, np.ones(144), [("random",)] * 144).cards[0]
    card = pooled_report(studies).cards[0]
    assert naive.spearman.value > 0.9
    assert card.spearman.low < 0 < card.spearman.high
    assert not card.significant


def test_pooling_finds_what_each_stratum_is_too_small_to_show():
    studies = [study(seed, allocations=8) for seed in range(6)]
    for truth, scores, *_ in studies:
        scores["weak"] = truth.mean(axis=1) + 0.025 * np.random.default_rng(len(scores)).normal(size=8)
        del scores["good"]
    report = pooled_report(studies)
    assert (report.stratum, report.allocations, report.contests) == ("all", 48, ())
    assert report.cards[0].proxy == "weak"
    assert report.cards[0].significant


def retrained(seed):
    """32 allocations trained with four learning rates, which agree, and a proxy that knows nothing."""
    rng = np.random.default_rng(seed)
    signal, proxy = rng.normal(size=(2, 32))
    truths = [signal[:, None] + 0.5 * rng.normal(size=(32, 3)) for _ in range(4)]
    return truths, [{"random": proxy}] * 4, [np.ones(32)] * 4


def found_in_retrained(names, studies):
    """Share of such studies in which the proxy is found to rank better, or worse, than chance."""
    rng = np.random.default_rng(1)
    reports = [
        pooled("all", "metric", *retrained(seed), names, ks=(), resamples=2, rng=rng)
        for seed in range(studies)
    ]
    return np.mean([report.cards[0].p_holm < 0.05 for report in reports])


def test_an_allocation_trained_again_is_not_another_allocation():
    apart = [range(32 * i, 32 * i + 32) for i in range(4)]
    assert found_in_retrained([range(32)] * 4, 40) <= 0.15
    assert found_in_retrained(apart, 20) > 0.25


def test_the_interval_of_allocations_trained_again_is_that_of_as_many_draws():
    truths, scores, params = retrained(0)
    rng = np.random.default_rng(0)
    once = pooled("all", "metric", truths[:1], scores[:1], params[:1], [range(32)], resamples=400, rng=rng)
    again = pooled("all", "metric", truths, scores, params, [range(32)] * 4, resamples=400, rng=rng)
    apart = [range(32 * i, 32 * i + 32) for i in range(4)]
    wrong = pooled("all", "metric", truths, scores, params, apart, resamples=400, rng=rng)
    widths = [r.cards[0].spearman.high - r.cards[0].spearman.low for r in (once, again, wrong)]
    assert widths[1] > 0.75 * widths[0]
    assert widths[2] < 0.65 * widths[0]


def test_pooled_regret_is_in_units_of_rank():
    truth = np.repeat(np.arange(5.0)[:, None] * 1000, 2, axis=1)
    one = (truth, {"backwards": -truth[:, 0]}, np.ones(5), [])
    assert pooled_report([one, one]).cards[0].at_k[0].regret.value == pytest.approx(1)


def test_the_table_of_origins_must_fit():
    truth, scores, params, origins = study()
    with pytest.raises(ValueError, match="23 origins for 24 allocations"):
        judged(truth, scores, params, origins[1:])


def test_strata_must_come_with_scores_and_params():
    truth, scores, params, _ = study()
    with pytest.raises(ValueError, match="one of each per stratum"):
        pooled("all", "metric", [truth], [scores], [params] * 2, [range(24)], rng=np.random.default_rng(0))
