"""What the page shows of each contest."""

from dataclasses import replace

from search.statistics.interval import Interval
from search.study.display.contest_tables import contest_table, pick_table
from tests.search.study.made_contest import made_contest


def test_contests_show_the_ten_best_and_the_three_worst(make_report):
    table = contest_table(make_report(contests=20))
    assert [row.texts[0] for row in table.rows] == [str(place) for place in (*range(1, 11), 18, 19, 20)]
    assert [row.texts[0] for row in table.rows if row.gap] == ["18"]
    assert [row.texts[0] for row in table.rows if row.strong] == ["1", "2"]
    assert table.rows[0].texts == ("1", "proxy0/greedy", "0.9000", "+0.0500 [+0.0300, +0.0700]", "0.010")


def test_an_interval_above_zero_is_no_win_when_it_is_one_of_many(make_report):
    rows = contest_table(make_report(contests=20)).rows
    assert rows[2].texts[3:] == ("+0.0300 [+0.0100, +0.0700]", "0.600")
    assert not rows[2].strong


def test_every_pick_stands_against_uniform_by_name_however_it_did(make_report):
    contests = [
        made_contest(("random",), 0.9, Interval(0.3, 0.1, 0.5), 0.01),
        made_contest(("snip/exact", "top-heavy", "eva/greedy"), 0.8, Interval(0.2, 0.1, 0.3), 0.02),
        *make_report(contests=15).contests,
        made_contest(("eva/exact",), 0.1, Interval(-0.5, -0.6, -0.4), 0.03),
    ]
    table = pick_table(replace(make_report(), contests=tuple(contests)))
    assert [row.texts[0] for row in table.rows][:2] == ["eva/exact", "eva/greedy"]
    assert len(table.rows) == 18
    assert table.rows[0].texts == ("eva/exact", "18", "-0.5000 [-0.6000, -0.4000]", "0.030")
    assert [row.strong for row in table.rows][:2] == [False, True]


def test_few_contests_are_all_shown(make_report):
    rows = contest_table(make_report(contests=13)).rows
    assert [row.texts[0] for row in rows] == [str(place) for place in range(1, 14)]
    assert not any(row.gap for row in rows)


def test_many_origins_are_shortened_and_one_seed_has_no_interval(make_report):
    origins = ("a/greedy", "b/greedy", "c/exact", "d/exact")
    contest = made_contest(origins, -0.5, Interval(0.1, None, None), None, seeds=1)
    row = contest_table(replace(make_report(truth="loss"), contests=(contest,))).rows[0]
    assert row.texts == ("1", "a/greedy, b/greedy, c/exact (+1 more)", "-0.5000", "+0.1000", "-")
    assert not row.strong
