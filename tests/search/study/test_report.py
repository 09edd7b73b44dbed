"""A report is made of any table that a study may have written, down to a handful of allocations."""

from __future__ import annotations

import json
from dataclasses import replace
from html import unescape

import pytest

from search.study.report import study_report, write_report
from tests.search.study.small_tables import ALONE, LARGE, SLOW, few


def test_five_allocations_are_enough_for_a_report(make_entry, make_table, tmp_path):
    made = write_report(make_table(*few(make_entry, SLOW)), tmp_path)
    assert made.text(tmp_path).startswith(made.verdict)
    assert json.loads((tmp_path / "report.json").read_text()) == json.loads(json.dumps(made.to_json()))
    found = json.loads((tmp_path / "report.json").read_text())["reports"][0]
    assert found["allocations"] == 5
    cards = {card["proxy"]: card for card in found["cards"]}
    assert [at["k"] for at in cards["twin"]["at_k"]] == [1, 3, 5]
    assert cards["params"]["over_params"] is None
    assert cards["twin"]["over_spread"]["value"] == pytest.approx(2 * cards["twin"]["spearman"]["value"])
    assert [contest["p_holm"] is not None for contest in found["contests"]] == [True] * 4


def test_a_report_says_whose_f1_it_is_and_what_may_mislead(make_entry, make_table, tmp_path):
    table = make_table(*few(make_entry, SLOW), *few(make_entry, LARGE, 2))
    notes = {
        "facts": [["metric", "f1 of 'fraud'"]],
        "positive_label": "fraud",
        "remarks": ["of 'fraud' only"],
    }
    own = {**table.notes, **{name: json.dumps(value) for name, value in notes.items()}}
    made = write_report(replace(table, metric="f1", notes=own), tmp_path)
    content, text = made.to_json(), made.text(tmp_path)
    assert (content["positive_label"], content["notes"]) == ("fraud", ["of 'fraud' only"])
    assert {one["metric"] for one in content["reports"]} == {"f1 of 'fraud'"}
    assert "note: of 'fraud' only" in text.splitlines()
    assert "truth: validation f1 of 'fraud'," in text
    page = unescape((tmp_path / "report.html").read_text())
    assert (
        page.count("truth: validation f1 of 'fraud'") == 2 * 3
    )  # of what is pooled and of each budget, in the contents and at its section
    assert "of 'fraud' only" in page


def test_plots_of_an_earlier_report_are_gone(make_entry, make_table, tmp_path):
    (tmp_path / "plots").mkdir()
    for name in ("9-metric-forest.png", "notes.txt"):
        (tmp_path / "plots" / name).write_text("old")
    write_report(make_table(*few(make_entry, SLOW)), tmp_path)
    names = {path.name for path in (tmp_path / "plots").iterdir()}
    assert "9-metric-forest.png" not in names
    assert names >= {"notes.txt", "1-metric-forest.png"}


def test_an_epoch_costs_what_runs_of_a_whole_budget_take(make_entry, make_table):
    alone = [make_entry(ALONE, [4 * (i == j) for j in range(4)], f"{i} only", seconds=0.1) for i in range(4)]
    made = study_report(make_table(*few(make_entry, SLOW), *alone))
    assert made.costs[0].share_of_epoch == pytest.approx(3.0 / (8.0 / 2))


def test_without_a_budget_no_epoch_is_known(make_entry, make_table):
    alone = [make_entry(ALONE, [4 * (i == j) for j in range(4)], f"{i} only") for i in range(4)]
    assert study_report(make_table(*alone)).costs[0].share_of_epoch is None


def test_a_report_knows_of_which_kind_its_stratum_is(make_entry, make_table):
    alone = [make_entry(ALONE, [4 * (i == j) for j in range(4)], f"{i} only") for i in range(4)]
    table = make_table(*few(make_entry, SLOW), *few(make_entry, LARGE, 2), *alone)
    kinds = [one.kind for one in study_report(table).reports]
    assert kinds == [None, "budget", "budget", "only"] * 2
