"""A report is made of any table that a study may have written, down to a handful of allocations."""

from __future__ import annotations

import json
from dataclasses import replace
from html import unescape

import numpy as np
import pytest

from evaluators.store.benchmark_table import BenchmarkTable, Entry, Stratum
from evaluators.training.candidate import Candidate, Evaluation
from search.study import report
from search.study.report import write_report

NOTES = {
    "facts": [["model", "tiny"]],
    "epochs": 2,
    "costs": [{"proxy": "spread", "seconds": 3.0, "peak_memory": 0}],
    "left_out": [],
    "site_scores": {},
}
SLOW, FAST = (Stratum("budget", 64, "alpha/r", rate) for rate in (1e-3, 3e-3))
LARGE = Stratum("budget", 128, "alpha/r", 1e-3)
ALONE = Stratum("only", 64, "alpha/r", 1e-3)


@pytest.fixture
def space(make_space):
    return make_space([(4, 4)] * 4, (0, 1, 2, 4))


@pytest.fixture
def make_entry(space):
    """Builds an entry of ``ranks`` at every site, drawn by ``origins``, two seeds; its metrics by chance."""
    rng = np.random.default_rng(0)

    def build(stratum, ranks, *origins, seconds=8.0):
        allocation = space.allocation(ranks)
        runs = tuple(
            Evaluation(
                Candidate(allocation, seed, stratum.learning_rate), rng.normal(), 0.5, None, (), seconds, 0
            )
            for seed in (0, 1)
        )
        spread = float(np.sqrt(ranks).sum())
        cost = space.params(allocation)
        return Entry(stratum, allocation, origins, cost, (("spread", spread), ("twin", -spread)), runs)

    return build


@pytest.fixture
def make_table(space):
    def build(*entries):
        return BenchmarkTable(
            space, "accuracy", entries, {name: json.dumps(value) for name, value in NOTES.items()}
        )

    return build


def few(make_entry, stratum, share=1):
    """Five allocations of one cost."""
    ranks = [(2, 2, 2, 2), (4, 4, 0, 0), (0, 0, 4, 4), (4, 2, 1, 1), (1, 1, 2, 4)]
    origins = ["uniform", "bottom half", "top half", "random", "random"]
    return [
        make_entry(stratum, [share * rank for rank in one], origin)
        for one, origin in zip(ranks, origins, strict=True)
    ]


def test_five_allocations_are_enough_for_a_report(make_entry, make_table, tmp_path):
    content, text = write_report(make_table(*few(make_entry, SLOW)), tmp_path)
    assert text.startswith(content["verdict"])
    found = json.loads((tmp_path / "report.json").read_text())["reports"][0]
    assert found["allocations"] == 5
    cards = {card["proxy"]: card for card in found["cards"]}
    assert [at["k"] for at in cards["twin"]["at_k"]] == [1, 3, 5]
    assert cards["params"]["over_params"] is None
    assert cards["twin"]["over_spread"]["value"] == pytest.approx(2 * cards["twin"]["spearman"]["value"])
    assert [contest["p_holm"] is not None for contest in found["contests"]] == [True] * 4


def test_a_report_says_whose_f1_it_is_and_what_may_mislead(make_entry, make_table, tmp_path, monkeypatch):
    table, labels = make_table(*few(make_entry, SLOW), *few(make_entry, LARGE, 2)), []
    draw = report.draw_scatters
    monkeypatch.setattr(
        report,
        "draw_scatters",
        lambda *given, **named: (labels.append(named["truth_label"]), draw(*given, **named)),
    )
    notes = {
        "facts": [["metric", "f1 of 'fraud'"]],
        "positive_label": "fraud",
        "remarks": ["of 'fraud' only"],
    }
    own = {**table.notes, **{name: json.dumps(value) for name, value in notes.items()}}
    content, text = write_report(replace(table, metric="f1", notes=own), tmp_path)
    assert (content["positive_label"], content["notes"]) == ("fraud", ["of 'fraud' only"])
    assert {one["metric"] for one in content["reports"]} == {"f1 of 'fraud'"}
    assert "note: of 'fraud' only" in text.splitlines()
    assert "truth: f1 of 'fraud'," in text
    assert labels == ["validation f1 of 'fraud'"] * 2 + ["minus validation loss"] * 2
    page = unescape((tmp_path / "report.html").read_text())
    assert page.count("truth: f1 of 'fraud'") == 3  # pooled, and each budget
    assert "of 'fraud' only" in page


def test_plots_of_an_earlier_report_are_gone(make_entry, make_table, tmp_path):
    (tmp_path / "plots").mkdir()
    for name in ("9-metric-forest.png", "notes.txt"):
        (tmp_path / "plots" / name).write_text("old")
    write_report(make_table(*few(make_entry, SLOW)), tmp_path)
    names = {path.name for path in (tmp_path / "plots").iterdir()}
    assert "9-metric-forest.png" not in names
    assert names >= {"notes.txt", "1-metric-forest.png"}


def test_an_epoch_costs_what_runs_of_a_whole_budget_take(make_entry, make_table, tmp_path):
    alone = [make_entry(ALONE, [4 * (i == j) for j in range(4)], f"{i} only", seconds=0.1) for i in range(4)]
    content, _ = write_report(make_table(*few(make_entry, SLOW), *alone), tmp_path)
    assert content["costs"][0]["share_of_epoch"] == pytest.approx(3.0 / (8.0 / 2))


def test_without_a_budget_no_epoch_is_known(make_entry, make_table, tmp_path):
    alone = [make_entry(ALONE, [4 * (i == j) for j in range(4)], f"{i} only") for i in range(4)]
    content, _ = write_report(make_table(*alone), tmp_path)
    assert content["costs"][0]["share_of_epoch"] is None


def pooled_names(monkeypatch, table, folder):
    """What ``write_report`` calls the allocations of each stratum that it pools."""
    seen = []

    def listening(stratum, truth, truths, scores, params, names, *, rng):
        seen.append(names)
        raise InterruptedError  # the rest takes long and is of no interest

    monkeypatch.setattr(report, "pooled", listening)
    with pytest.raises(InterruptedError):
        write_report(table, folder)
    return seen[0]


def test_an_allocation_at_two_learning_rates_has_one_name(make_entry, make_table, tmp_path, monkeypatch):
    other = make_entry(FAST, (4, 1, 1, 2), "twin/exact")
    table = make_table(*few(make_entry, SLOW), *few(make_entry, FAST), other)
    slow, fast = pooled_names(monkeypatch, table, tmp_path)
    assert fast[:5] == slow
    assert len(set(fast)) == 6


def test_one_pattern_at_two_budgets_has_one_name_and_a_pick_has_its_own(
    make_entry, make_table, tmp_path, monkeypatch
):
    picks = [make_entry(SLOW, (4, 1, 1, 2), "twin/exact"), make_entry(LARGE, (8, 2, 2, 4), "twin/exact")]
    table = make_table(*few(make_entry, SLOW), picks[0], *few(make_entry, LARGE, 2), picks[1])
    small, large = pooled_names(monkeypatch, table, tmp_path)
    assert large[:5] == small[:5] == ["uniform", "bottom half", "top half", 0, 1]
    assert large[5] != small[5]
