"""What proxies are worth on a table that was trained before they were thought of.

    python -m benchmarks.rescored STUDY/table.parquet --train-file train.tsv --eval-file dev.tsv \
        --train-rows 2048 --proxies kernel_regression,pruned_wide --output rescored.json

A study draws some of its allocations by its proxies' picks, so that with other proxies it is another study.
Here those of a finished one are scored by the proxies named, over the training rows given, which must be the
study's, and judged together with those that it had, by loss.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

import search
from benchmarks.record import record
from evaluators.store.benchmark_table import BenchmarkTable, Entry
from search.job.job import Job
from search.run.workbench import Workbench
from search.study.judging.columns import origins_of, params_of, scores_of, truths_of
from search.study.judging.judge import judge
from search.study.judging.report_card import Estimate
from search.study.judging.stratum_report import StratumReport
from search.study.scoring import Scored, score_all
from spaces.search_space import SearchSpace
from spaces.seeding import named_generator

__all__ = ["card_values", "judged", "rescored", "scoring_bench", "scoring_parser"]

_DIGITS: Final = 4


def rescored(job: Job, space: SearchSpace, proxies: Sequence[str]) -> list[Scored]:
    """The scores of a space, by each of the proxies, over a job's scoring batches."""
    with TemporaryDirectory() as folder:
        return score_all(job, proxies, space, Path(folder))[0]


def judged(table: BenchmarkTable, entries: Sequence[Entry], scored: Sequence[Scored]) -> StratumReport:
    """The report on one stratum by loss, its own proxies and the new ones in one."""
    new = {
        one.scores.proxy: np.array([one.scores.of(entry.allocation) for entry in entries]) for one in scored
    }
    stratum = entries[0].stratum.name
    return judge(
        stratum,
        "loss",
        truths_of(entries, "loss"),
        {**scores_of(table, entries), **new},
        params_of(entries),
        [origins_of(entry) for entry in entries],
        rng=named_generator(0, f"rescored {stratum}"),
    )


def card_values(report: StratumReport, scored: Sequence[Scored]) -> dict[str, object]:
    """What is written down of a report: by proxy Spearman's correlation, its share of the ceiling and its
    lead over ``spread``, each with its interval; and the seconds of those that were scored anew."""
    seconds = {one.scores.proxy: round(one.seconds, 1) for one in scored}
    cards = {
        card.proxy: {
            "rho": _rounded(card.spearman),
            "of_ceiling": _rounded(card.of_ceiling),
            "over_spread": _rounded(card.over_spread),
            "p_holm": round(card.p_holm, _DIGITS),
            **({"seconds": seconds[card.proxy]} if card.proxy in seconds else {}),
        }
        for card in report.cards
    }
    about = {"allocations": report.allocations, "seeds": report.seeds, "ceiling": report.ceiling}
    return {"stratum": report.stratum, **about, "proxies": cards}


def _rounded(estimate: Estimate | None) -> list[float | None] | None:
    """The value and its bounds."""
    if estimate is None:
        return None
    return [None if value is None else round(value, _DIGITS) for value in asdict(estimate).values()]


def scoring_parser(about: str, *, embedded: bool) -> argparse.ArgumentParser:
    """A command line with what decides the scores: the rows, the space and the proxies. embedded: whether the
    rows may be the embedded task's, where no files are given."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--train-file", type=Path, required=not embedded)
    parser.add_argument("--eval-file", type=Path, required=not embedded)
    parser.add_argument("--train-rows", type=int)
    parser.add_argument("--space", default="lora[q,v,fc1,fc2]+shortcut")
    parser.add_argument("--shortcut-alpha", type=float, default=16.0)
    parser.add_argument("--warm-up-steps", type=int, default=24)
    parser.add_argument("--proxies", type=lambda text: text.split(","), required=True)
    parser.add_argument("--output", type=Path)
    return parser


def scoring_bench(args: argparse.Namespace) -> Workbench:
    """What scores, as the arguments of a ``scoring_parser`` have it."""
    return search.setup(
        train=args.train_file,
        eval=args.eval_file,
        train_rows=args.train_rows,
        space=args.space,
        budget="r=1",
        scaling="constant",
        shortcut_alpha=args.shortcut_alpha,
        warm_up_steps=args.warm_up_steps,
        threads=1,
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Judges, and writes down what it found."""
    parser = scoring_parser("Judge proxies on a study's finished table.", embedded=True)
    parser.add_argument("table", type=Path)
    args = parser.parse_args(argv)
    table, bench = BenchmarkTable.read(args.table), scoring_bench(args)
    scored = rescored(bench.job, table.space, args.proxies)
    strata = [table.of(stratum) for stratum in table.strata if stratum.kind == "budget"]
    measured = [card_values(judged(table, entries, scored), scored) for entries in strata]
    record("benchmarks.rescored", str(bench.job.model.device), {"strata": measured}, args.output)


if __name__ == "__main__":
    main()
