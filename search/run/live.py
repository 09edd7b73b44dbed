"""A live search from end to end: its trials, then the finalists among them over all seeds."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from evaluators.executors.workload import Workload
from evaluators.store.ledger import Ledger
from evaluators.training.candidate import Candidate, Trained
from evaluators.training.leg import Leg
from proxies.site_scores import SiteScores
from search.job.fine_tune import fine_tune_legs
from search.job.machine import Machine
from search.job.progress import Progress, silent
from search.job.run_names import CANDIDATES
from search.job.settings import COUNTS
from search.live.baselines import baselines_of
from search.live.begin import waves_of
from search.live.finals import AllFailedError, choose_finals
from search.live.live_trial import LiveTrial
from search.live.nobody_stopped import nobody_stopped
from search.live.recorded import recorded
from search.live.told import LiveNames, LiveNote
from search.live.watcher import LiveSearch, Watcher
from search.live.waves import LiveOutcome
from search.mirror.free_names import check_free
from search.mirror.live_watcher import live_mirror
from search.mirror.study_place import StudyPlace
from search.sampling.proposals import Proposal
from search.shared.join_settings import JoinSettings
from search.storage.patience import StorageAwayError
from spaces.counted import counted
from spaces.errors import InputError

from .company import Company
from .finalists_mirror import LIVE_STUDIES, finalists_mirror
from .front_files import write_front
from .joined import company_of
from .live_job import LiveJob
from .pipeline import result_with, save_result
from .record import SearchRecord
from .result import Result
from .settings import SearchSettings
from .trained import TrainedOracle

__all__ = ["search_live"]

_SEED_APART: Final = int(COUNTS.most)
"""From a search's seed to that of its trials: finalists have at most as many, so that none is theirs."""
_ALONE: Final = JoinSettings()
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class _Legs:
    """Trains the legs of a job on a machine, none twice.

    A failure that may pass is recorded, too: the search goes on without that trial, and would be another one
    if it were trained when the search goes on after an interruption.
    """

    workload: Workload
    ledger: Ledger
    machine: Machine
    keep_tensors: bool

    def __call__(self, legs: Sequence[Leg], /) -> list[Trained]:
        trained = fine_tune_legs(
            self.workload, legs, self.ledger, self.machine, keep_tensors=self.keep_tensors
        )
        for leg, one in zip(legs, trained, strict=True):
            if one.evaluation.may_pass:
                lasting = replace(one.evaluation, may_pass=False)
                self.ledger.record(leg, replace(one, evaluation=lasting))
        return trained

    def forget(self, candidate: Candidate, /) -> None:
        self.ledger.forget_state(candidate)


def search_live(
    live: LiveJob,
    settings: SearchSettings,
    folder: Path,
    *,
    study: StudyPlace,
    join: JoinSettings = _ALONE,
    progress: Progress = silent,
    watchers: Sequence[Watcher] = (),
) -> Result | SearchRecord:
    """The result of a live search; all but ``result.json`` is written into ``folder``, the winner among it.

    Args:
        live: the job, and what is chosen for its trials.
        settings: who proposes, and how many finalists.
        folder: there already; what it holds of trials and finalists, in ``candidates``, is read.
        study: where the studies of trials and of finalists lie.
        join: whether the search is shared; if so, of all its drivers one has the result, and its folder the
            winner; the others have its record.
        progress: of scoring, searching and evaluating.
        watchers: are told what happens, besides the study.

    Raises InputError where no trial was trained to its end, or every run of the finalists failed; the page
    tells of them.
    """
    spent: dict[str, float] = {}
    oracle = TrainedOracle(live.job, live.choices.learning_rates, live.choices.scalings)
    oracle.announce(folder)
    with ExitStack() as stack:
        company = stack.enter_context(company_of(study, folder, join))
        check_free(study, LIVE_STUDIES)
        if (known := company.ended()) is not None:
            return known
        live = live.with_at_once(company.at_once(live.at_once))
        run = _LiveRun(live, settings, oracle, folder=folder, study=study, company=company, progress=progress)
        started = time.perf_counter()
        scores = company.scores(oracle.score(settings.proxy, progress))
        spent["scoring"] = time.perf_counter() - started
        shown = stack.enter_context(company.shown(partial(live_mirror, study, oracle.problem.drawn_space)))
        everybody = (shown, *watchers)
        outcome = run.trials(scores, everybody)
        if (said := nobody_stopped(recorded(outcome), live.job.max_params)) is not None:
            _log.warning("%s", said)
        spent["searching"] = time.perf_counter() - started - spent["scoring"]
        if (known := company.awaited(run.ledger())) is not None:
            return known
        try:
            found = run.finals(outcome, scores, spent)
        except StorageAwayError:  # the same line goes on
            raise
        except InputError as error:
            page = shown.given_up(str(error))
            if isinstance(error, AllFailedError):  # and not what this machine alone lacks
                company.give_up(str(error))
            raise InputError(f"{error}{'' if page is None else f'; {page} has all trials'}") from error
        if isinstance(found, SearchRecord):
            return found
        for watcher in everybody:
            watcher.concluded(found)
        return company.conclude(found)


