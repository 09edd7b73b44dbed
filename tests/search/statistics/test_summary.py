"""Summaries over seeds, by hand."""

import math

import pytest

from search.statistics.summary import Summary


def test_a_summary_has_a_sample_standard_deviation_from_two_seeds_on():
    assert Summary.of([0.5]) == Summary(0.5, None, 1)
    assert Summary.of([1.0, 3.0]) == Summary(2.0, pytest.approx(math.sqrt(2)), 2)


@pytest.mark.parametrize(("values", "message"), [([], "at least one seed"), ([math.nan], "must be finite")])
def test_what_has_no_mean_is_refused(values, message):
    with pytest.raises(ValueError, match=message):
        Summary.of(values)
