"""A job, and all that can be done with it: score, propose, fine-tune, search."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal

from proxies.proxy import Proxy
from proxies.site_scores import SiteScores
from search.allocation.uniform import uniform_allocation
from search.folder.output_folder import OutputFolder, decisive
from search.folder.provenance import inputs_of
from search.job.job import Job
from search.job.job_settings import JobSettings
from search.job.logged import logged
from search.job.option import check_whole
from search.job.progress import Progress, silent
from search.job.right_type import path_of, several
from search.job.run_names import CANDIDATES
from search.job.scoring import score_space
from search.job.settings import COUNTS
from search.live.settings import LiveSettings
from search.live.watcher import Watcher
from search.mirror.study_place import StudyPlace, study_of_job
from search.shared.join_settings import JoinSettings, check_join
from search.storage.settings import StorageSettings
from spaces.allocation import Allocation
from spaces.budget import written_budget
from spaces.errors import InputError, UsageError
from spaces.search_space import SearchSpace

from .before_loading import check_together
from .live import search_live
from .live_job import live_job_of
from .oracle import Oracle
from .own_names import own_names
from .pipeline import check_names, result_with, search_in_folder, search_with
from .plans import proposed_plans
from .record import SearchRecord
from .result import Result
from .settings import SEARCH_MAY_GROW, SearchSettings
from .supernet_oracle import SupernetOracle
from .trained import TrainedOracle

__all__ = ["Workbench"]

_USUAL, _LIVE, _SHOWN, _ALONE = SearchSettings(), LiveSettings(), StorageSettings(), JoinSettings()
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

    def score(self, *proxies: str | Proxy) -> tuple[SiteScores, ...]:
        """Scores of all sites, one for each proxy, a name or a ``proxies.proxy.Proxy``; by default, by those
        that ``rankscape run`` takes.

        Raises UsageError on an unknown name and two of one name, InputError where one asked for cannot score.
        """
        return tuple(score_space(self.job, proxies or None, progress=self.progress))

    def uniform(self) -> Allocation:
        """The baseline: every site at one rank, as far as the budget goes."""
        return uniform_allocation(self.space, self.budget)

    def fine_tune(
        self,
        plans: Sequence[Allocation],
        *,
        seeds: int | None = None,
        folder: str | Path | None = None,
        log: str | None = None,
    ) -> Result:
        """Plans beside the uniform allocation, which is trained too where it is none of them.

        Args:
            plans: allocations within the budget.
            seeds: runs of each of them; by default as many as were set up.
            folder: keeps what has finished, so that an interrupted call goes on; by default nothing is kept.
            log: "tensorboard" or "wandb", which is told all losses, in ``logs`` of the folder.

        Raises UsageError on what are no plans of this space, on a plan above the budget, and on a folder that
        is in use or holds anything else; InputError where every run failed.
        """
        if seeds is not None:
            check_whole("seeds", seeds, COUNTS)
        first = self.job.seed
        job = logged(self.job, log, folder)
        job = job if seeds is None else replace(job, seeds=tuple(range(first, first + seeds)))
        proposals = proposed_plans(plans, self.uniform(), job)
        with ExitStack() as stack:
            if folder is None:
                place = Path(stack.enter_context(TemporaryDirectory()))
            else:
                known = decisive(self.asked.each(), growing=("seeds",))
                owner = self._owner(folder, "search.fine_tune", known)
                place = stack.enter_context(owner.opened())
                owner.begin()
            oracle, kept = TrainedOracle(job), place / CANDIDATES
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
        trials: int = _LIVE.trials,
        halving: int = _LIVE.halving,
        rungs: int = _LIVE.rungs,
        pruner: str = _LIVE.pruner,
        lrs: Sequence[float] | None = _LIVE.lrs,
        scalings: str | Sequence[str] | None = _LIVE.scalings,
        objectives: str | Sequence[str] = _LIVE.objectives,
        budget_min: str | int | None = _LIVE.budget_min,
        at_once: int | None = _LIVE.at_once,
        storage: str | None = None,
        study_name: str | None = None,
        join: bool = _ALONE.join,
        heartbeat: int = _ALONE.heartbeat,
        folder: str | Path | None = None,
        log: str | None = None,
        watchers: Sequence[Watcher] = (),
    ) -> Result:
        """What ``rankscape run`` finds: proposals by proxies and samplers, the best of them fine-tuned; with
        ``trials``, a live search, most trials of which are stopped early.

        Args:
            proposals: of each sampler, by scores alone.
            finalists: proposals that are fine-tuned besides the uniform baseline.
            proxies, allocators, samplers: who proposes, by name; one may stand alone.
            evaluator: "train" each finalist, or cut all of them from one "supernet" per seed.
            trials: allocations, each with a rate and a rule, that are trained while the search goes on.
            halving, rungs, pruner: who of them is stopped, and when.
            lrs, scalings: learning rates and scaling rules to choose from; by default the rate and rule that
                were set up; where no rate was, the usual one, 2.5 times as much and as little, and where no
                rule was, "alpha/r" and "constant".
            objectives: what trials are compared by; over several, the result has a ``front``.
            budget_min: each trial has a budget of its own from this up.
            at_once: trials that are trained side by side.
            storage: address of the Optuna storage that gets the studies of trials, proposals and finalists:
                "sqlite:///study.db"; by default ``study.db`` in the folder.
            study_name: how their names begin; by default with task, model and budget.
            join, heartbeat: share the trials with other processes that make the same call, each with a folder
                of its own; one of them has the result.
            folder: gets the winner's adapter, ``result.json`` and the study, as that of ``rankscape run``
                with these options, which can go on in it, also with other text to ``generate``; by default
                nothing is kept.
            log: "tensorboard" or "wandb", which is told all losses, in ``logs`` of the folder.
            watchers: are told how trials begin, are judged and end.

        Raises UsageError on names and storages that there are not, and on a folder that is in use or holds
        anything else; InputError where every run failed, and where another driver has the result.
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
            live = LiveSettings(
                trials=trials,
                halving=halving,
                rungs=rungs,
                pruner=pruner,
                lrs=several(lrs),
                scalings=several(scalings),
                objectives=several(objectives),
                budget_min=None if budget_min is None else written_budget(budget_min, argument="budget_min"),
                at_once=at_once,
            )
            check_names(settings, live)
            shown, joined = StorageSettings(storage, study_name), JoinSettings(join, heartbeat)
            check_join(joined, live, shown)
        bench = replace(self, job=logged(self.job, log, folder))
        if folder is not None:
            known = decisive((*self.asked.each(), settings, live))
            owner = self._owner(folder, "search.run", known, shared=join)
            with owner.opened():
                found = bench.search_in(owner, settings, live, shown=shown, join=joined, watchers=watchers)
            if isinstance(found, SearchRecord):
                raise InputError(f"another driver has the winner, {found.held_by}; ask there.")
            return found
        if join:
            raise UsageError("`join` needs a `folder`, in which this driver keeps what it trained; give one.")
        with TemporaryDirectory() as place:
            study = study_of_job(self.job, self.asked.space.budget, shown)
            search = self._prepared(settings, live, study, joined, watchers)
            found = search(Path(place), None)
            assert isinstance(found, Result), "a search that is not shared has its own"
            return replace(found, output=None)

    def search_in(
        self,
        owner: OutputFolder,
        settings: SearchSettings,
        live: LiveSettings = _LIVE,
        *,
        shown: StorageSettings = _SHOWN,
        join: JoinSettings = _ALONE,
        command: str | None = None,
        watchers: Sequence[Watcher] = (),
    ) -> Result | SearchRecord:
        """``search`` in a folder that is open already, as ``rankscape run`` has it; the record alone where
        another driver has the result. command: its line."""
        study = study_of_job(self.job, self.asked.space.budget, shown, command=command)
        search = self._prepared(settings, live, study, join, watchers)
        return search_in_folder(owner, search)

    def release(self) -> None:
        """Lets go of the base model and of ``threads``; what needs the model again loads it again."""
        self.job.machine.release()

    def _prepared(
        self,
        settings: SearchSettings,
        live: LiveSettings,
        study: StudyPlace,
        join: JoinSettings,
        watchers: Sequence[Watcher],
    ) -> Callable[[Path, str | None], Result | SearchRecord]:
        """The search that is asked for, of a folder and of whose it is; refused is what can be refused before
        it begins."""
        if not live.trials:
            oracle, seed = _ORACLES[settings.evaluator](self.job), self.job.seed
            return lambda folder, identity: search_with(
                oracle, settings, folder, seed=seed, study=study.at(folder, identity), progress=self.progress
            )
        check_together(settings, live)
        space, rate = self.asked.space, self.asked.training.lr
        ready = live_job_of(self.job, live, budget=space.budget, rate=rate, scaling=space.scaling)
        return lambda folder, identity: search_live(
            ready,
            settings,
            folder,
            study=study.at(folder, identity),
            join=join,
            progress=self.progress,
            watchers=watchers,
        )

    def _owner(
        self, folder: str | Path, command: str, known: Mapping[str, object], *, shared: bool = False
    ) -> OutputFolder:
        """The folder as one that belongs to a command with all that decides its results."""
        return OutputFolder(
            path_of("folder", folder),
            command,
            known,
            inputs=partial(inputs_of, self.asked.model, self.asked.data),
            shared=shared,
            growing=SEARCH_MAY_GROW,
            argument="folder",
        )
