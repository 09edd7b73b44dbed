"""A simulated cluster: durations and barriers by closed form, and both orders search the same contest."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from benchmarks.anytime.live_search import settings_of
from benchmarks.cluster.as_they_come import search_as_they_come
from benchmarks.cluster.driver_log import DriverLog
from benchmarks.cluster.in_waves import search_in_waves
from benchmarks.cluster.virtual_cluster import VirtualCluster, barrier_seconds
from benchmarks.curves.curve_table import CurveTable
from benchmarks.curves.replay import Replay
from evaluators.training.candidate import Candidate
from evaluators.training.leg import Leg
from spaces.allocation import Allocation

PLAN = Allocation.of({"layers.0.q": 1})


def cluster_of(table: CurveTable, workers: int, *, spread: float = 0.0) -> VirtualCluster:
    return VirtualCluster(workers, Replay(table, seed=0), spread, 1.0, np.random.default_rng(0))


def test_a_barrier_waits_for_the_last() -> None:
    for durations in permutations([4.0, 2.0, 1.0]):
        assert barrier_seconds(durations, 3) == 4.0
        assert barrier_seconds(durations, 1) == 7.0
        assert 4.0 <= barrier_seconds(durations, 2) <= 6.0


def test_a_leg_takes_its_steps_its_judging_and_its_overhead(synthetic: CurveTable) -> None:
    cluster, candidate = cluster_of(synthetic, 1), Candidate(PLAN, 0, 1e-3, "alpha/r")
    # 90 steps take 9 seconds, judging half a second
    assert cluster.seconds(Leg(candidate), 90) == pytest.approx(1.0 + 9.0 + 0.5)
    assert cluster.seconds(Leg(candidate, 20, judged=False), 10) == pytest.approx(1.0 + 1.0)
    assert cluster.busy == pytest.approx(12.5)


def test_stragglers_leave_the_mean_as_it_is(synthetic: CurveTable) -> None:
    cluster, leg = cluster_of(synthetic, 1, spread=0.5), Leg(Candidate(PLAN, 0, 1e-3, "alpha/r"))
    took = [cluster.seconds(leg, 90) for _ in range(4000)]
    assert np.mean(took) == pytest.approx(10.5, rel=0.05)
    assert np.std(np.log(took)) == pytest.approx(0.5, rel=0.1)


def test_one_worker_does_the_same_in_both_orders(synthetic: CurveTable) -> None:
    settings = settings_of(synthetic.contest, trials=6, halving=3, at_once=1)
    found = []
    for search in (search_in_waves, search_as_they_come):
        cluster, log = cluster_of(synthetic, 1), DriverLog(Replay(synthetic, seed=0))
        steps = search(synthetic.contest, settings, cluster, log, seed=0)
        assert log.now == pytest.approx(cluster.busy + log.driver)
        assert log.rows > log.transactions / 2 > 0
        found.append((steps, [regret for _, regret in log.regret], log.rows))
    assert found[0] == found[1]


def test_with_stragglers_nobody_waits_where_there_is_no_barrier(synthetic: CurveTable) -> None:
    settings = settings_of(synthetic.contest, trials=20, halving=0, at_once=4)
    idle = []
    for search in (search_in_waves, search_as_they_come):
        cluster, log = cluster_of(synthetic, 4, spread=0.8), DriverLog(Replay(synthetic, seed=0))
        search(synthetic.contest, settings, cluster, log, seed=0)
        idle.append(1 - cluster.busy / (4 * (log.now - log.driver)))
    assert 0 <= idle[1] < idle[0]
