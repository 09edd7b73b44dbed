"""Workers that take as long as real ones would, without doing anything."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from benchmarks.curves.replay import Replay
from evaluators.training.leg import Leg

__all__ = ["VirtualCluster", "barrier_seconds"]


@dataclass(slots=True)
class VirtualCluster:
    """How long a leg takes on one of some equal workers.

    workers: each trains one leg at a time. world: says how long steps and judging take. spread: of the
    logarithm of a leg's duration, around its mean; stragglers are what the upper end of that gives.
    overhead: seconds of a leg beside its steps: it is sent, and its state is read and written. rng: of the
    stragglers. busy: worker-seconds so far.
    """

    workers: int
    world: Replay
    spread: float
    overhead: float
    rng: np.random.Generator
    busy: float = field(default=0.0, init=False)

    def seconds(self, leg: Leg, steps: int) -> float:
        """Of one leg, drawn anew at every call. steps: that it takes."""
        usual = self.overhead + self.world.seconds(steps, judged=int(leg.judged))
        took = usual * float(np.exp(self.spread * self.rng.standard_normal() - self.spread**2 / 2))
        self.busy += took
        return took


def barrier_seconds(durations: Sequence[float], workers: int) -> float:
    """Until the last of these is done, each given to the first worker that is free, in order.

    >>> barrier_seconds([3.0, 1.0, 1.0, 2.0], 2)
    4.0
    """
    free = [0.0] * workers
    for duration in durations:
        heapq.heappush(free, heapq.heappop(free) + duration)
    return max(free)
