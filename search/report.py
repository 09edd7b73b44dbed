"""What a search found: the result object, and the table that a person reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from evaluators.candidate import Trained
from proxies.site_scores import SiteScores
from spaces.search_space import SearchSpace

from .proposals import Proposal
from .statistics import Interval, Summary, paired_difference, rank_correlation

__all__ = ["Finalist", "TestReport", "format_table", "result_of"]


@dataclass(frozen=True, slots=True)
class Finalist:
    """A proposal with its fine-tuning runs, one per seed, in the same order of seeds for all."""

    proposal: Proposal
    runs: tuple[Trained, ...]

    @property
    def finished(self) -> tuple[Trained, ...]:
        """The runs that did not fail."""
        return tuple(run for run in self.runs if run.evaluation.failure is None)

    @property
    def metrics(self) -> list[float]:
        """Validation metric of every finished run."""
        return [run.evaluation.metric for run in self.finished if run.evaluation.metric is not None]

    @property
    def mean(self) -> float | None:
        """Mean validation metric over the finished runs; None where all failed."""
        return Summary.of(self.metrics).mean if self.metrics else None

    @property
    def sd(self) -> float | None:
        """Standard deviation of the metric over finished runs; None with fewer than two."""
        return Summary.of(self.metrics).sd if self.metrics else None

    @property
    def seconds(self) -> float:
        """Fine-tuning time of all runs, each with its share of its cohort's."""
        return sum(run.evaluation.seconds for run in self.runs)

    @property
    def best_run(self) -> Trained | None:
        """The finished run with the best validation metric, the lower loss on ties."""
        return max(
            self.finished, key=lambda run: (run.evaluation.metric, -(run.evaluation.loss or 0)), default=None
        )

    @property
    def rank(self) -> tuple[int, float, float]:
        """By which finalists are compared: fewest failures, best mean metric, lowest mean loss."""
        losses = [run.evaluation.loss for run in self.finished if run.evaluation.loss is not None]
        loss = sum(losses) / len(losses) if losses else float("inf")
        return len(self.finished), self.mean if self.mean is not None else float("-inf"), -loss


@dataclass(frozen=True, slots=True)
class TestReport:
    """Metric on the rows used once, per finished seed, of the winner and of the uniform baseline."""

    __test__ = False  # not a pytest class

    best: tuple[float, ...]
    baseline: tuple[float, ...]


def result_of(
    *,
    space: SearchSpace,
    max_params: int,
    scores: Sequence[SiteScores],
    finalists: Sequence[Finalist],
    best: Finalist,
    test: TestReport,
    metric: str,
    seconds: Mapping[str, float],
    output: Path,
) -> dict[str, object]:
    """The object that ``--json`` prints and ``result.json`` holds. finalists[0] is the uniform baseline."""
    baseline, others = finalists[0], list(finalists[1:])
    ranked = sorted(others, key=lambda finalist: finalist.rank, reverse=True)
    best_run = best.best_run
    assert best_run is not None
    return {
        "space": {
            "sites": [site.name for site in space.sites],
            "params_per_rank": space.params_per_rank,
            "ranks": list(space.ranks),
        },
        "budget": max_params,
        "metric": metric,
        "baseline": _entry(baseline, baseline),
        "finalists": [_entry(finalist, baseline) for finalist in ranked],
        "best": {
            **_entry(best, baseline),
            "is_baseline": best is baseline,
            "saved_seed": best_run.evaluation.candidate.seed,
            "test": _test_entry(test.best),
            "baseline_test": _test_entry(test.baseline),
            "test_difference": _difference(test.best, test.baseline),
        },
        "proxies": {s.proxy: _correlation(s, finalists) for s in scores},
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
        "output": str(output),
    }


def _entry(finalist: Finalist, baseline: Finalist) -> dict[str, object]:
    return {
        "proposer": finalist.proposal.proposer,
        "allocation": dict(finalist.proposal.allocation.ranks),
        "params": finalist.proposal.params,
        "metric_mean": finalist.mean,
        "metric_sd": finalist.sd,
        "metrics": {str(run.evaluation.candidate.seed): run.evaluation.metric for run in finalist.runs},
        "failures": [run.evaluation.failure for run in finalist.runs if run.evaluation.failure],
        "difference": None if finalist is baseline else _paired(finalist, baseline),
        "scores": dict(finalist.proposal.scores),
        "seconds": round(finalist.seconds, 3),
        "peak_memory": max(run.evaluation.peak_memory for run in finalist.runs),
    }


