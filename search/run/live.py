"""A live search from end to end: its trials, then the finalists among them over all seeds."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from evaluators.executors.workload import Workload
from evaluators.store.ledger import Ledger
from evaluators.training.candidate import Candidate, Trained
from evaluators.training.leg import Leg
from proxies.site_scores import SiteScores
from search.job.fine_tune import fine_tune_legs
from search.job.job import Job
from search.job.machine import Machine
from search.job.progress import Progress, silent
from search.job.settings import COUNTS
from search.live.at_once import settled_at_once
from search.live.baselines import baselines_of
from search.live.begin import waves_of
from search.live.finals import choose_finals
from search.live.ladder import Ladder
from search.live.live_trial import LiveTrial
from search.live.settings import LiveSettings
from search.live.told import LiveNames, LiveNote
from search.live.watcher import LiveSearch, Watcher
from search.live.waves import LiveOutcome, TrainsLegs
from search.mirror.join_settings import JoinSettings
from search.mirror.lead import LedWatcher, conclude, concluded_by
from search.mirror.live_watcher import live_mirror
from search.mirror.shared_work import SharedWork
from search.mirror.study_place import StudyPlace
from search.sampling.proposals import Proposal
from search.sampling.running_study import Alternatives
from spaces.budget import parse_budget
from spaces.counted import counted
from spaces.errors import UsageError
from spaces.find_sites import find_sites
from spaces.meta_model import base_params
from spaces.scaling import SCALING_RULES, Rule
from spaces.site import Site

from .finalists_mirror import finalists_mirror
from .front_files import write_front
from .joined import CANDIDATES, agreed_scores, agreed_slots, joined_legs, joined_work
from .pipeline import result_with, save_result
from .record import SearchRecord
from .result import Result
from .settings import SearchSettings
from .trained import TrainedOracle

__all__ = ["LiveJob", "live_job_of", "search_live"]

_SEED_APART: Final = int(COUNTS.most)
"""From a search's seed to that of its trials: finalists have at most as many, so that none is theirs."""
_ALONE: Final = JoinSettings()
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class LiveJob:
    """A job whose trials are searched live.

    job: whose candidates may have the baselines' sites, too. linears: all there are. choices: for each trial.
    ladder: when it is judged. settings: with rates and rules in full. budget: as it was typed.
    """

    job: Job
    linears: tuple[Site, ...] = field(repr=False)
    choices: Alternatives
    ladder: Ladder
    settings: LiveSettings
    budget: str


def live_job_of(job: Job, live: LiveSettings, *, budget: str) -> LiveJob:
    """A job with what a live search adds, settled; raises UsageError on what cannot be.

    Baselines have the sites that people use, so that these are added to the space's for them alone.
    """
    linears = job.ground.usable(find_sites(job.model, "lora[all]"), job.recipe.renorm)
    inside = {site.name for site in job.space.sites}
    beside = tuple(site for site in linears if site.name not in inside)
    rates = tuple(dict.fromkeys(live.lrs or (job.learning_rate,)))
    named = dict.fromkeys(live.scalings or (job.recipe.scaling.rule,))
    rules: tuple[Rule, ...] = tuple(rule for name in named for rule in SCALING_RULES if rule == name)
    choices = Alternatives(rates, rules, _least_params(job, live.budget_min), job.max_params)
    ladder = Ladder(job.steps, live.halving, live.rungs)
    settings = replace(live, lrs=rates, scalings=rules, at_once=live.at_once or _slots(job.machine))
    return LiveJob(replace(job, beside=beside), linears, choices, ladder, settings, budget)


def _slots(machine: Machine) -> int:
    """How many trials its cohorts hold; UsageError where nobody knows, and a search would go another way each
    time it begins."""
    cohorts, size = machine.executor.at_once, machine.cohort_size
    if cohorts is None:
        raise UsageError(
            "`at_once` is missing: a cluster's workers come and go; give the number of those that there will "
            f"be times {size}, as each trains so many side by side."
        )
    return size * cohorts


