"""A table as arrays, and which allocations of pooled strata go by one name."""

from __future__ import annotations

import numpy as np

from search.study.judging.columns import params_of, pooled_names, scores_of, truths_of
from tests.search.study.drawn_by import drawn_by
from tests.search.study.small_tables import FAST, LARGE, SLOW, few


def test_truths_are_larger_where_better_and_scores_name_the_parameter_count(make_entry, make_table):
    entries = few(make_entry, SLOW)
    table = make_table(*entries)
    runs = [[run.metric for run in entry.runs] for entry in entries]
    np.testing.assert_array_equal(truths_of(entries, "metric"), runs)
    np.testing.assert_array_equal(truths_of(entries, "loss"), np.full((5, 2), -0.5))
    np.testing.assert_array_equal(truths_of(entries, "metric", "minimize"), -np.array(runs))
    np.testing.assert_array_equal(truths_of(entries, "loss", "minimize"), np.full((5, 2), -0.5))
    scores = scores_of(table, entries)
    assert list(scores) == ["spread", "twin", "params"]
    np.testing.assert_array_equal(scores["twin"], -scores["spread"])
    np.testing.assert_array_equal(scores["params"], params_of(entries))


def test_an_allocation_at_two_learning_rates_has_one_name(make_entry):
    other = make_entry(FAST, (4, 1, 1, 2), "twin/exact")
    slow, fast = pooled_names([few(make_entry, SLOW), [*few(make_entry, FAST), other]])
    assert fast[:5] == slow
    assert len(set(fast)) == 6


def test_one_pattern_at_two_budgets_has_one_name_and_a_pick_has_its_own(make_entry):
    picks = [make_entry(SLOW, (4, 1, 1, 2), "twin/exact"), make_entry(LARGE, (8, 2, 2, 4), "twin/exact")]
    small, large = pooled_names([[*few(make_entry, SLOW), picks[0]], [*few(make_entry, LARGE, 2), picks[1]]])
    assert large[:5] == small[:5] == [*drawn_by("uniform", "bottom half", "top half"), 0, 1]
    assert large[5] != small[5]


def test_random_ones_of_one_number_have_one_name_whatever_their_turn(make_entry):
    small = [make_entry(SLOW, (4, 2, 1, 1), "random 2"), make_entry(SLOW, (1, 1, 2, 4), "random 3")]
    large = [make_entry(LARGE, (2, 2, 4, 8), "random 3"), make_entry(LARGE, (4, 4, 2, 6), "random 4")]
    assert pooled_names([small, large]) == [
        [*drawn_by("random 2", "random 3")],
        [*drawn_by("random 3", "random 4")],
    ]
