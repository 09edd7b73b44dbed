"""The headline, branch by branch."""

from dataclasses import replace

import pytest

from search.study.judging.report_card import Estimate, ReportCard
from search.study.judging.stratum_report import StratumReport
from search.study.judging.verdict import study_verdict

NONE = Estimate(None, None, None)


def card(proxy, rho, low=None, high=None, *, p=0.001, over=None, share=None):
    spearman = Estimate(rho, low, high)
    significant = rho is not None and rho > 0 and p < 0.05
    of_ceiling = None if share is None else Estimate(share, share - 0.1, share + 0.1)
    return ReportCard(proxy, spearman, NONE, NONE, over, None, None, of_ceiling, p, significant, ())


def report(*cards, allocations=64, ceiling=0.9):
    reliability = None if ceiling is None else ceiling**2
    return StratumReport("2.3M", "metric", allocations, 3, 0, reliability, ceiling, cards, ())


LEAD = Estimate(0.40, 0.12, 0.66)
SNR = card("snr", 0.62, 0.44, 0.75, over=LEAD, share=0.714)
PARAMS = card("params", 0.7, 0.5, 0.8, over=Estimate(0, 0, 0), share=0.8)
WEAK = card("snip", 0.18, -0.07, 0.41, p=0.634)


def test_a_proxy_that_beats_chance_and_params_is_to_be_used():
    assert study_verdict(report(SNR, WEAK)) == (
        "Use snr: it ranks the 64 allocations with rho = 0.62 [0.44, 0.75], 71 % of the noise ceiling, "
        "ahead of the parameter count by 0.40 [0.12, 0.66] (not corrected)."
    )


@pytest.mark.parametrize(
    ("lead", "said"),
    [(Estimate(0.05, -0.1, 0.2), "0.05 [-0.10, 0.20]"), (Estimate(-0.08, -0.2, 0.1), "-0.08 [-0.20, 0.10]")],
)
def test_what_is_not_shown_to_beat_params_is_not_recommended(lead, said):
    far = card("eva", 0.65, 0.5, 0.75, over=Estimate(-0.3, -0.4, -0.2))
    snr = card("snr", 0.62, 0.44, 0.75, over=lead, share=0.714)
    assert study_verdict(report(PARAMS, far, snr)) == (
        "No proxy is shown to beat the parameter count on these 64 allocations; nearest: snr, "
        f"with rho = 0.62 [0.44, 0.75], 71 % of the noise ceiling, difference {said}."
    )


def test_of_those_that_beat_chance_one_that_beats_params_is_preferred():
    higher = card("eva", 0.65, 0.5, 0.75, over=Estimate(0.43, -0.1, 0.9))
    assert study_verdict(report(higher, SNR)).startswith("Use snr:")


@pytest.mark.parametrize("control", ["params", "spread", "constant"])
def test_a_control_is_never_recommended(control):
    assert study_verdict(report(card(control, 0.9, 0.8, 0.95), SNR)).startswith("Use snr:")
    assert study_verdict(report(card(control, 0.9, 0.8, 0.95), WEAK)).startswith("Only ")


def test_several_controls_are_named_together():
    assert study_verdict(report(PARAMS, card("spread", 0.6))).startswith(
        "Only the parameter count (params) and how widely the allocation is spread (spread) rank these 64 "
        "allocations better than chance, with rho = 0.70"
    )


SPREAD_BEATEN, SPREAD_AHEAD = Estimate(0.2, 0.05, 0.35), Estimate(0.02, -0.1, 0.14)


