"""What a search found, as the object that ``--json`` prints and ``result.json`` holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from evaluators.training.candidate import Trained
from proxies.site_scores import SiteScores
from search.statistics.paired import PairedDifference
from search.statistics.rank_correlation import rank_correlation
from search.statistics.summary import Summary
from spaces.search_space import SearchSpace

from .finalist import Finalist
from .verdict import Judged, verdict

__all__ = ["Conclusion", "Outcome", "result_of"]


@dataclass(frozen=True, slots=True, eq=False)
class Conclusion:
    """How the winner and the baseline did on the rows used once, and which of the winner's runs was saved.

    winner, baseline: the metric on those rows per seed, None where a run failed.
    """

    saved: Trained
    winner: Sequence[float | None]
    baseline: Sequence[float | None]


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """The finalists of one search, and what came of the best.

    finalists: the uniform baseline first. winner: the one chosen by validation. conclusion: None where a
    table answered for the runs, which has no rows to test on and no weights to save.
    """

    finalists: tuple[Finalist, ...]
    winner: Finalist
    conclusion: Conclusion | None

    @property
    def baseline(self) -> Finalist:
        """The uniform allocation of the same budget."""
        return self.finalists[0]

    @property
    def tested(self) -> tuple[Sequence[float | None], Sequence[float | None]] | None:
        """The metric per seed of winner and baseline on the rows used once, where there are any."""
        return None if self.conclusion is None else (self.conclusion.winner, self.conclusion.baseline)


def result_of(
    outcome: Outcome,
    *,
    space: SearchSpace,
    max_params: int,
    scores: Sequence[SiteScores],
    judged: Judged,
    positive_label: str | None = None,
    notes: Sequence[str] = (),
    seconds: Mapping[str, float],
    output: Path,
) -> dict[str, object]:
    """The result object; finalists come best first, without the baseline.

    positive_label: that the metric is of, where it is of one. notes: sentences a reader must know.
    """
    ranked = sorted(outcome.finalists[1:], key=lambda finalist: finalist.rank, reverse=True)
    return {
        "verdict": verdict(outcome.finalists, outcome.winner, outcome.tested, judged),
        "space": {
            "sites": [site.name for site in space.sites],
            "params_per_rank": space.params_per_rank,
            "ranks": list(space.ranks),
        },
        "budget": max_params,
        "metric": judged.metric,
        "metric_title": judged.title,
        "positive_label": positive_label,
        "rows": dict(judged.rows),
        "notes": list(notes),
        "baseline": _entry(outcome.baseline, outcome),
        "finalists": [_entry(finalist, outcome) for finalist in ranked],
        "best": {
            **_entry(outcome.winner, outcome),
            "is_baseline": outcome.winner is outcome.baseline,
            **_conclusion(outcome),
        },
        "proxies": {table.proxy: _correlation(table, outcome.finalists) for table in scores},
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
        "output": str(output),
    }


def _entry(finalist: Finalist, outcome: Outcome) -> dict[str, object]:
    summary, baseline = finalist.summary, outcome.baseline
    return {
        "proposer": finalist.proposal.proposer,
        "proposers": list(finalist.proposal.proposers),
        "allocation": dict(finalist.proposal.allocation.ranks),
        "params": finalist.proposal.params,
        "metric_mean": summary.mean if summary else None,
        "metric_sd": summary.sd if summary else None,
        "metrics": {str(run.evaluation.candidate.seed): run.evaluation.metric for run in finalist.runs},
        "failures": [run.evaluation.failure for run in finalist.runs if run.evaluation.failure],
        "difference": None if finalist is baseline else _interval(finalist.metrics, baseline.metrics),
        "scores": dict(finalist.proposal.scores),
        "seconds": round(finalist.seconds, 3),
        "peak_memory": max(run.evaluation.peak_memory for run in finalist.runs),
    }


def _conclusion(outcome: Outcome) -> dict[str, object]:
    conclusion = outcome.conclusion
    if conclusion is None:
        return dict.fromkeys(("test", "baseline_test", "test_difference", "saved_seed", "saved_test"))
    return {
        "test": _summary(conclusion.winner),
        "baseline_test": _summary(conclusion.baseline),
        "test_difference": _interval(conclusion.winner, conclusion.baseline),
        "saved_seed": conclusion.saved.evaluation.candidate.seed,
        "saved_test": conclusion.winner[outcome.winner.runs.index(conclusion.saved)],
    }


def _summary(metrics: Sequence[float | None]) -> dict[str, object]:
    finished = [metric for metric in metrics if metric is not None]
    summary = Summary.of(finished) if finished else None
    return {
        "metrics": list(metrics),
        "mean": summary.mean if summary else None,
        "sd": summary.sd if summary else None,
    }


def _interval(ours: Sequence[float | None], theirs: Sequence[float | None]) -> dict[str, float | None] | None:
    apart = PairedDifference.of(ours, theirs)
    return None if apart is None else asdict(apart.interval)


def _correlation(scores: SiteScores, finalists: Sequence[Finalist]) -> dict[str, object]:
    known = [(dict(f.proposal.scores)[scores.proxy], f.summary.mean) for f in finalists if f.summary]
    spearman = rank_correlation([score for score, _ in known], [mean for _, mean in known])
    return {"point": scores.point, "spearman": spearman, "allocations": len(known)}
