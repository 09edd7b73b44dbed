"""What the page shows of each report card."""

from dataclasses import replace

import pytest

from search.statistics.interval import Interval
from search.study.display.card_tables import at_k_table, card_table, ceiling_line, correlation_table
from search.study.judging.report_card import Estimate
from tests.search.study.made_contest import made_contest


def test_a_card_is_one_row_with_the_k_nearest_to_5(make_card, make_report):
    card = make_card(
        "solo",
        0.7,
        partial=Estimate(0.61, 0.4, 0.7),
        over_params=Estimate(0.3, 0.1, 0.5),
        over_spread=Estimate(0.05, -0.1, 0.2),
    )
    table = card_table(make_report(card))
    assert dict(zip(table.head, table.rows[0].texts, strict=True)) == {
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
    assert "+0.10 [+0.00, +0.20]" in table.rows[0].texts


def test_only_significant_cards_are_marked(make_card, make_report):
    table = card_table(make_report(make_card("solo", 0.7), make_card("snip", 0.2)))
    assert [row.strong for row in table.rows] == [True, False]


def test_an_undefined_card_has_no_p_and_nothing_to_compare(make_card, make_report):
    cells = card_table(make_report(make_card("params", None, at_k=()), make_card("solo", 0.7))).rows[0].texts
    assert cells == ("params", *["undefined"] * 3, *["equal cost"] * 2, *"------")


def test_at_equal_cost_no_card_is_said_to_beat_params(make_card, make_report):
    report = make_report(make_card("solo", 0.7, over_params=None, partial=None))
    cells = dict(zip(card_table(report).head, card_table(report).rows[0].texts, strict=True))
    assert cells["beats params by [95\u00a0%]"] == cells["partial ρ given params"] == "equal cost"
    assert correlation_table(report).rows[0].texts[3] == "equal cost"


def test_without_cards_the_tables_are_heads_alone(make_report):
    for table in (card_table(make_report()), correlation_table(make_report()), at_k_table(make_report())):
        assert table.head[0] == "proxy"
        assert table.rows == ()


def test_the_other_tables_have_every_interval_and_every_k(make_card, make_report):
    report = make_report(make_card("solo", 0.7), make_card("snip", 0.2))
    snip = replace(report.cards[1], partial=Estimate(0.1, -0.1, 0.3))
    assert correlation_table(make_report(snip)).rows[0].texts == (
        "snip",
        "+0.14 [+0.04, +0.24]",
        "+0.18 [+0.08, +0.28]",
        "+0.10 [-0.10, +0.30]",
        "25 % [15 %, 35 %]",
    )
    rows = at_k_table(report).rows
    assert [row.texts[:2] for row in rows] == [
        (name, k) for name in ("solo", "snip") for k in ("1", "5", "10")
    ]
    assert rows[1].texts[2:] == ("0.40 [0.10, 0.70]", "0.0024 [0.0000, 0.0060]", "2.5 [1.0, 6.0]")
    assert [row.gap for row in rows] == [False, False, False, True, False, False]


def test_the_ceiling_is_explained(make_report):
    line = ceiling_line(make_report(failed=2))
    assert line.startswith(
        "16 allocations, 3 seeds (2 more left out since a run failed). Noise ceiling: 0.80,"
    )
    assert "0.64" in line


@pytest.mark.parametrize(
    ("stands_on", "why"),
    [
        ({}, "a truth is the same for all"),
        ({"seeds": 1}, "it takes two seeds to see the noise"),
        ({"allocations": 2}, "it takes three allocations that finished on every seed"),
    ],
)
def test_a_ceiling_that_is_not_known_has_its_reason(make_report, stands_on, why):
    line = ceiling_line(make_report(ceiling=None, reliability=None, **stands_on))
    assert line.endswith(f"Noise ceiling: undefined, since {why}.")


@pytest.mark.parametrize(
    ("truths", "said"),
    [
        (
            [0.5] * 7 + [0.6, 0.7],
            " 7 of the 9 other than uniform have the same accuracy: what is said of ranks ",
        ),
        ([0.5] * 3 + [0.6, 0.7, 0.8], ""),  # half of them can be told apart
        ([0.5] * 2 + [0.6], ""),
        ([], ""),
    ],
)
def test_who_cannot_be_told_apart_is_counted(make_report, truths, said):
    contests = tuple(made_contest(("snip/greedy",), truth, Interval(0, -1, 1), 1.0) for truth in truths)
    line = ceiling_line(replace(make_report(metric="accuracy"), contests=contests))
    assert ("have the same" in line) == bool(said)
    assert said in line
