"""A search that trains a super-network for each seed, and cuts its finalists from them."""

from __future__ import annotations

import logging
import time
from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np

from evaluators.adapters.story import Story
from evaluators.training.candidate import Candidate, Trained
from evaluators.training.cohort import outputs_of
from evaluators.training.leg import whole
from evaluators.training.memory import peak_memory
from evaluators.training.truncated import truncated
from proxies.site_scores import SiteScores
from search.allocation.uniform import uniform_allocation
from search.job.fine_tune import fine_tune_all
from search.job.job import Job
from search.job.progress import Progress
from search.methods.weight_sharing import Supernet
from search.sampling.proposals import Proposal, StandIn
from spaces.allocation import Allocation

from .finalist import Finalist
from .problem import Problem
from .result import Conclusion
from .trained import TrainedOracle

__all__ = ["SupernetOracle"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class SupernetOracle:
    """An ``Oracle`` that trains no allocation: its runs are parts of super-networks, one of each seed.

    whole: scores, tests and saves, as where every finalist is trained.
    """

    whole: TrainedOracle

    @property
    def problem(self) -> Problem:
        """The job's, and what a reader must know of numbers that are not fine-tuned ones."""
        known = self.whole.problem
        uniform = uniform_allocation(known.space, known.max_params)
        between = sorted(
            {rank for _, rank in uniform.ranks if rank < known.space.ranks[-1]} - {*known.space.ranks}
        )
        said = ["no allocation was fine-tuned: each is cut from a super-network of each seed"]
        if between:
            ranks = f"{'rank' if len(between) == 1 else 'ranks'} {', '.join(map(str, between))}"
            said.append(f"the uniform baseline has sites at {ranks}, which the super-network never drew")
        return replace(known, evaluator="supernet", untrained=tuple(said))

    def announce(self, folder: Path) -> None:
        self.whole.announce(folder)
        _log.info(
            "supernet every site at its highest rank, %d at most, once for each seed; finalists are cut "
            "from it",
            self.problem.space.ranks[-1],
        )

    def score(self, proxies: Sequence[str] | None, progress: Progress) -> list[SiteScores]:
        return self.whole.score(proxies, progress)

    def stands_for(
        self,
        scores: Sequence[SiteScores],
        allocation: Allocation,
        *,
        apart_from: Container[Allocation] = (),
    ) -> StandIn | None:
        """The allocation itself, with no rank above the network's own: that can be cut."""
        space = self.whole.problem.space
        within = space.allocation(np.minimum(space.rank_vector(allocation), space.highest))
        return self.whole.stands_for(scores, within, apart_from=apart_from)

    def runs(
        self, proposals: Sequence[Proposal], folder: Path, progress: Progress
    ) -> list[tuple[Trained, ...]]:
        """Each allocation scored as a part of each super-network; those that have finished in the folder are
        read. A run has the training curve of its super-network and an equal share of its seconds."""
        job, share = self.whole.job, len(proposals)
        networks = _networks(job, folder, progress)
        parts = [_part(network, one.allocation, share) for one in proposals for network in networks]
        runs = iter(_scored(job, parts, progress))
        return [tuple(islice(runs, len(networks))) for _ in proposals]

    def conclude(self, winner: Finalist, baseline: Finalist, folder: Path, progress: Progress) -> Conclusion:
        """How both are judged on the test rows, and what they write."""
        return self.whole.conclude(winner, baseline, folder, progress)

    def save(self, run: Trained, folder: Path, story: Story) -> None:
        """As it was cut, untrained."""
        self.whole.save(run, folder, story)


def _networks(job: Job, folder: Path, progress: Progress) -> list[Trained]:
    """A super-network of each seed, with its tensors."""
    policy = Supernet(job.max_params, job.space.ranks)
    start = policy.start(job.space)
    candidates = [Candidate(start, seed, job.learning_rate) for seed in job.seeds]
    work = [(replace(job.workload, policy=policy), whole(candidates))]
    (networks,) = fine_tune_all(work, folder, job.machine, keep_tensors=True, progress=progress)
    return networks


def _part(network: Trained, allocation: Allocation, share: int) -> Trained:
    """An allocation cut from a super-network, with the metric of the whole until it is scored itself.

    share: of how many it bears the network's seconds. It failed where the network did.
    """
    whole = network.evaluation
    candidate = replace(whole.candidate, allocation=allocation)
    evaluation = replace(whole, candidate=candidate, seconds=whole.seconds / share)
    return Trained(evaluation, {} if whole.failure else truncated(network.tensors, allocation))


def _scored(job: Job, parts: Sequence[Trained], progress: Progress) -> list[Trained]:
    """The same with their own metric and loss on the validation rows, as many at once as a cohort holds."""
    size = job.machine.cohort_size
    scored: list[Trained] = []
    with progress("evaluating", len(parts), "run") as advance:
        for start in range(0, len(parts), size):
            scored += _scored_together(job, parts[start : start + size])
            advance(len(scored) - start)
    return scored


def _scored_together(job: Job, parts: Sequence[Trained]) -> list[Trained]:
    model, task, started = job.model, job.task, time.perf_counter()
    scored = {i: part for i, part in enumerate(parts) if part.evaluation.failure is not None}
    if not (alive := [i for i in range(len(parts)) if i not in scored]):
        return list(parts)
    living = [parts[i] for i in alive]
    outputs = outputs_of(model, job.space.sites, task.objective, living, job.recipe, task.validation)
    seconds, memory = (time.perf_counter() - started) / len(alive), peak_memory(model.device)
    for i, own in zip(alive, outputs, strict=True):
        before = parts[i].evaluation
        score = task.objective.score(own, task.validation.labels)
        evaluation = replace(
            before,
            metric=score.metric if score else None,
            loss=score.loss if score else None,
            beside=score.beside if score else (),
            failure=None if score else "its outputs are not finite; lower `lr`",
            seconds=before.seconds + seconds,
            peak_memory=max(before.peak_memory, memory),
        )
        scored[i] = Trained(evaluation, parts[i].tensors if score else {})
    return [scored[i] for i in range(len(parts))]
