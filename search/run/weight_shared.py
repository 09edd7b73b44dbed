"""A search that trains a super-network for each seed, and cuts its finalists from them."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from evaluators.executors.spread import base_model_on, default_cohort_size
from evaluators.training.candidate import Candidate, Trained
from evaluators.training.cohort import outputs_of
from evaluators.training.memory import peak_memory
from proxies.site_scores import SiteScores
from search.cli.progress import progress
from search.cli.run_options import SearchOptions
from search.job.fine_tune import fine_tune_all
from search.job.prepare import Search
from search.methods.weight_sharing import Supernet, truncated
from search.sampling.proposals import Answers
from spaces.allocation import Allocation

from .evaluator import Setting
from .finalist import Finalist
from .result import Conclusion
from .trained import TrainedEvaluator

__all__ = ["SupernetEvaluator"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class SupernetEvaluator:
    """An ``Evaluator`` that trains no allocation: its runs are parts of super-networks, one of each seed.

    whole: settles, scores and concludes, as where every finalist is trained.
    """

    whole: TrainedEvaluator

    @classmethod
    def of(cls, options: SearchOptions) -> SupernetEvaluator:
        """Loads everything; raises UsageError or InputError on what cannot be used."""
        return cls(TrainedEvaluator.of(options))

    @property
    def setting(self) -> Setting:
        return self.whole.setting

    def announce(self, output: Path) -> None:
        self.whole.announce(output)
        largest = self.setting.space.ranks[-1]
        _log.info("supernet every site at rank %d, once for each seed; finalists are cut from it", largest)

    def score(self) -> list[SiteScores]:
        return self.whole.score()

    @property
    def answer(self) -> Answers:
        """The allocation itself: any can be cut."""
        return self.whole.answer

    def evaluate(self, allocations: Sequence[Allocation], output: Path) -> list[tuple[Trained, ...]]:
        """Trains the super-networks, none twice, and scores each allocation as a part of each.

        A run has the training curve of its super-network and an equal share of its seconds.
        """
        networks = self._networks(output)
        share = len(allocations)
        parts = [_part(network, allocation, share) for allocation in allocations for network in networks]
        runs = iter(_scored(self.whole.search, parts))
        return [tuple(islice(runs, len(networks))) for _ in allocations]

    def conclude(self, winner: Finalist, baseline: Finalist, output: Path) -> Conclusion:
        """The metric of both on the test rows; the winner's best run is saved as it was cut, untrained."""
        return self.whole.conclude(winner, baseline, output)

    def _networks(self, output: Path) -> list[Trained]:
        """A super-network of each seed, with its tensors."""
        search, space = self.whole.search, self.setting.space
        policy = Supernet(self.setting.max_params, space.ranks)
        start, rate = policy.start(space), search.learning_rate
        candidates = [Candidate(start, seed, rate) for seed in self.setting.seeds]
        work = [(replace(search.workload, policy=policy), candidates)]
        folder = output / "candidates"
        (networks,) = fine_tune_all(work, folder, search.options, search.devices, keep_tensors=True)
        return networks


def _part(network: Trained, allocation: Allocation, share: int) -> Trained:
    """An allocation cut from a super-network, with the metric of the whole until it is scored itself.

    share: of how many it bears the network's seconds. It failed where the network did.
    """
    whole = network.evaluation
    candidate = replace(whole.candidate, allocation=allocation)
    evaluation = replace(whole, candidate=candidate, seconds=whole.seconds / share)
    return Trained(evaluation, {} if whole.failure else truncated(network.tensors, allocation))


def _scored(search: Search, parts: Sequence[Trained]) -> list[Trained]:
    """The same with their own metric and loss on the validation rows, as many at once as a cohort holds."""
    size = search.options.cohort_size or default_cohort_size(search.devices[0])
    scored: list[Trained] = []
    with progress("evaluating", len(parts), "run", quiet=search.options.quiet) as advance:
        for start in range(0, len(parts), size):
            scored += _scored_together(search, parts[start : start + size])
            advance(len(scored) - start)
    return scored


def _scored_together(search: Search, parts: Sequence[Trained]) -> list[Trained]:
    model, recipe = base_model_on(search.inputs.source, search.devices[0]), search.recipe
    task, started = search.inputs.task, time.perf_counter()
    scored = {i: part for i, part in enumerate(parts) if part.evaluation.failure is not None}
    if not (alive := [i for i in range(len(parts)) if i not in scored]):
        return list(parts)
    living = [parts[i] for i in alive]
    outputs = outputs_of(model, search.space.sites, task.objective, living, recipe, task.validation)
    seconds, memory = (time.perf_counter() - started) / len(alive), peak_memory(model.device)
    for i, own in zip(alive, outputs, strict=True):
        before = parts[i].evaluation
        metric, loss = task.objective.score(own, task.validation.labels) or (None, None)
        evaluation = replace(
            before,
            metric=metric,
            loss=loss,
            failure="its outputs are not finite; lower --lr" if metric is None else None,
            seconds=before.seconds + seconds,
            peak_memory=max(before.peak_memory, memory),
        )
        scored[i] = Trained(evaluation, {} if metric is None else parts[i].tensors)
    return [scored[i] for i in range(len(parts))]
