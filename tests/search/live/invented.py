"""A live search whose training is invented: losses follow from the configuration and the step alone."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from evaluators.training.candidate import Candidate, Evaluation, Trained
from evaluators.training.leg import Leg
from evaluators.training.state import State
from proxies.site_scores import per_unit_of_rank
from search.live.baselines import baselines_of
from search.live.begin import waves_of
from search.live.live_trial import LiveTrial
from search.live.settings import LiveSettings
from search.live.watcher import Concluded, LiveSearch, Watcher
from search.live.waves import LiveOutcome, TrainsLegs
from search.sampling.running_study import Alternatives
from spaces.search_space import SearchSpace
from tests.search.live.settled_search import STEPS, settled


def loss_of(candidate: Candidate, step: int) -> float:
    """Of a candidate after so many steps: falls to an end of its own, with some noise."""
    chance = zlib.crc32(
        repr((candidate.allocation.ranks, candidate.learning_rate, candidate.scaling)).encode()
    )
    end = chance % 1000 / 1000
    noise = zlib.crc32(f"{chance} {step}".encode()) % 1000 / 5000
    return end + 2.0 / (1 + step / 10) + noise


def trained_to(leg: Leg, *, failure: str | None = None) -> Trained:
    """What an invented training gives by the end of a leg."""
    step = leg.ends_at(STEPS)
    loss = loss_of(leg.candidate, step) if leg.judged and failure is None else None
    metric = None if loss is None else 1 / (1 + loss)
    curve = (0.0,) * step
    known = Evaluation(leg.candidate, metric, loss, failure, curve, step * 0.5, 1000 + step)
    state = None if leg.until is None or failure else State({}, {}, {}, curve, step * 0.5, 0)
    return Trained(known, {}, state=state)


@dataclass(slots=True)
class Told:
    """A watcher that notes what it is told."""

    lines: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)
    trials: dict[int, LiveTrial] = field(default_factory=dict)

    def began(self, search: LiveSearch) -> None:
        self.lines.append(("began", ()))

    def asked(self, trials: Sequence[LiveTrial]) -> None:
        self._note("asked", trials)

    def judged(self, trials: Sequence[LiveTrial]) -> None:
        self._note("judged", trials)

    def ended(self, trials: Sequence[LiveTrial], trained: Sequence[Trained | None]) -> None:
        self._note("ended", trials)

    def concluded(self, result: Concluded) -> None:
        self.lines.append(("concluded", ()))

    def _note(self, what: str, trials: Sequence[LiveTrial]) -> None:
        self.lines.append((what, tuple(trial.number for trial in trials)))
        self.trials |= {trial.number: trial for trial in trials}


@dataclass(slots=True)
class Training:
    """Trains by invention, and notes the waves. fails: numbers of legs, in order, that fail."""

    fails: frozenset[int] = frozenset()
    waves: list[list[Leg]] = field(default_factory=list)

    def __call__(self, legs: Sequence[Leg]) -> list[Trained]:
        before = sum(map(len, self.waves))
        self.waves.append(list(legs))
        return [
            trained_to(leg, failure="it broke" if before + i in self.fails else None)
            for i, leg in enumerate(legs)
        ]


def invented(
    space: SearchSpace,
    settings: LiveSettings,
    *,
    training: TrainsLegs,
    told: Watcher,
    budget: int,
    least: int | None = None,
    samplers: Sequence[str] = ("random",),
    forget: Callable[[Candidate], None] = lambda _: None,
) -> LiveOutcome:
    """What a whole search over a space comes to; scores are drawn, and q, v and fc1 are all linears."""
    rng = np.random.default_rng(3)
    scores = [
        per_unit_of_rank(name, "dense", space, rng.exponential(size=len(space.sites))) for name in ("a", "b")
    ]
    choices = Alternatives((1e-3, 1e-2), ("alpha/r", "constant"), least or budget, budget)
    search = settled(
        space,
        settings,
        budget=budget,
        model="none",
        task="invented",
        seeds=(0, 1),
    )
    return waves_of(
        search,
        choices,
        scores,
        baselines_of(space, budget, space.sites, scores),
        training,
        allocators=("greedy", "topk"),
        samplers=samplers,
        seed=0,
        watchers=(told,),
        forget=forget,
    ).run()
