"""The same search without barriers: whoever ends a stretch is judged, and goes on or is replaced, at once."""

from __future__ import annotations

import heapq

from benchmarks.anytime.live_search import facts_of
from benchmarks.contest import Contest
from search.live.baselines import baselines_of
from search.live.begin import asker_of, competition_of
from search.live.live_trial import LiveTrial
from search.live.settings import LiveSettings
from search.live.stretches import Living, Stretches
from search.run.settings import SearchSettings

from .driver_log import DriverLog
from .virtual_cluster import VirtualCluster

__all__ = ["search_as_they_come"]


def search_as_they_come(
    contest: Contest, settings: LiveSettings, cluster: VirtualCluster, log: DriverLog, *, seed: int
) -> int:
    """Runs a search in simulated time; gives the candidate-steps. seed: of all that the search draws."""
    search = _Search(contest, settings, cluster, log, seed)
    return search.run()


class _Search:
    """Workers that finish one by one. steps: candidate-steps so far."""

    def __init__(
        self, contest: Contest, settings: LiveSettings, cluster: VirtualCluster, log: DriverLog, seed: int
    ) -> None:
        self.cluster, self.log, self.steps = cluster, log, 0
        usual, facts = SearchSettings(), facts_of(contest, settings, seed)
        self.ladder, self.stretches = facts.ladder, Stretches(facts)
        self.competition = competition_of(facts, contest.choices)
        self.asker = asker_of(
            facts,
            contest.choices,
            contest.scores,
            baselines_of(contest.space, contest.max_params, contest.space.sites, contest.scores),
            allocators=usual.allocator,
            samplers=usual.sampler,
            seed=seed,
        )
        self._events: list[tuple[float, int, Living]] = []  # until when, the trial's number, where it began

    def run(self) -> int:
        """Until nothing is trained any more."""
        self.log.work()
        started = [Living(trial) for _ in range(self.cluster.workers) if (trial := self._asked())]
        self.log.rest()
        for one in started:
            self._start(one)
        while self._events:
            until, _, one = heapq.heappop(self._events)
            self.log.now = max(self.log.now, until)  # the driver may be behind
            self.log.work()
            following = self._after(one)
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

    def _start(self, one: Living) -> None:
        ladder = self.ladder
        steps = ladder.step_after(one.waves + 1) - ladder.step_after(one.waves)
        self.steps += steps
        until = self.log.now + self.cluster.seconds(self.stretches.leg(one), steps)
        heapq.heappush(self._events, (until, one.trial.number, one))

    def _after(self, one: Living) -> Living | None:
        """What its worker trains once it is through with a stretch; None where nothing is left."""
        (trained,) = self.cluster.world.legs([self.stretches.leg(one)])
        stepped = self.stretches.after(one, trained)
        if not self.stretches.is_judged(stepped):
            return stepped
        self.log.judged([stepped.trial])
        whole = stepped.trial.step == self.ladder.steps
        stopped = not whole and not self.competition.going_on([stepped.trial])
        ended = self.stretches.ended(stepped.trial, stopped=stopped)
        if ended is None:
            return stepped
        self.asker.tell(ended, self.stretches.outcome(ended))
        self.log.ended([ended], [trained])
        fresh = self._asked()
        return None if fresh is None else Living(fresh)
