"""The tables of a study as files."""

from __future__ import annotations

import csv

from search.study.display.cost_table import Cost
from search.study.display.table_files import clear_tables, write_costs, write_tables


def test_every_table_and_every_contest_is_there_unrounded(make_card, make_report, tmp_path):
    write_tables(make_report(make_card("solo", 0.7), contests=20), tmp_path / "1-metric")
    write_costs([Cost("solo", 1.25, None, None)], tmp_path)
    names = ["1-metric-at-k", "1-metric-cards", "1-metric-contests", "1-metric-correlations"]
    expected = [
        f"{name}.{ending}" for name in (*names, "1-metric-picks", "costs") for ending in ("csv", "md")
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(expected)
    with (tmp_path / "1-metric-contests.csv").open() as lines:
        contests = list(csv.DictReader(lines))
    assert len(contests) == 20
    assert float(contests[1]["truth"]) == 0.9 - 0.01 * 1
    with (tmp_path / "1-metric-cards.csv").open() as lines:
        (card,) = csv.DictReader(lines)
    assert (card["p_holm"], card["beats_params_by_low"]) == ("0.0004", "")
    assert (tmp_path / "costs.csv").read_text().splitlines()[1] == "solo,1.25,,"


def test_only_what_a_report_has_written_is_cleared(make_card, make_report, tmp_path):
    write_tables(make_report(make_card("solo", 0.7)), tmp_path / "9-loss")
    write_costs([], tmp_path)
    (tmp_path / "mine.csv").touch()
    clear_tables(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.csv"]
