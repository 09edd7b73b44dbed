"""The noise ceiling, on simulated truth of known reliability."""

import math

import numpy as np
import pytest
from scipy import stats

from search.study.judging.noise_ceiling import ceiling_replicates, reliability


def simulated(allocations, seeds, known, seed=0):
    """What is true of each allocation, and a truth per seed whose mean has the known reliability."""
    rng = np.random.default_rng(seed)
    signal = rng.normal(size=allocations)
    noise = math.sqrt(seeds * (1 / known - 1)) * rng.normal(size=(allocations, seeds))
    return signal, signal[:, None] + noise


def found(truth, seed=0):
    return reliability(truth, rng=np.random.default_rng(seed))


@pytest.mark.parametrize(("seeds", "known"), [(2, 0.3), (2, 0.9), (3, 0.6), (5, 0.3), (5, 0.9), (12, 0.6)])
def test_a_known_reliability_is_recovered_on_average(seeds, known):
    studies = [found(simulated(600, seeds, known, seed)[1]) for seed in range(8)]
    assert np.mean(studies) == pytest.approx(known, abs=0.04)


def test_a_perfect_proxy_reaches_the_ceiling():
    signal, truth = simulated(3000, 3, 0.6)
    rho = stats.spearmanr(signal, truth.mean(axis=1)).statistic
    assert rho / math.sqrt(found(truth)) == pytest.approx(1, abs=0.03)


def test_two_seeds_are_stepped_up_from_one_by_hand():
    truth = np.array([[1, 1], [2, 3], [3, 2], [4, 4]], dtype=float)
    assert found(truth) == pytest.approx(2 * 0.8 / 1.8)


def test_three_seeds_are_stepped_up_from_the_mean_of_their_three_pairs():
    truth = np.random.default_rng(0).normal(size=(9, 1)) + np.random.default_rng(1).normal(size=(9, 3))
    mean = np.mean([stats.spearmanr(truth[:, i], truth[:, j]).statistic for i, j in ((0, 1), (0, 2), (1, 2))])
    assert found(truth) == pytest.approx(3 * mean / (1 + 2 * mean))


def test_every_split_is_used_so_that_chance_has_no_part_unless_there_are_many():
    _, few = simulated(20, 5, 0.5)
    _, many = simulated(20, 12, 0.5)
    assert found(few, seed=1) == found(few, seed=2)
    assert found(many, seed=1) != found(many, seed=2)


def test_seeds_that_contradict_each_other_are_not_reliable_at_all():
    assert found(np.array([[1, 3], [2, 2], [3, 1]], dtype=float)) == 0


def test_seeds_that_agree_are_fully_reliable():
    assert found(np.repeat(np.arange(5.0)[:, None], 3, axis=1)) == pytest.approx(1)


@pytest.mark.parametrize("shape", [(10, 1), (2, 4), (0, 3)])
def test_one_seed_or_two_allocations_say_nothing(shape):
    assert found(np.random.default_rng(0).normal(size=shape)) is None


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_a_replicate_that_draws_each_allocation_once_has_the_studys_ceiling(seeds):
    _, truth = simulated(20, seeds, 0.6)
    counts = np.stack([np.ones(20), np.bincount([3] * 20, minlength=20)]).astype(np.float32)
    ceilings = ceiling_replicates(truth, counts)
    assert ceilings[0] == pytest.approx(math.sqrt(found(truth)), abs=1e-6)
    assert math.isnan(ceilings[1])


def test_ceilings_of_replicates_spread_as_those_of_studies_do():
    rng = np.random.default_rng(0)
    counts = rng.multinomial(200, np.full(200, 1 / 200), size=200).astype(np.float32)
    studies = [simulated(200, 3, 0.6, seed)[1] for seed in range(100)]
    spread = np.std([math.sqrt(found(truth)) for truth in studies])
    replicates = [ceiling_replicates(truth, counts).std() for truth in studies[:20]]
    assert np.mean(replicates) == pytest.approx(spread, rel=0.2)


def test_a_constant_truth_says_nothing():
    assert found(np.ones((10, 3))) is None