def _paired(finalist: Finalist, baseline: Finalist) -> dict[str, float | None] | None:
    """Difference over the seeds that both finished."""
    pairs = [
        (ours.evaluation.metric, theirs.evaluation.metric)
        for ours, theirs in zip(finalist.runs, baseline.runs, strict=True)
        if ours.evaluation.metric is not None and theirs.evaluation.metric is not None
    ]
    return _difference([a for a, _ in pairs], [b for _, b in pairs])


def _difference(a: Sequence[float], b: Sequence[float]) -> dict[str, float | None] | None:
    if not a or len(a) != len(b):
        return None
    return asdict(paired_difference(a, b))


def _test_entry(metrics: Sequence[float]) -> dict[str, object]:
    return {
        "metrics": list(metrics),
        **(asdict(Summary.of(metrics)) if metrics else {"mean": None, "sd": None}),
    }


def _correlation(scores: SiteScores, finalists: Sequence[Finalist]) -> dict[str, object]:
    known = [finalist for finalist in finalists if finalist.mean is not None]
    values = [dict(finalist.proposal.scores)[scores.proxy] for finalist in known]
    metrics = [finalist.mean for finalist in known if finalist.mean is not None]
    return {"point": scores.point, "spearman": rank_correlation(values, metrics), "allocations": len(known)}


def format_table(result: Mapping[str, Any]) -> str:
    """The result as aligned text: finalists, the winner on the test rows, proxies, where things are."""
    metric, best = result["metric"], result["best"]
    head = (
        "finalist",
        "parameters",
        f"validation {metric}",
        "difference to uniform [95 %]",
        "seconds",
        "proposer",
    )
    rows = [
        (
            str(place),
            f"{e['params']:,}",
            _mean_sd(e),
            _interval(e["difference"]),
            f"{e['seconds']:.0f}",
            _short(e["proposer"]),
        )
        for place, e in [*enumerate(result["finalists"], start=1), ("-", result["baseline"])]
    ]
    lines = _aligned([head, *rows])
    names = "the uniform baseline itself" if best["is_baseline"] else _short(best["proposer"])
    lines += ["", f"chosen by validation: {names}"]
    lines += [f"test {metric}: {_summary(best['test'])}; uniform {_summary(best['baseline_test'])}"]
    if not best["is_baseline"]:
        lines[-1] += f"; difference {_interval(best['test_difference'])}"
    for finalist in [result["baseline"], *result["finalists"]]:
        lines += [f"failed: {_short(finalist['proposer'])}: {reason}" for reason in finalist["failures"]]
    correlations = ", ".join(
        f"{name} {_number(entry['spearman'])}" for name, entry in result["proxies"].items()
    )
    count = len(result["finalists"]) + 1
    lines += [f"rank correlation of proxies with the metric, {count} allocations only: {correlations}"]
    seconds = ", ".join(
        f"{name.replace('_', '-')} {value:.0f} s" for name, value in result["seconds"].items()
    )
    lines += [
        f"time: {seconds}",
        f"saved: {result['output']} (adapter/, allocation.json, ranks.png, study.db, result.json)",
    ]
    return "\n".join(lines)


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def _short(proposer: str) -> str:
    """The first proposer, and how many others came to the same allocation."""
    first, *others = proposer.split("+")
    return first if not others else f"{first} (+{len(others)} more)"


def _mean_sd(entry: Mapping[str, Any]) -> str:
    return (
        "failed"
        if entry["metric_mean"] is None
        else str(Summary(entry["metric_mean"], entry["metric_sd"], 0))
    )


def _summary(entry: Mapping[str, Any]) -> str:
    return "failed" if entry["mean"] is None else str(Summary(entry["mean"], entry["sd"], 0))


def _interval(difference: Mapping[str, float | None] | None) -> str:
    if difference is None:
        return "-"
    interval = Interval(**difference)  # type: ignore[arg-type]
    bounds = "" if interval.low is None else f" [{interval.low:+.4f}, {interval.high:+.4f}]"
    return f"{interval.mean:+.4f}{bounds}"


def _number(value: float | None) -> str:
    return "n/a" if value is None else f"{value:+.2f}"
