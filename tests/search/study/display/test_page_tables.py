"""The page's tables: what is shown of each card, contest and cost."""

from dataclasses import replace

from search.statistics.interval import Interval
from search.study.display.page_tables import (
    Cost,
    at_k_table,
    card_table,
    ceiling_line,
    contest_table,
    correlation_table,
    cost_table,
    pick_table,
)
from search.study.judging.report_card import Contest, Estimate


def test_a_card_is_one_row_with_the_k_nearest_to_5(make_card, make_report):
    card = make_card(
        "solo",
        0.7,
        partial=Estimate(0.61, 0.4, 0.7),
        over_params=Estimate(0.3, 0.1, 0.5),
        over_spread=Estimate(0.05, -0.1, 0.2),
    )
    table = card_table(make_report(card))
    assert dict(zip(table.head, table.rows[0].cells, strict=True)) == {
        "proxy": "solo",
        "Spearman ρ [95\u00a0%]": "+0.70 [+0.60, +0.80]",
        "Kendall τ": "+0.49",
        "Pearson r": "+0.63",
        "partial ρ given params": "+0.61",
        "beats params by [95\u00a0%]": "yes, +0.30 [+0.10, +0.50]",
        "beats spread by [95\u00a0%]": "+0.05 [-0.10, +0.20]",
        "of ceiling": "87 %",
        "p (Holm)": "<0.001",
        "precision@5": "0.40",
        "regret@5": "0.0024",
        "best rank@5": "2.5",
    }


def test_an_interval_that_reaches_zero_beats_nothing(make_card, make_report):
    table = card_table(make_report(make_card("solo", 0.7, over_params=Estimate(0.1, 0.0, 0.2))))
    assert "+0.10 [+0.00, +0.20]" in table.rows[0].cells


def test_only_significant_cards_are_marked(make_card, make_report):
    table = card_table(make_report(make_card("solo", 0.7), make_card("snip", 0.2)))
    assert [row.strong for row in table.rows] == [True, False]


def test_an_undefined_card_has_no_p_and_nothing_to_compare(make_card, make_report):
    cells = card_table(make_report(make_card("params", None, at_k=()), make_card("solo", 0.7))).rows[0].cells
    assert cells == ("params", *["undefined"] * 3, *["equal cost"] * 2, *"------")


def test_at_equal_cost_no_card_is_said_to_beat_params(make_card, make_report):
    report = make_report(make_card("solo", 0.7, over_params=None, partial=None))
    cells = dict(zip(card_table(report).head, card_table(report).rows[0].cells, strict=True))
    assert cells["beats params by [95\u00a0%]"] == cells["partial ρ given params"] == "equal cost"
    assert correlation_table(report).rows[0].cells[3] == "equal cost"


def test_without_cards_the_tables_are_heads_alone(make_report):
    for table in (card_table(make_report()), correlation_table(make_report()), at_k_table(make_report())):
        assert table.head[0] == "proxy"
        assert table.rows == ()


def test_the_other_tables_have_every_interval_and_every_k(make_card, make_report):
    report = make_report(make_card("solo", 0.7), make_card("snip", 0.2))
    snip = replace(report.cards[1], partial=Estimate(0.1, -0.1, 0.3))
    assert correlation_table(make_report(snip)).rows[0].cells == (
        "snip",
        "+0.14 [+0.04, +0.24]",
        "+0.18 [+0.08, +0.28]",
        "+0.10 [-0.10, +0.30]",
        "25 % [15 %, 35 %]",
    )
    rows = at_k_table(report).rows
    assert [row.cells[:2] for row in rows] == [
        (name, k) for name in ("solo", "snip") for k in ("1", "5", "10")
    ]
    assert rows[1].cells[2:] == ("0.40 [0.10, 0.70]", "0.0024 [0.0000, 0.0060]", "2.5 [1.0, 6.0]")
    assert [row.gap for row in rows] == [False, False, False, True, False, False]


def test_contests_show_the_ten_best_and_the_three_worst(make_report):
    table = contest_table(make_report(contests=20))
    assert [row.cells[0] for row in table.rows] == [str(place) for place in (*range(1, 11), 18, 19, 20)]
    assert [row.cells[0] for row in table.rows if row.gap] == ["18"]
    assert [row.cells[0] for row in table.rows if row.strong] == ["1", "2"]
    assert table.rows[0].cells == ("1", "proxy0/greedy", "0.9000", "+0.0500 [+0.0300, +0.0700]", "0.010")


def test_an_interval_above_zero_is_no_win_when_it_is_one_of_many(make_report):
    rows = contest_table(make_report(contests=20)).rows
    assert rows[2].cells[3:] == ("+0.0300 [+0.0100, +0.0700]", "0.600")
    assert not rows[2].strong


def test_every_pick_stands_against_uniform_by_name_however_it_did(make_report):
    contests = [
        Contest(("random",), 0.9, Interval(0.3, 0.1, 0.5), 0.01),
        Contest(("snip/exact", "top-heavy", "eva/greedy"), 0.8, Interval(0.2, 0.1, 0.3), 0.02),
        *make_report(contests=15).contests,
        Contest(("eva/exact",), 0.1, Interval(-0.5, -0.6, -0.4), 0.03),
    ]
    table = pick_table(replace(make_report(), contests=tuple(contests)))
    assert [row.cells[0] for row in table.rows][:2] == ["eva/exact", "eva/greedy"]
    assert len(table.rows) == 18
    assert table.rows[0].cells == ("eva/exact", "18", "-0.5000 [-0.6000, -0.4000]", "0.030")
    assert [row.strong for row in table.rows][:2] == [False, True]


def test_few_contests_are_all_shown(make_report):
    rows = contest_table(make_report(contests=13)).rows
    assert [row.cells[0] for row in rows] == [str(place) for place in range(1, 14)]
    assert not any(row.gap for row in rows)


def test_many_origins_are_shortened_and_one_seed_has_no_interval(make_report):
    contest = Contest(("a/greedy", "b/greedy", "c/exact", "d/exact"), -0.5, Interval(0.1, None, None), None)
    row = contest_table(replace(make_report(truth="loss"), contests=(contest,))).rows[0]
    assert row.cells == ("1", "a/greedy, b/greedy, c/exact (+1 more)", "-0.5000", "+0.1000", "-")
    assert not row.strong


def test_what_a_cost_does_not_know_is_a_dash():
    rows = cost_table([Cost("snr", 12.3, 0.0456, 312 * 2**20), Cost("params", None, None, None)]).rows
    assert [row.cells for row in rows] == [("snr", "12 s", "4.6 %", "312 MiB"), ("params", "-", "-", "-")]


def test_the_ceiling_is_explained_or_said_to_be_undefined(make_report):
    line = ceiling_line(make_report(failed=2))
    assert line.startswith(
        "16 allocations, 3 seeds (2 more left out since a run failed). Noise ceiling: 0.80,"
    )
    assert "0.64" in line
    assert "Noise ceiling: undefined" in ceiling_line(make_report(ceiling=None, reliability=None))