@dataclass(frozen=True, slots=True, eq=False)
class _LiveRun:
    """A search that is settled, with all that its trials and its finalists need."""

    live: LiveJob
    settings: SearchSettings
    oracle: TrainedOracle
    folder: Path
    study: StudyPlace
    company: Company
    progress: Progress

    @property
    def kept(self) -> Path:
        """Where trials and finalists are kept."""
        return self.folder / CANDIDATES

    def ledger(self) -> Ledger:
        """What has been trained by now."""
        return self.live.job.ledger(self.kept)

    def trials(self, scores: Sequence[SiteScores], watchers: Sequence[Watcher]) -> LiveOutcome:
        """All trials, trained as far as they go."""
        live, job, search = self.live, self.live.job, _facts(self.live, self.study.command)
        baselines = baselines_of(job.space, job.max_params, live.linears, scores)
        most = live.settings.trials + len(baselines) * len(live.choices.grid)
        _announce(live, most)
        ledger = self.ledger()
        with job.machine.opened() as machine, self.progress("searching", most, "trial") as advance:
            own = _Legs(job.workload, ledger, machine, keep_tensors=len(search.objectives) > 1)
            train = self.company.training(own, ledger, job.steps)
            return waves_of(
                search,
                live.choices,
                scores,
                baselines,
                train,
                allocators=self.settings.allocator,
                samplers=self.settings.sampler,
                seed=job.seed,
                watchers=(LiveNames(job.machine.log), LiveNote(advance, most), *watchers),
                forget=train.forget,
            ).run()

    def finals(
        self, outcome: LiveOutcome, scores: Sequence[SiteScores], spent: Mapping[str, float]
    ) -> Result | SearchRecord:
        """The finalists trained and judged, the winner and the front saved; or what another came to that has
        followed meanwhile, and then nothing of these is saved or shown."""
        _, direction = outcome.search.objectives[0]
        finals = choose_finals(outcome.trials, self.settings.finalists, direction)
        proposals = [_proposal(trial) for trial in (finals.baseline, *finals.finalists)]
        oracle, folder, study, company = self.oracle, self.folder, self.study, self.company
        with finalists_mirror(study, oracle.problem, proposals) as shown:
            try:
                found = result_with(
                    oracle, proposals, self.kept, self.progress, scores=scores, seconds=spent, output=folder
                )
            except InputError as error:
                if isinstance(error, StorageAwayError) or (known := company.followed()) is None:
                    raise
                return known
            if (known := company.followed()) is not None:
                return known
            result = replace(found, live=outcome, study=study.elsewhere)
            save_result(result, folder, study.command)
            write_front(result, folder, study.command)
            shown.ended(result)
        return result


def _facts(live: LiveJob, command: str | None) -> LiveSearch:
    job, objective = live.job, live.job.task.objective
    return LiveSearch(
        model=job.model_title,
        task=job.task.name,
        title=job.title,
        budget=live.budget,
        space=job.space,
        max_params=job.max_params,
        metric=objective.metric_title,
        direction=objective.direction,
        settings=live.settings,
        ladder=live.ladder,
        seed=job.seed + _SEED_APART,
        seeds=job.seeds,
        command=command,
    )


def _announce(live: LiveJob, most: int) -> None:
    """Logs what is tried, and when it is judged."""
    settings, ladder = live.settings, live.ladder
    rungs = ", ".join(map(str, ladder.rungs_at))
    baselines = counted(most - settings.trials, "baseline")
    _log.info("trials   at most %d, and %s; %d at a time", settings.trials, baselines, live.at_once)
    _log.info("judged   by %s after %s steps", settings.objectives[0], rungs)


def _proposal(trial: LiveTrial) -> Proposal:
    own = trial.configuration
    return Proposal(own.allocation, trial.proposers, trial.params, trial.scores, own, trial.number)
