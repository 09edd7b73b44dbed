"""The regret of a random choice is its mean over all choices."""

from itertools import combinations

import numpy as np
import pytest

from search.study.judging.chance_regret import chance_regret


def test_it_is_the_mean_over_all_choices():
    truth = np.array([0.3, 0.9, 0.1, 0.7, 0.7])
    by_hand = {k: np.mean([0.9 - max(chosen) for chosen in combinations(truth, k)]) for k in (1, 2, 3, 4, 5)}
    assert chance_regret(truth, [1, 2, 3, 4, 5]) == pytest.approx(by_hand)


def test_more_than_there_are_cannot_be_chosen():
    with pytest.raises(ValueError, match=r"k=\[0, 4\] must be from 1 to 3"):
        chance_regret(np.arange(3.0), [0, 1, 4])
