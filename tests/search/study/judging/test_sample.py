"""What a report stands on: failures left out, strata pooled by rank."""

import math

import numpy as np
import pytest

from search.study.judging.sample import Sample


def sample(truth, scores, params=None, names=None):
    truth = np.array(truth, dtype=float)
    return Sample.of("2.3M", truth, scores, np.ones(len(truth)) if params is None else params, names)


def test_an_allocation_that_failed_on_any_seed_is_left_out_with_its_scores():
    kept = sample([[1, 2], [math.nan, 3], [4, 5], [6, -math.inf]], {"snip": [1, 2, 3, 4]}, [7, 8, 9, 10])
    assert kept.truth.tolist() == [[1, 2], [4, 5]]
    assert kept.scores.tolist() == [[1, 3]]
    assert kept.params.tolist() == [7, 9]
    assert (kept.failed, kept.proxies) == (2, ("snip",))


def test_pooling_leaves_nothing_of_a_stratum_but_its_order():
    small = sample([[1, 30], [2, 20], [3, 10]], {"snip": [5, 5, 9]}, [100, 200, 300])
    large = sample([[70, 7], [80, 9]], {"snip": [-1, -2]}, [5000, 5000])
    both = Sample.pooled([small, large])
    assert both.truth.tolist() == [[0, 1], [0.5, 0.5], [1, 0], [0, 0], [1, 1]]
    assert both.scores.tolist() == [[0.25, 0.25, 1, 1, 0]]
    assert both.params.tolist() == [0, 0.5, 1, 0.5, 0.5]
    assert both.strata.tolist() == [0, 0, 0, 1, 1]


def test_one_name_in_two_strata_is_one_cluster_and_without_names_there_is_none():
    small = sample([[1], [math.nan], [3]], {}, names=["a", "b", "c"])
    large = sample([[1], [2]], {}, names=["c", "d"])
    assert small.names == ("a", "c")
    assert Sample.pooled([small, large]).clusters.tolist() == [0, 1, 1, 2]
    assert sample([[1], [2]], {}).clusters.tolist() == [0, 1]


def test_costs_are_equal_within_one_percent_in_every_stratum():
    equal, other = (
        sample([[1], [2]], {}, costs, names) for costs, names in (([99.5, 100], "ab"), ([1, 2], "cd"))
    )
    assert (equal.equal_cost, other.equal_cost) == (True, False)
    assert Sample.pooled([equal, equal]).equal_cost
    both = Sample.pooled([equal, other])
    assert not both.equal_cost
    assert both.params.tolist() == [0.5, 0.5, 0, 1]


def test_a_stratum_of_one_is_in_the_middle():
    assert Sample.pooled([sample([[3, 4]], {"snip": [2]})]).truth.tolist() == [[0.5, 0.5]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sample([1, 2], {}), "must be"),
        (lambda: sample([[1], [2]], {}, names=["a", "a"]), "1 different name for 2"),
        (lambda: sample(np.empty((2, 0)), {}), "seeds >= 1"),
        (lambda: sample([[1], [2]], {"snip": [1]}), "pass one value each"),
        (lambda: sample([[1], [2]], {"snip": [1, math.nan]}), "snip is not finite"),
        (lambda: sample([[1], [2]], {}, [1, math.inf]), "parameter count is not finite"),
        (lambda: Sample.pooled([]), "cannot be pooled"),
        (lambda: Sample.pooled([sample([[1]], {}), sample([[1, 2]], {})]), "cannot be pooled"),
        (lambda: Sample.pooled([sample([[1]], {"snip": [1]}), sample([[1]], {})]), "same proxies"),
    ],
)
def test_what_does_not_fit_together_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
