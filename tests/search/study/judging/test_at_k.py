"""What the top k find, by hand, by enumeration of tie-breaks and by a slow loop."""

from itertools import permutations

import numpy as np
import pytest

from search.study.judging.at_k import at_k, found_by_top, places_of
from search.study.judging.bootstrap import crossed_resamples

TRUTH = np.array([0.9, 0.5, 0.7, 0.7, 0.1])


def found(scores, k, truth=TRUTH):
    places = places_of(np.arange(len(truth))[None], truth[None])
    one = found_by_top(np.array(scores, dtype=float), places, [k])[0]
    return one.precision[0], one.regret[0], one.best_rank[0]


def by_hand(scores, truth, k):
    """Mean over all orders of the allocations, ties left in that order."""
    outcomes = []
    kth_best = sorted(truth)[-k]
    for order in permutations(range(len(truth))):
        top = sorted(order, key=lambda i: -scores[i])[:k]
        best = max(truth[i] for i in top)
        among = np.mean([truth[i] >= kth_best for i in top])
        outcomes.append((among, max(truth) - best, 1 + sum(t > best for t in truth)))
    return np.mean(outcomes, axis=0)


def test_places_start_at_one_and_ties_share_the_better():
    places = places_of(np.arange(5)[None], TRUTH[None])
    assert places.place.tolist() == [[1, 2, 2, 4, 5]]
    assert places.allocation.tolist() == [[0, 2, 3, 1, 4]]


def test_the_truth_itself_finds_all_there_is():
    for k in (1, 2, 3, 4, 5):
        assert found(TRUTH, k) == pytest.approx((1, 0, 1))


def test_more_scores_than_a_short_integer_counts_keep_their_order():
    many = np.arange(40_000.0)
    assert found(many, 1, truth=many) == (1, 0, 1)


def test_the_worst_order_by_hand():
    assert found([1, 4, 2, 3, 5], 1) == pytest.approx((0, 0.8, 5))
    assert found([1, 4, 2, 3, 5], 2) == pytest.approx((0, 0.4, 4))
    assert found([1, 4, 2, 3, 5], 3) == pytest.approx((1 / 3, 0.2, 2))


@pytest.mark.parametrize("scores", [[0, 0, 0, 0, 0], [1, 2, 2, 1, 2], [3, 1, 1, 1, 2], [1, 2, 3, 3, 3]])
@pytest.mark.parametrize("k", [1, 2, 3, 4, 5])
def test_ties_in_score_are_at_their_expectation(scores, k):
    assert found(scores, k) == pytest.approx(by_hand(scores, TRUTH.tolist(), k))


def test_rounding_makes_no_precision_above_one_and_no_place_before_the_first():
    ties = [(n, k) for n in range(2, 40) for k in range(1, n)]
    values = [found([0.0] * n, k, truth=np.zeros(n)) for n, k in ties]
    assert max(precision for precision, _, _ in values) == 1
    assert min(best_rank for _, _, best_rank in values) == 1
    assert values == [pytest.approx((1, 0, 1))] * len(ties)


def test_replicates_are_what_a_slow_loop_finds_on_their_draws():
    rng = np.random.default_rng(0)
    truth, scores = rng.integers(0, 5, size=(6, 2)) / 8, rng.integers(0, 4, size=6).astype(float)
    drawn = crossed_resamples(truth, np.zeros(6, dtype=int), resamples=5, rng=rng)
    means = np.take_along_axis(drawn.truth[drawn.seed_set], drawn.draws, axis=1)
    results = found_by_top(scores, places_of(drawn.draws, means), [1, 3])
    for k, result in zip((1, 3), results, strict=True):
        for i, (draws, mean) in enumerate(zip(drawn.draws, means, strict=True)):
            ours = (result.precision[i], result.regret[i], result.best_rank[i])
            assert ours == pytest.approx(by_hand(scores[draws].tolist(), mean.tolist(), k))


def test_every_interval_holds_its_value_and_a_k_beyond_the_study_is_skipped():
    rng = np.random.default_rng(0)
    truth, scores = rng.normal(size=(6, 3)), rng.normal(size=(4, 6))
    drawn = crossed_resamples(truth, np.zeros(6, dtype=int), resamples=200, rng=rng)
    for proxy in at_k(scores, truth.mean(axis=1), drawn, (1, 6, 7)):
        assert [each.k for each in proxy] == [1, 6]
        for each in proxy:
            for estimate in (each.precision, each.regret, each.best_rank):
                assert estimate.low <= estimate.value <= estimate.high
        assert (proxy[1].precision.value, proxy[1].regret.value, proxy[1].best_rank.value) == (1, 0, 1)


def test_training_none_is_refused():
    drawn = crossed_resamples(
        TRUTH[:, None], np.zeros(5, dtype=int), resamples=2, rng=np.random.default_rng(0)
    )
    with pytest.raises(ValueError, match="at least 1"):
        at_k(TRUTH[None], TRUTH, drawn, (0, 1))
