"""The same search without barriers: whoever ends a stretch is judged, and goes on or is replaced, at once."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, replace

from benchmarks.contest import Contest
from evaluators.training.candidate import Candidate, Trained
from evaluators.training.leg import Leg
from search.allocation.spend import chance_of
from search.live.asking import Asker
from search.live.baselines import baselines_of
from search.live.ladder import Ladder
from search.live.live_trial import LiveTrial, Report
from search.live.picks import picks_of
from search.live.pruning import Competition
from search.live.settings import LiveSettings
from search.run.settings import SearchSettings
from search.sampling.running_study import Outcome, RunningStudy

from .driver_log import DriverLog
from .virtual_cluster import VirtualCluster

__all__ = ["search_as_they_come"]


def search_as_they_come(
    contest: Contest, settings: LiveSettings, cluster: VirtualCluster, log: DriverLog, *, seed: int
) -> int:
    """Runs a search in simulated time; gives the candidate-steps. seed: of all that the search draws."""
    search = _Search(contest, settings, cluster, log, seed)
    return search.run()


@dataclass(frozen=True, slots=True, eq=False)
class _Running:
    """A trial in its stretch. waves: stretches that lie behind it when that is over."""

    trial: LiveTrial
    waves: int


class _Search:
    """Workers that finish one by one. steps: candidate-steps so far."""

    def __init__(
        self, contest: Contest, settings: LiveSettings, cluster: VirtualCluster, log: DriverLog, seed: int
    ) -> None:
        self.cluster, self.log, self.seed, self.steps = cluster, log, seed, 0
        self.ladder = Ladder(contest.steps, settings.halving, settings.rungs)
        self.competition = Competition(settings.pruner, self.ladder, "minimize")
        self.asker = _asker(contest, settings, seed)
        self._events: list[tuple[float, int, _Running]] = []  # until when, the trial's number, and what

    def run(self) -> int:
        """Until nothing is trained any more."""
        self.log.work()
        started = [_Running(trial, 1) for _ in range(self.cluster.workers) if (trial := self._asked())]
        self.log.rest()
        for one in started:
            self._start(one)
        while self._events:
            until, _, done = heapq.heappop(self._events)
            self.log.now = max(self.log.now, until)  # the driver may be behind
            self.log.work()
            following = self._after(done)
            self.log.rest()
            if following is not None:
                self._start(following)
        return self.steps

    def _asked(self) -> LiveTrial | None:
        trial = self.asker.ask()
        if trial is not None:
            self.competition.enter(trial)
            self.log.asked([trial])
        return trial

    def _start(self, one: _Running) -> None:
        steps = self.ladder.step_after(one.waves) - self.ladder.step_after(one.waves - 1)
        self.steps += steps
        until = self.log.now + self.cluster.seconds(self._leg(one), steps)
        heapq.heappush(self._events, (until, one.trial.number, one))

    def _leg(self, one: _Running) -> Leg:
        own, ladder = one.trial.configuration, self.ladder
        candidate = Candidate(own.allocation, self.seed, own.learning_rate, own.scaling)
        until = None if one.waves == ladder.waves else ladder.step_after(one.waves)
        return Leg(candidate, until, judged=ladder.rung_after(one.waves) is not None)

    def _after(self, done: _Running) -> _Running | None:
        """What its worker trains next; None where nothing is left."""
        (trained,) = self.cluster.world.legs([self._leg(done)])
        rung, trial = self.ladder.rung_after(done.waves), done.trial
        if rung is None:
            return _Running(trial, done.waves + 1)
        trial = _judged(trial, trained, rung, self.ladder)
        self.log.judged([trial])
        whole = trial.step == self.ladder.steps
        if not whole and self.competition.goes_on(trial):
            return _Running(trial, done.waves + 1)
        trial = replace(trial, state="complete" if whole else "pruned")
        at = {self.ladder.resources[one.rung]: one.value for one in trial.reports}
        self.asker.tell(trial, Outcome((trial.reports[-1].value,), at, not whole))
        self.log.ended([trial], [trained])
        fresh = self._asked()
        return None if fresh is None else _Running(fresh, 1)


def _judged(trial: LiveTrial, trained: Trained, rung: int, ladder: Ladder) -> LiveTrial:
    known, step = trained.evaluation, len(trained.evaluation.curve)
    assert known.metric is not None, "a leg that is judged has a metric"
    assert known.loss is not None, "and a loss"
    report = Report(rung, step, ladder.steps, known.metric, known.loss, known.loss)
    return replace(trial, step=step, seconds=known.seconds, reports=(*trial.reports, report))


def _asker(contest: Contest, settings: LiveSettings, seed: int) -> Asker:
    """As a search in waves has it."""
    usual, choices = SearchSettings(), contest.choices
    studies = {
        name: RunningStudy(
            name, contest.space, choices, directions=["minimize"], rng=chance_of(seed, f"sampler {name}")
        )
        for name in usual.sampler
    }
    count = settings.trials // 2
    return Asker(
        contest.scores,
        baselines=baselines_of(contest.space, contest.max_params, contest.space.sites, contest.scores),
        picks=picks_of(contest.scores, choices, allocators=usual.allocator, count=count, seed=seed),
        studies=studies,
        choices=choices,
        trials=settings.trials,
        seed=seed,
    )