@pytest.mark.parametrize(
    ("over_params", "over_spread", "said"),
    [
        (
            None,
            SPREAD_BEATEN,
            ", ahead of how widely the allocation is spread by 0.20 [0.05, 0.35] (not corrected).",
        ),
        (
            None,
            SPREAD_AHEAD,
            ", but is not shown to beat how widely the allocation is spread (difference 0.02 [-0.10, 0.14]).",
        ),
        (
            LEAD,
            SPREAD_BEATEN,
            ", ahead of the parameter count by 0.40 [0.12, 0.66] and of how widely the allocation is spread "
            "by 0.20 [0.05, 0.35] (not corrected).",
        ),
        (
            LEAD,
            SPREAD_AHEAD,
            ", ahead of the parameter count by 0.40 [0.12, 0.66] (not corrected), but is not shown to beat "
            "how widely the allocation is spread (difference 0.02 [-0.10, 0.14]).",
        ),
    ],
)
def test_the_spread_is_a_rival_too(over_params, over_spread, said):
    snr = replace(card("snr", 0.62, 0.44, 0.75, over=over_params), over_spread=over_spread)
    assert (
        study_verdict(report(snr))
        == f"Use snr: it ranks the 64 allocations with rho = 0.62 [0.44, 0.75]{said}"
    )


def test_at_equal_cost_nothing_is_said_of_params():
    snr = card("snr", 0.62, 0.44, 0.75, share=0.714)
    assert study_verdict(report(snr)).endswith("[0.44, 0.75], 71 % of the noise ceiling.")


def test_without_a_ceiling_none_is_mentioned():
    snr = card("snr", 0.62, 0.44, 0.75)
    assert (
        study_verdict(report(snr, ceiling=None))
        == "Use snr: it ranks the 64 allocations with rho = 0.62 [0.44, 0.75]."
    )


def test_more_than_the_ceiling_is_no_percentage():
    assert study_verdict(report(card("snr", 0.9, 0.8, 0.95, share=1.02))).endswith(
        ", as high as the noise ceiling."
    )


def test_without_an_interval_none_is_shown():
    assert study_verdict(report(card("snr", 0.9))) == "Use snr: it ranks the 64 allocations with rho = 0.90."


def test_params_is_named_where_it_alone_beats_chance():
    assert study_verdict(report(PARAMS, WEAK)) == (
        "Only the parameter count (params) ranks these 64 allocations better than chance, with rho = 0.70 "
        "[0.50, 0.80], 80 % of the noise ceiling; no proxy is shown to (best: snip, rho = 0.18 "
        "[-0.07, 0.41], Holm-corrected p = 0.63)."
    )


def test_params_judged_alone_has_no_runner_up():
    assert study_verdict(report(PARAMS)).endswith("80 % of the noise ceiling; no proxy is shown to.")


def test_none_beats_chance():
    weak_params = card("params", 0.3, 0.1, 0.5, p=0.4)
    assert study_verdict(report(weak_params, WEAK)) == (
        "No proxy is shown to rank these 64 allocations better than chance "
        "(best: snip, rho = 0.18 [-0.07, 0.41], Holm-corrected p = 0.63)."
    )
    said = study_verdict(report(weak_params))
    assert said == "No proxy is shown to rank these 64 allocations better than chance."


def test_the_best_of_those_that_order_backwards_is_no_success():
    backwards = card("snip", -0.8, -0.9, -0.6, p=0.0001)
    assert study_verdict(report(backwards)) == (
        "No proxy is shown to rank these 64 allocations better than chance "
        "(best: snip, rho = -0.80 [-0.90, -0.60], Holm-corrected p < 0.001; shown to rank them backwards: "
        "snip)."
    )
    unsure = card("snr", -0.5, -0.9, 0.1, p=0.0001)
    assert study_verdict(report(WEAK, unsure, backwards)).endswith(
        "(best: snip, rho = 0.18 [-0.07, 0.41], Holm-corrected p = 0.63; shown to rank them backwards: snip)."
    )


def test_seeds_that_disagree_are_blamed():
    assert study_verdict(report(WEAK, ceiling=0.0)).endswith(
        "p = 0.63); nor do the seeds agree with each other, so train more of them."
    )


@pytest.mark.parametrize(
    ("nothing", "said"),
    [
        (
            report(card("snip", None), allocations=1),
            "about 1 allocation: a ranking takes at least 3 that finished on every seed.",
        ),
        (report(), "about 64 allocations: no proxy has scored them."),
        (report(card("snip", None)), "their truth, or every proxy's score, is the same for all."),
    ],
)
def test_where_nothing_is_defined_it_says_why(nothing, said):
    assert study_verdict(nothing).endswith(said)
