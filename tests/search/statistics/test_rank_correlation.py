"""Spearman's correlation, and where it has none."""

import math

import pytest

from search.statistics.rank_correlation import rank_correlation


def test_it_is_spearmans_and_knows_its_limits():
    assert rank_correlation([1, 2, 3, 4], [10, 20, 30, 99]) == pytest.approx(1.0)
    assert rank_correlation([1, 2, 3], [3, 2, 1]) == pytest.approx(-1.0)
    assert rank_correlation([1, 2], [1, 2]) is None
    assert rank_correlation([1, 1, 1], [1, 2, 3]) is None
    assert rank_correlation([1, 2, 3], [5, 5, 5]) is None


@pytest.mark.parametrize(
    ("scores", "metrics", "message"),
    [([1.0], [], "must pair up"), ([1.0, math.inf, 2.0], [1.0, 2.0, 3.0], "must be finite")],
)
def test_what_has_no_answer_is_refused(scores, metrics, message):
    with pytest.raises(ValueError, match=message):
        rank_correlation(scores, metrics)
