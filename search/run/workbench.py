"""A job, and all that can be done with it: score, propose, fine-tune, search."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from evaluators.store.whole_file import write_whole
from search.allocation.uniform import uniform_allocation
from search.job.job import Job
from search.job.progress import Progress, silent
from search.job.scoring import score_space
from search.sampling.proposals import Proposal
from search.sampling.proposer import UNIFORM, Proposer
from spaces.allocation import Allocation
from spaces.counted import counted
from spaces.errors import UsageError
from spaces.search_space import SearchSpace

from .pipeline import check_names, result_with, search_with
from .result import Result
from .settings import SearchSettings
from .shown_scores import ShownScores
from .supernet_oracle import SupernetOracle
from .trained import FineTuning, TrainedOracle

__all__ = ["Workbench"]

_USUAL = SearchSettings()


@dataclass(frozen=True, slots=True, eq=False)
class Workbench:
    """What ``search.setup`` gives: one space and one budget over one model and one task.

    job: how candidates are scored and trained, settled. progress: is told how far work is.

    >>> import search
    >>> small = {"train_rows": 8, "eval_rows": 8, "scoring_batches": 1, "seeds": 1}
    >>> bench = search.setup(space="lora[q]", budget="r=1", **small)
    >>> bench.budget, len(bench.space.sites)
    (4608, 6)
    >>> (scores,) = bench.score("grad_norm")
    >>> plans = [bench.uniform(), search.greedy(scores, budget=bench.budget)]
    >>> result = bench.fine_tune(plans)
    >>> len(result.finalists), result.best.allocation in plans
    (2, True)
    >>> bench.release()
    """

    job: Job
    progress: Progress = silent

    @property
    def budget(self) -> int:
        """In parameters."""
        return self.job.max_params

    @property
    def space(self) -> SearchSpace:
        """The sites that can be used, and the ranks to choose from."""
        return self.job.space

    def score(self, *proxies: str) -> tuple[ShownScores, ...]:
        """Scores of all sites, one for each proxy named; by default, by those that ``rankscape run`` takes.

        Raises UsageError on an unknown proxy, InputError where one that was named cannot score here.
        """
        scores = score_space(self.job, proxies or None, progress=self.progress)
        return tuple(ShownScores.of_scores(one) for one in scores)

    def uniform(self) -> Allocation:
        """The baseline: every site at one rank, as far as the budget goes."""
        return uniform_allocation(self.space, self.budget)

    def fine_tune(
        self, plans: Sequence[Allocation], *, seeds: int | None = None, folder: str | Path | None = None
    ) -> Result:
        """Plans beside the uniform allocation, which is trained too where it is none of them.

        Args:
            plans: allocations within the budget.
            seeds: runs of each of them; by default as many as were set up.
            folder: keeps what has finished, so that an interrupted call goes on; by default nothing is kept.

        Raises UsageError on a plan above the budget, InputError where every run failed.
        """
        first = self.job.seed
        job = self.job if seeds is None else replace(self.job, seeds=tuple(range(first, first + seeds)))
        proposals = _proposed(plans, self.uniform(), job)
        with _kept(folder) as place:
            evaluator = FineTuning(job, place / "candidates", self.progress)
            return result_with(TrainedOracle(job), proposals, evaluator, seconds={}, output=None)

    def search(
        self,
        *,
        trials: int = _USUAL.trials,
        finalists: int = _USUAL.finalists,
        proxies: Sequence[str] | None = None,
        allocators: Sequence[str] = _USUAL.allocator,
        samplers: Sequence[str] = _USUAL.sampler,
        supernet: bool = False,
        folder: str | Path | None = None,
    ) -> Result:
        """What ``rankscape run`` finds: proposals by proxies and samplers, the best of them fine-tuned.

        Args:
            trials: proposals of each sampler.
            finalists: proposals that are fine-tuned besides the uniform baseline.
            proxies, allocators, samplers: who proposes, by name.
            supernet: whether finalists are cut from one super-network per seed, and not trained each.
            folder: gets the study, the winner's adapter and ``result.json``; by default nothing is kept.

        Raises UsageError on names that there are not, InputError where every run failed.
        """
        settings = SearchSettings(
            trials=trials,
            finalists=finalists,
            proxy=None if proxies is None else tuple(proxies),
            allocator=tuple(allocators),
            sampler=tuple(samplers),
        )
        check_names(settings)
        whole = TrainedOracle(self.job)
        with _kept(folder) as place:
            oracle = SupernetOracle(whole) if supernet else whole
            result = search_with(oracle, settings, place, seed=self.job.seed, progress=self.progress)
            write_whole(place / "result.json", json.dumps(result.to_json(), indent=2))
        return result if folder is not None else replace(result, output=None)

    def release(self) -> None:
        """Lets go of the base model; what needs it again loads it again."""
        self.job.machine.models.release()


def _proposed(plans: Sequence[Allocation], baseline: Allocation, job: Job) -> list[Proposal]:
    """The baseline first; plans under the names of their places, from 1 on, equal ones together."""
    proposers: dict[Allocation, tuple[Proposer, ...]] = {baseline: (UNIFORM,)}
    for place, plan in enumerate(plans, start=1):
        if (params := job.space.params(plan)) > job.max_params:
            raise UsageError(
                f"plan {place} of `plans` costs {params:,} of a budget of "
                f"{counted(job.max_params, 'parameter')}; lower its ranks, or set up a larger `budget`."
            )
        if plan != baseline:
            proposers[plan] = (*proposers.get(plan, ()), Proposer(f"plan {place}"))
    return [Proposal(one, names, job.space.params(one), ()) for one, names in proposers.items()]


@contextmanager
def _kept(folder: str | Path | None) -> Iterator[Path]:
    """The folder, made where it is not there; where there is none, one that goes again."""
    if folder is not None:
        Path(folder).mkdir(parents=True, exist_ok=True)
        yield Path(folder)
        return
    with TemporaryDirectory() as temporary:
        yield Path(temporary)
