"""The search as it is: all living trials take a stretch, and wait for the last of them."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.anytime.live_search import live_waves
from benchmarks.contest import Contest
from evaluators.training.candidate import Trained
from evaluators.training.leg import Leg
from search.live.settings import LiveSettings

from .driver_log import DriverLog
from .virtual_cluster import VirtualCluster, barrier_seconds

__all__ = ["search_in_waves"]


def search_in_waves(
    contest: Contest, settings: LiveSettings, cluster: VirtualCluster, log: DriverLog, *, seed: int
) -> int:
    """Runs a search in simulated time; gives the candidate-steps. seed: of all that the search draws."""
    reached: dict[object, int] = {}

    def train(legs: Sequence[Leg], /) -> list[Trained]:
        log.rest()
        durations = []
        for leg in legs:
            end = leg.ends_at(contest.steps)
            durations.append(cluster.seconds(leg, end - reached.get(leg.candidate, 0)))
            reached[leg.candidate] = end
        log.now += barrier_seconds(durations, cluster.workers)
        trained = cluster.world.legs(legs)
        log.work()
        return trained

    log.work()
    outcome = live_waves(contest, settings, train, seed=seed, watchers=[log]).run()
    log.rest()
    return outcome.steps
