"""A job, and all that can be done with it: score, propose, fine-tune, search."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal

from proxies.site_scores import SiteScores
from search.allocation.uniform import uniform_allocation
from search.folder.output_folder import OutputFolder, decisive
from search.folder.provenance import inputs_of
from search.job.job import Job
from search.job.job_settings import JobSettings
from search.job.option import check_whole, settings_by_name
from search.job.progress import Progress, silent
from search.job.right_type import check_type, path_of, several
from search.job.scoring import score_space
from search.job.settings import COUNTS
from search.sampling.proposals import Proposal
from search.sampling.proposer import UNIFORM, Proposer
from spaces.allocation import Allocation
from spaces.counted import counted
from spaces.errors import UsageError
from spaces.search_space import SearchSpace

from .oracle import Oracle
from .own_names import own_names
from .pipeline import check_names, result_with, search_in_folder, search_with
from .result import Result
from .settings import SEARCH_MAY_GROW, SearchSettings
from .supernet_oracle import SupernetOracle
from .trained import TrainedOracle

__all__ = ["Workbench"]

_USUAL = SearchSettings()
_OWN_NAMES: Final = {"proxy": "proxies", "allocator": "allocators", "sampler": "samplers"}
_ORACLES: Final[Mapping[str, Callable[[Job], Oracle]]] = {
    "train": TrainedOracle,
    "supernet": lambda job: SupernetOracle(TrainedOracle(job)),
}


@dataclass(frozen=True, slots=True, eq=False)
class Workbench:
    """What ``search.setup`` gives: one space and one budget over one model and one task.

    job: how candidates are scored and trained, settled. asked: what was asked for, of which it was made.
    progress: is told how far work is.

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
    asked: JobSettings
    progress: Progress = silent

    @property
    def budget(self) -> int:
        """In parameters."""
        return self.job.max_params

    @property
    def space(self) -> SearchSpace:
        """The sites that can be used, and the ranks to choose from."""
        return self.job.space

    def score(self, *proxies: str) -> tuple[SiteScores, ...]:
        """Scores of all sites, one for each proxy named; by default, by those that ``rankscape run`` takes.

        Raises UsageError on an unknown proxy, InputError where one that was named cannot score here.
        """
        for name in proxies:
            check_type("proxies", name, str)
        return tuple(score_space(self.job, proxies or None, progress=self.progress))

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

        Raises UsageError on what are no plans of this space, on a plan above the budget, and on a folder that
        is in use or holds anything else; InputError where every run failed.
        """
        if seeds is not None:
            check_whole("seeds", seeds, COUNTS)
        first = self.job.seed
        job = self.job if seeds is None else replace(self.job, seeds=tuple(range(first, first + seeds)))
        proposals = _proposed(plans, self.uniform(), job)
        with ExitStack() as stack:
            if folder is None:
                place = Path(stack.enter_context(TemporaryDirectory()))
            else:
                known = decisive(self.asked.by_name(), growing=("seeds",))
                owner = self._owner(folder, "search.fine_tune", known)
                place = stack.enter_context(owner.opened())
                owner.begin()
            oracle, kept = TrainedOracle(job), place / "candidates"
            return result_with(oracle, proposals, kept, self.progress, seconds={}, output=None)

    def search(
        self,
        *,
        proposals: int = _USUAL.proposals,
        finalists: int = _USUAL.finalists,
        proxies: str | Sequence[str] | None = None,
        allocators: str | Sequence[str] = _USUAL.allocator,
        samplers: str | Sequence[str] = _USUAL.sampler,
        evaluator: Literal["train", "supernet"] = _USUAL.evaluator,
        storage: str | None = None,
        folder: str | Path | None = None,
    ) -> Result:
        """What ``rankscape run`` finds: proposals by proxies and samplers, the best of them fine-tuned.

        Args:
            proposals: of each sampler, by scores alone.
            finalists: proposals that are fine-tuned besides the uniform baseline.
            proxies, allocators, samplers: who proposes, by name; one may stand alone.
            evaluator: "train" each finalist, or cut all of them from one "supernet" per seed.
            storage: address of the Optuna database that gets the studies "proposals" and "finalists", in
                place of an earlier search's: "sqlite:///study.db"; by default ``study.db`` in the folder.
            folder: gets the winner's adapter, ``result.json`` and the study, as that of ``rankscape run``
                with these options, which can go on in it, also with other text to ``generate``; by default
                nothing is kept.

        Raises UsageError on names and storages that there are not, and on a folder that is in use or holds
        anything else; InputError where every run failed.
        """
        with own_names(_OWN_NAMES):
            settings = SearchSettings(
                proposals=proposals,
                finalists=finalists,
                proxy=several(proxies),
                allocator=several(allocators),
                sampler=several(samplers),
                evaluator=evaluator,
            )
            check_names(settings)
        if folder is not None:
            known = {**self.asked.by_name(), **settings_by_name(settings)}
            owner = self._owner(folder, "search.run", known)
            with owner.opened():
                return self.search_in(owner, settings, storage=storage)
        with TemporaryDirectory() as place:
            oracle, seed = self._oracle(settings), self.job.seed
            result = search_with(
                oracle, settings, Path(place), seed=seed, progress=self.progress, storage=storage
            )
            return replace(result, output=None)

    def search_in(
        self,
        owner: OutputFolder,
        settings: SearchSettings,
        *,
        storage: str | None = None,
        command: str | None = None,
    ) -> Result:
        """``search`` in a folder that is open already, as ``rankscape run`` has it. command: its line."""
        return search_in_folder(
            self._oracle(settings),
            settings,
            owner,
            seed=self.job.seed,
            progress=self.progress,
            storage=storage,
            command=command,
        )

    def release(self) -> None:
        """Lets go of the base model and of ``threads``; what needs the model again loads it again."""
        self.job.machine.release()

    def _oracle(self, settings: SearchSettings) -> Oracle:
        return _ORACLES[settings.evaluator](self.job)

    def _owner(self, folder: str | Path, command: str, known: Mapping[str, object]) -> OutputFolder:
        """The folder as one that belongs to a command with all that is known to decide its results."""
        return OutputFolder(
            path_of("folder", folder),
            command,
            decisive(known),
            inputs=partial(inputs_of, self.asked.model, self.asked.data),
            growing=SEARCH_MAY_GROW,
            argument="folder",
        )


def _proposed(plans: Sequence[Allocation], baseline: Allocation, job: Job) -> list[Proposal]:
    """The baseline first; plans under the names of their places, from 1 on, equal ones together."""
    if isinstance(plans, Allocation) or not isinstance(plans, Iterable):
        raise UsageError(f"`plans` is a lone {type(plans).__name__}; give a list of allocations.")
    proposers: dict[Allocation, tuple[Proposer, ...]] = {baseline: (UNIFORM,)}
    for place, plan in enumerate(plans, start=1):
        _check_plan(f"plan {place} of `plans`", plan, job)
        if plan != baseline:
            proposers[plan] = (*proposers.get(plan, ()), Proposer(f"plan {place}"))
    return [Proposal(one, names, job.space.params(one), ()) for one, names in proposers.items()]


def _check_plan(title: str, plan: Allocation, job: Job) -> None:
    """Raises UsageError on what is no allocation of the job's sites within its budget."""
    if not isinstance(plan, Allocation):
        raise UsageError(
            f"{title} is a {type(plan).__name__}; give an allocation, such as `search.greedy` returns."
        )
    known = {site.name for site in job.space.sites}
    if unknown := [name for name, _ in plan.ranks if name not in known]:
        raise UsageError(
            f"{title} names {', '.join(unknown[:3])}, and no such site is among the "
            f"{counted(len(known), 'site')} of this space; set up another `space`."
        )
    if (params := job.space.params(plan)) > job.max_params:
        raise UsageError(
            f"{title} costs {params:,} of a budget of "
            f"{counted(job.max_params, 'parameter')}; lower its ranks, or set up a larger `budget`."
        )
