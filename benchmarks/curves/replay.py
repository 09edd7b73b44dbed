"""Trainings answered from a table of learning curves, in microseconds."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations

import numpy as np

from benchmarks.anytime.user_search import WhollyTrained
from evaluators.training.candidate import Candidate, Evaluation, Trained
from evaluators.training.leg import Leg
from search.sampling.configuration import Configuration

from .curve_table import CurveTable

__all__ = ["Replay", "seed_noise"]

_Key = tuple[float, str]


def seed_noise(table: CurveTable) -> np.ndarray:
    """How a training differs from another of its configuration by its seed alone: (pairs, judged_at).

    Logarithms of the ratio of their losses over the root of two, which have the variance of one of them.
    """
    losses: dict[Configuration, list[np.ndarray]] = defaultdict(list)
    for curve in table.curves:
        if None not in curve.losses:
            losses[curve.configuration].append(np.log(np.array(curve.losses, dtype=float)))
    pairs = [(one - other) / np.sqrt(2) for own in losses.values() for one, other in combinations(own, 2)]
    return np.array(pairs).reshape(len(pairs), len(table.contest.judged_at))


class Replay:
    """One possible world: what each configuration's training gives, which is always the same.

    A configuration that is not in the table has the curve of the one nearest to it among those of its rate
    and rule, by the parameters that would have to move. The noise of a training's seed is drawn from what
    seeds made of the table's own configurations; none where each has one seed.

    Args:
        table: of which every rate and rule has a curve.
        seed: of the noise.
    """

    def __init__(self, table: CurveTable, *, seed: int) -> None:
        self._seed, self._noise = seed, seed_noise(table)
        self._space, self._steps = table.contest.space, table.contest.steps
        rows: dict[_Key, list[tuple[np.ndarray, np.ndarray]]] = defaultdict(list)
        first: set[Configuration] = set()
        for curve in table.curves:
            own = curve.configuration
            if own not in first and None not in curve.losses:
                first.add(own)
                ranks = table.contest.space.rank_vector(own.allocation)
                rows[own.learning_rate, own.scaling].append((ranks, np.array([curve.losses, curve.metrics])))
        self._ranks = {key: np.stack([ranks for ranks, _ in own]) for key, own in rows.items()}
        self._curves = {key: np.stack([curve for _, curve in own]) for key, own in rows.items()}
        self._costs = np.array([site.cost_per_rank for site in table.contest.space.sites])
        self._judged: dict[Candidate, int] = defaultdict(int)  # how often, so far
        self._places = {step: place for place, step in enumerate(table.contest.judged_at)}
        self._step_seconds = float(np.mean([one.seconds for one in table.curves])) / table.contest.steps
        self._judging = float(np.mean([one.judging for one in table.curves]))

    @property
    def best(self) -> float:
        """The lowest loss at the end of any of the table's curves, which noise is drawn around."""
        return min(float(own[:, 0, -1].min()) for own in self._curves.values())

    def settled(self, configuration: Configuration) -> float:
        """Its loss at the end, without noise."""
        return float(self._nearest(configuration)[0, -1])

    def curve(self, configuration: Configuration) -> np.ndarray:
        """Losses and metrics at the table's ``judged_at``: (2, judged_at)."""
        found = self._nearest(configuration).copy()
        if len(self._noise):
            own = (*configuration.allocation.ranks, configuration.learning_rate, configuration.scaling)
            rng = np.random.default_rng([self._seed, zlib.crc32(repr(own).encode())])
            found[0] *= np.exp(rng.choice([-1.0, 1.0]) * self._noise[rng.integers(len(self._noise))])
        return found

    def whole(self, configuration: Configuration, /) -> WhollyTrained:
        """How a training to the end comes out."""
        loss, metric = self.curve(configuration)[:, -1]
        return WhollyTrained(float(loss), float(metric), self.seconds(self._steps, judged=1))

    def seconds(self, steps: int, *, judged: int) -> float:
        """What so many candidate-steps and judgements take, by the table's mean."""
        return steps * self._step_seconds + judged * self._judging

    def legs(self, legs: Sequence[Leg], /) -> list[Trained]:
        """What comes of stretches of training; those that are judged end at one of ``judged_at``."""
        return [Trained(self._leg(leg), {}) for leg in legs]

    def _leg(self, leg: Leg) -> Evaluation:
        until = leg.ends_at(self._steps)
        loss = metric = None
        if leg.judged:
            loss, metric = map(float, self.curve(_configuration(leg.candidate))[:, self._places[until]])
            self._judged[leg.candidate] += 1
        seconds = self.seconds(until, judged=self._judged[leg.candidate])
        return Evaluation(leg.candidate, metric, loss, None, (0.0,) * until, seconds, 0)

    def _nearest(self, configuration: Configuration) -> np.ndarray:
        """(2, judged_at); raises ValueError where nothing has its rate and rule."""
        key = configuration.learning_rate, configuration.scaling
        if key not in self._ranks:
            raise ValueError(f"the table has no curve of {configuration.how}; it has {sorted(self._ranks)}.")
        ranks = self._space.rank_vector(configuration.allocation)
        moved = (np.abs(self._ranks[key] - ranks) * self._costs).sum(1)
        return np.asarray(self._curves[key][int(moved.argmin())])


def _configuration(candidate: Candidate) -> Configuration:
    assert candidate.scaling is not None, "a trial names its rule"
    return Configuration(candidate.allocation, candidate.learning_rate, candidate.scaling)