def _least_params(job: Job, budget_min: str | None) -> int:
    if budget_min is None:
        return job.max_params
    space = job.space
    wanted = parse_budget(budget_min, argument="budget_min")
    least = wanted.max_params(space.sites, base_params=base_params(job.model))
    cheapest = min(site.cost_per_rank for site in space.sites) * space.ranks[1]
    if not cheapest <= least <= job.max_params:
        raise UsageError(
            f"`budget_min={budget_min}` is {counted(least, 'parameter')}; it must lie between {cheapest:,}, "
            f"the cheapest site at the lowest rank {space.ranks[1]}, and the budget of {job.max_params:,}."
        )
    return least


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

    Raises InputError where every run of the baselines failed.
    """
    oracle, spent = TrainedOracle(live.job), {}
    oracle.announce(folder)
    with ExitStack() as stack:
        work = stack.enter_context(joined_work(study, folder, join)) if join.join else None
        started = time.perf_counter()
        scores: Sequence[SiteScores] = oracle.score(settings.proxy, progress)
        spent["scoring"] = time.perf_counter() - started
        if work is None:
            live = _settled(live, folder / CANDIDATES)
        else:
            live, scores = _agreed(work, live), agreed_scores(work, scores)
        shown = _study_of_trials(work, study, oracle, stack)
        everybody = (shown, *watchers)
        outcome = _trials(
            live, settings, scores, folder / CANDIDATES, progress, study.command, everybody, work
        )
        spent["searching"] = time.perf_counter() - started - spent["scoring"]
        if work is not None and (known := concluded_by(work)) is not None:
            _log.info("all is over; the winner lies in %s, with another driver", known["output"])
            return SearchRecord.of_json(known)
        result = _finals(oracle, settings, outcome, scores, spent, folder, study, progress)
        for watcher in everybody:
            watcher.concluded(result)
        if work is not None:
            conclude(work, result.to_json())
    return result


def _agreed(work: SharedWork, live: LiveJob) -> LiveJob:
    """With as many trials at a time as all drivers have."""
    assert live.settings.at_once is not None, "a live job has all its settings"
    at_once = agreed_slots(work, live.settings.at_once)
    return replace(live, settings=replace(live.settings, at_once=at_once))


def _study_of_trials(
    work: SharedWork | None, study: StudyPlace, oracle: TrainedOracle, stack: ExitStack
) -> Watcher:
    """Who keeps it: this process, or the driver that leads."""
    drawn = oracle.problem.drawn_space
    if work is None:
        return stack.enter_context(live_mirror(study, drawn))
    led = LedWatcher(work, lambda: live_mirror(study, drawn))
    stack.callback(led.close)
    return led


def _finals(
    oracle: TrainedOracle,
    settings: SearchSettings,
    outcome: LiveOutcome,
    scores: Sequence[SiteScores],
    spent: dict[str, float],
    folder: Path,
    study: StudyPlace,
    progress: Progress,
) -> Result:
    """The best trials trained over all seeds, the best of them saved."""
    _, direction = outcome.search.objectives[0]
    finals = choose_finals(outcome.trials, settings.finalists, direction)
    proposals = [_proposal(trial) for trial in (finals.baseline, *finals.finalists)]
    with finalists_mirror(study, oracle.problem, proposals) as shown:
        kept = folder / CANDIDATES
        found = result_with(oracle, proposals, kept, progress, scores=scores, seconds=spent, output=folder)
        result = replace(found, live=outcome)
        save_result(result, folder, study.command)
        write_front(result, folder, study.command)
        shown.ended(result)
    return result


def _settled(live: LiveJob, kept: Path) -> LiveJob:
    """With as many trials at once as the search began with, if it goes on."""
    assert live.settings.at_once is not None, "a live job has all its settings"
    at_once = settled_at_once(kept, live.settings.at_once)
    return replace(live, settings=replace(live.settings, at_once=at_once))


def _trials(
    live: LiveJob,
    settings: SearchSettings,
    scores: Sequence[SiteScores],
    kept: Path,
    progress: Progress,
    command: str | None,
    watchers: Sequence[Watcher],
    work: SharedWork | None,
) -> LiveOutcome:
    """All trials, trained as far as they go."""
    job, search = live.job, _facts(live, scores, command)
    baselines = baselines_of(job.space, job.max_params, live.linears, scores)
    most = live.settings.trials + len(baselines) * len(live.choices.grid)
    _announce(live, most)
    assert live.settings.at_once is not None, "a live job has all its settings"
    ledger = job.ledger(kept)
    with job.machine.opened() as machine, progress("searching", most, "trial") as advance:
        train: TrainsLegs = _Legs(job.workload, ledger, machine, keep_tensors=len(search.objectives) > 1)
        forget: Callable[[Candidate], None] = ledger.forget_state
        if work is not None:
            shared = joined_legs(work, train, ledger, job.steps)
            train, forget = shared, shared.forget
        return waves_of(
            search,
            live.choices,
            scores,
            baselines,
            train,
            allocators=settings.allocator,
            samplers=settings.sampler,
            at_once=live.settings.at_once,
            seed=job.seed,
            watchers=(LiveNames(job.machine.log), LiveNote(advance, most), *watchers),
            forget=forget,
        ).run()


def _facts(live: LiveJob, scores: Sequence[SiteScores], command: str | None) -> LiveSearch:
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
        proxies=tuple(table.proxy for table in scores),
        rungs=live.ladder.rungs_at,
        seed=job.seed + _SEED_APART,
        seeds=job.seeds,
        command=command,
    )


def _announce(live: LiveJob, most: int) -> None:
    """Logs what is tried, and when it is judged."""
    settings, ladder = live.settings, live.ladder
    rungs = ", ".join(map(str, ladder.rungs_at))
    at_once = settings.at_once
    _log.info("trials   at most %d, %d of them no baselines; %s at a time", most, settings.trials, at_once)
    _log.info("judged   by %s after %s steps", settings.objectives[0], rungs)
    rates = ", ".join(f"{rate:g}" for rate in live.choices.learning_rates)
    _log.info("choices  lr %s; scaling %s", rates, ", ".join(live.choices.scalings))


def _proposal(trial: LiveTrial) -> Proposal:
    own = trial.configuration
    return Proposal(own.allocation, trial.proposers, trial.params, trial.scores, own)
