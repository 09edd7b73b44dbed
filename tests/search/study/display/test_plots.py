"""What of a report its plots show, and which files they are."""

import re
from dataclasses import replace

import pytest

from search.study.display.plots import (
    LOOKS,
    clear_plots,
    draw_correlations,
    draw_proxy_maps,
    draw_stratum,
    favourite_curves,
    forest_lines,
    truth_label,
)
from search.study.judging.report_card import Estimate, TopK
from search.study.origin import GROUPS
from search.study.report import study_report
from tests.search.study.small_tables import SLOW, few

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def report(make_card, make_report):
    """Seven proxies in no order, one undefined, and the undefined parameter count."""
    cards = [make_card(f"p{i}", rho) for i, rho in enumerate((0.1, 0.5, 0.3, 0.7, 0.2, 0.6, None))]
    return make_report(*cards, make_card("params", None))


def test_the_five_best_have_a_curve_and_the_parameter_count_is_the_baseline(report):
    curves, baseline = favourite_curves(report)
    assert [curve.name for curve in curves] == ["p3", "p5", "p1", "p2", "p4"]
    assert baseline.name == "params"
    assert favourite_curves(type(report)("2M", "loss", 0, 0, 0, None, None, (), ())) == ([], None)


def test_undefined_regret_leaves_a_gap(make_card, make_report):
    unknown = Estimate(None, None, None)
    known = TopK(5, unknown, Estimate(0.2, None, None), unknown)
    card = make_card("solo", 0.7, at_k=(TopK(1, unknown, unknown, unknown), known))
    ((curve,), _) = favourite_curves(make_report(card))
    assert [(point.k, point.value) for point in curve.points] == [(5, 0.2)]


def test_the_forest_has_every_card_and_what_is_significant(report):
    lines = {line.name: line for line in forest_lines(report)}
    assert len(lines) == 8
    assert lines["p3"].significant
    assert lines["params"].value is None


def test_the_axis_says_whose_f1_it_is_and_which_rows(make_report):
    assert truth_label(make_report(metric="f1 of 'fraud'")) == (
        "validation f1 of 'fraud', mean ± sd over 3 seeds"
    )
    minimised = make_report(metric="minus perplexity")
    assert truth_label(minimised) == "minus validation perplexity, mean ± sd over 3 seeds"
    assert truth_label(make_report(truth="loss")) == "minus validation loss, mean ± sd over 3 seeds"
    of_test = replace(make_report(truth="loss"), rows="test")
    assert truth_label(of_test) == "minus test loss, mean ± sd over 3 seeds"


def test_a_stratum_has_three_pictures_and_what_is_pooled_two(make_entry, make_table, tmp_path):
    table = make_table(*few(make_entry, SLOW))
    report = study_report(table).reports[0]
    images = draw_stratum(table, table.entries, report, tmp_path / "1-metric")
    names = [image.path.name for image in images]
    assert names == ["1-metric-forest.png", "1-metric-regret.png", "1-metric-scatter.png"]
    assert all(path.read_bytes().startswith(PNG) for path in (image.path for image in images))
    pooled = draw_correlations(report, tmp_path / "pooled-loss", chance={})
    assert [image.path.name for image in pooled] == ["pooled-loss-forest.png", "pooled-loss-regret.png"]
    assert draw_proxy_maps({}, tmp_path) == []
    assert images[0].finding == pooled[0].finding


def with_metrics(entry, *metrics):
    ended = [
        replace(run, metric=metric)
        if metric is not None
        else replace(run, metric=None, loss=None, failure="the loss became nan")
        for run, metric in zip(entry.runs, metrics, strict=True)
    ]
    return replace(entry, runs=tuple(ended))


@pytest.mark.parametrize(
    ("of_uniform", "allocations", "place"),
    [((0.5, 0.7), 4, ["uniform is number 2 by accuracy."]), ((0.5, None), 3, [])],
)
def test_the_place_of_uniform_is_among_those_that_finished_and_none_that_ties_is_ahead(
    make_entry, make_table, tmp_path, of_uniform, allocations, place
):
    metrics = [of_uniform, (0.7, 0.5), (0.9, 0.8), (0.99, None), (0.1, 0.2)]
    entries = [with_metrics(one, *own) for one, own in zip(few(make_entry, SLOW), metrics, strict=True)]
    table = make_table(*entries)
    finding = draw_stratum(table, entries, study_report(table).reports[0], tmp_path / "1")[2].finding
    assert f"for {allocations} allocations: " in finding
    assert finding.split("; ")[1:] == place


def test_what_is_pooled_loses_ranks_and_a_stratum_the_units_of_its_truth(make_card, make_report, tmp_path):
    lost = {
        kind: draw_correlations(make_report(make_card("solo", 0.7), kind=kind), tmp_path / "1", chance={})[1]
        for kind in (None, "budget")
    }
    assert lost[None].finding.startswith("Lost of rank within a stratum where only a few")
    assert lost["budget"].finding.startswith("Lost of metric where only a few")


def test_only_what_a_report_has_drawn_is_cleared(tmp_path):
    for name in ("9-metric-forest.png", "sites-alpha-r.png", "notes.txt", "mine.png"):
        (tmp_path / name).write_text("old")
    clear_plots(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.png", "notes.txt"]


def test_groups_differ_in_both_colour_and_marker():
    assert tuple(LOOKS) == GROUPS
    assert len({look.colour for look in LOOKS.values()}) == len(GROUPS)
    assert len({look.marker for look in LOOKS.values()}) == len(GROUPS)
    assert all(re.fullmatch("#[0-9a-f]{6}", look.colour) for look in LOOKS.values())
