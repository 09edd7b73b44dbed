"""What a search found: its finalists, the one it chose, and what came of that."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from evaluators.adapters.story import Story
from evaluators.objectives.task_objective import Score
from evaluators.training.beside import values_beside
from evaluators.training.candidate import Trained
from proxies.site_scores import SiteScores
from search.job.findings import known_at
from search.job.texts import Writing
from search.live.live_trial import LiveTrial
from search.live.recorded import front_in_order, recorded
from search.live.waves import LiveOutcome
from search.show.sheet import Sheet
from search.statistics.interval import Interval
from search.statistics.paired import PairedDifference
from search.statistics.rank_correlation import rank_correlation
from search.statistics.summary import Summary
from spaces.allocation import Allocation

from .finalist import Finalist
from .front_point import FrontPoint
from .problem import Problem
from .record import BestRecord, FinalistRecord, HeldOutRecord, ProxyRecord, SearchedSpace, SearchRecord
from .search_sheet import samples_of, search_sheet
from .story import story_of, story_of_trial
from .verdict import verdict

__all__ = ["Best", "Conclusion", "Result", "finalist_record"]


@dataclass(frozen=True, slots=True, eq=False)
class Conclusion:
    """How winner and baseline are judged on the rows used once, per seed; None where a run failed.

    writing: what they wrote in answer to the prompts of those rows; None where they were not asked to.
    """

    winner: Sequence[Score | None]
    baseline: Sequence[Score | None]
    writing: Writing | None = None

    @property
    def metrics(self) -> tuple[list[float | None], list[float | None]]:
        """The metric alone, of winner and baseline."""
        return _metrics(self.winner), _metrics(self.baseline)


@dataclass(frozen=True, slots=True, eq=False)
class Best:
    """The finalist that was chosen, and its best run by validation."""

    finalist: Finalist
    run: Trained = field(repr=False)
    keep: Callable[[Trained, Path, Story], None] = field(repr=False)
    story: Callable[[str | None], Story] = field(repr=False)

    @property
    def allocation(self) -> Allocation:
        return self.finalist.proposal.allocation

    def save(self, folder: str | Path, *, command: str | None = None) -> None:
        """Writes the run as an adapter with a model card; an older adapter in the folder is replaced.

        command: the line that did it, for the card. Raises InputError where a table answered for the runs,
        which has no weights.
        """
        self.keep(self.run, Path(folder), self.story(command))


@dataclass(frozen=True, eq=False)
class Result:
    """The finalists of one search, and what came of the best.

    >>> import search
    >>> small = {"train_rows": 8, "eval_rows": 8, "scoring_batches": 1, "seeds": 1}
    >>> result = search.setup(space="lora[q]", budget="r=1", **small).fine_tune([])
    >>> result.best.allocation.rank("layers.0.q"), result.to_json()["budget"]
    (1, 4608)

    Args:
        problem: what was searched, under which budget.
        scores: of all sites, a table a proxy.
        finalists: the uniform baseline first.
        winner: the one of them that was chosen by validation; it has a run that finished.
        conclusion: None where a table answered for the runs, which has no rows to test on.
        seconds: by stage.
        output: where all of it lies, where it was written.
        keep: writes a run, and what is told of it, as an adapter into a folder.
        live: the trials that were trained on the way; None where finalists alone were.
        study: how the names of its studies begin in a storage elsewhere; None where they are in ``output``.
    """

    problem: Problem
    scores: tuple[SiteScores, ...] = field(repr=False)
    finalists: tuple[Finalist, ...] = field(repr=False)
    winner: Finalist
    conclusion: Conclusion | None
    seconds: Mapping[str, float]
    output: Path | None
    keep: Callable[[Trained, Path, Story], None] = field(repr=False)
    live: LiveOutcome | None = field(default=None, repr=False)
    study: str | None = None

    @property
    def baseline(self) -> Finalist:
        """The uniform allocation of the same budget; of a live search, the best of the baselines."""
        return self.finalists[0]

    @property
    def front(self) -> tuple[FrontPoint, ...]:
        """Of a live search over several objectives: the trials than which none is better in all, by
        parameters, each of which can be saved."""
        if self.live is None:
            return ()
        return tuple(
            FrontPoint(trial, self.live.trained[trial.number], self.keep, self._story_of_trial)
            for trial in front_in_order(self.live)
        )

    def _story_of_trial(self, trial: LiveTrial, command: str | None) -> Story:
        assert self.live is not None, "only a live search has trials"
        search, task = self.live.search, self.problem.task
        return story_of_trial(trial, search, self.verdict, task=task, command=command)

    @property
    def best(self) -> Best:
        """What was chosen, to be saved."""
        run = self.winner.best_run
        assert run is not None, "a winner has a run that finished"
        return Best(self.winner, run, self.keep, self._story)

    def _story(self, command: str | None) -> Story:
        return story_of(self.record, task=self.problem.task, command=command)

    @property
    def verdict(self) -> str:
        """Whether any allocation is shown to beat the baseline, in one sentence."""
        tested = None if self.conclusion is None else self.conclusion.metrics
        return verdict(self.finalists, self.winner, tested, self.problem.judged)

    @property
    def writing(self) -> Writing | None:
        """What winner and baseline wrote; None where they were not asked to."""
        return None if self.conclusion is None else self.conclusion.writing

    @property
    def sheet(self) -> Sheet:
        """The verdict, the finalists beside the baseline, and what else a person should know, in parts."""
        return search_sheet(self.record)

    def table(self) -> str:
        """``sheet`` as text, and below it some of what was written."""
        return "\n".join(filter(None, (self.sheet.text, samples_of(self.record))))

    def to_json(self) -> dict[str, object]:
        """What ``result.json`` holds."""
        return self.record.to_json()

    @cached_property
    def record(self) -> SearchRecord:
        """The same without weights, as it is written down; finalists come best first."""
        problem, space = self.problem, self.problem.space
        ranked = sorted(self.finalists[1:], key=lambda finalist: finalist.rank, reverse=True)
        return SearchRecord(
            verdict=self.verdict,
            space=SearchedSpace(tuple(site.name for site in space.sites), space.params_per_rank, space.ranks),
            budget=problem.max_params,
            metric=problem.judged.metric,
            metric_title=problem.judged.title,
            direction=problem.judged.direction,
            positive_label=problem.positive_label,
            rows=dict(problem.judged.rows),
            notes=(*problem.untrained, *problem.notes),
            baseline=finalist_record(self.baseline, None),
            finalists=tuple(finalist_record(one, self.baseline) for one in ranked),
            best=_best(self),
            proxies={table.proxy: _correlation(table, self.finalists) for table in self.scores},
            seconds={name: round(value, 3) for name, value in self.seconds.items()},
            output=None if self.output is None else str(self.output),
            text=None if self.writing is None else self.writing.record,
            live=None if self.live is None else recorded(self.live),
            study=self.study,
            known=known_at(problem.max_params / space.params_per_rank),
            training=problem.training,
            evaluator=problem.evaluator,
        )


def finalist_record(finalist: Finalist, baseline: Finalist | None) -> FinalistRecord:
    """A finalist as it is written down. baseline: None of the baseline itself."""
    summary, proposal, chosen = finalist.summary, finalist.proposal, finalist.proposal.configuration
    return FinalistRecord(
        proposer=proposal.proposer,
        proposers=tuple(map(str, proposal.proposers)),
        allocation=dict(proposal.allocation.ranks),
        params=proposal.params,
        metric_mean=summary.mean if summary else None,
        metric_sd=summary.sd if summary else None,
        metrics={str(run.evaluation.candidate.seed): run.evaluation.metric for run in finalist.runs},
        failures=tuple(run.evaluation.failure for run in finalist.runs if run.evaluation.failure),
        difference=None if baseline is None else _interval(finalist.metrics, baseline.metrics),
        scores=dict(proposal.scores),
        seconds=round(finalist.seconds, 3),
        peak_memory=max(run.evaluation.peak_memory for run in finalist.runs),
        beside=_means(values_beside(run.evaluation for run in finalist.runs)),
        learning_rate=None if chosen is None else chosen.learning_rate,
        scaling=None if chosen is None else chosen.scaling,
        trial=proposal.trial,
    )


def _best(result: Result) -> BestRecord:
    conclusion, is_baseline = result.conclusion, result.winner is result.baseline
    finalist = finalist_record(result.winner, None if is_baseline else result.baseline)
    if conclusion is None:
        return BestRecord(finalist, is_baseline, None, None, None, None, None)
    saved = result.best.run
    test, baseline_test = _tested(conclusion.winner), _tested(conclusion.baseline)
    return BestRecord(
        finalist,
        is_baseline,
        test=test,
        baseline_test=baseline_test,
        test_difference=_interval(test.metrics, baseline_test.metrics),
        saved_seed=saved.evaluation.candidate.seed,
        saved_test=test.metrics[result.winner.runs.index(saved)],
        test_loss_difference=_interval(test.losses, baseline_test.losses),
    )


def _tested(scores: Sequence[Score | None]) -> HeldOutRecord:
    finished = [score for score in scores if score is not None]
    summary = Summary.of([score.metric for score in finished]) if finished else None
    return HeldOutRecord(
        tuple(_metrics(scores)),
        summary.mean if summary else None,
        summary.sd if summary else None,
        _means(values_beside(finished)),
        tuple(None if score is None else score.loss for score in scores),
    )


def _metrics(scores: Sequence[Score | None]) -> list[float | None]:
    return [None if score is None else score.metric for score in scores]


def _means(values: Mapping[str, Sequence[float]]) -> dict[str, float]:
    return {name: Summary.of(own).mean for name, own in values.items()}


def _interval(ours: Sequence[float | None], theirs: Sequence[float | None]) -> Interval | None:
    apart = PairedDifference.of(ours, theirs)
    return None if apart is None else apart.interval


def _correlation(scores: SiteScores, finalists: Sequence[Finalist]) -> ProxyRecord:
    """Over allocations: of finalists that differ in rate or scaling alone, the best speaks for theirs."""
    known = {
        one.proposal.allocation: (dict(one.proposal.scores)[scores.proxy], one.goodness)
        for one in sorted(finalists, key=lambda one: one.rank)
        if one.goodness is not None and one.proposal.scores
    }
    pairs = known.values()
    spearman = rank_correlation([score for score, _ in pairs], [goodness for _, goodness in pairs])
    return ProxyRecord(scores.point, spearman, len(known))
