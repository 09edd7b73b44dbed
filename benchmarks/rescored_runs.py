"""What proxies are worth on an experiment's runs, as ``benchmarks.evidence`` writes them to ``runs.csv``.

    python -m benchmarks.rescored_runs results/ladder/sst-2/runs.csv --train-file train.jsonl \
        --eval-file report.jsonl --train-rows 2048 --proxies spread,kernel_regression --output rescored.json

Judged are, at each mean rank, the ways of allocating, each trained at its own best rate, over the reported
seeds. A way whose allocation differs from seed to seed scores the mean of what its allocations do. Ways that
are proxies' own picks are among them, so that these proxies, which had them for the best, are judged more
harshly than others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.evidence.recalled import Row, allocation_of, rows_by_cell
from benchmarks.record import record
from search.study.judging.judge import judge
from search.study.judging.stratum_report import StratumReport
from search.study.origin import RANDOM
from search.study.scoring import Scored
from spaces.allocation import Allocation
from spaces.errors import InputError
from spaces.search_space import SearchSpace
from spaces.seeding import named_generator

from .rescored import card_values, rescored, scoring_bench, scoring_parser

__all__ = ["Way", "judged_ways", "ways_of"]


@dataclass(frozen=True, slots=True)
class Way:
    """A way of allocating at a mean rank. params: of its allocations, on the mean. losses, allocations: one a
    seed, by seed."""

    name: str
    params: float
    losses: tuple[float, ...]
    allocations: tuple[Allocation, ...]


def ways_of(runs: Path) -> dict[float, list[Way]]:
    """By mean rank, those all of whose runs ended well, over the seeds that all of them have; of several that
    allocate alike the first. Raises InputError where ways of a mean rank have no seed in common."""
    cells: dict[float, dict[str, dict[int, Row]]] = {}
    for (name, mean_rank), rows in rows_by_cell(runs).items():
        if not any(row["failure"] for row in rows):
            cells.setdefault(mean_rank, {})[name] = {int(row["seed"]): row for row in rows}
    return {mean_rank: _ways(mean_rank, cell) for mean_rank, cell in cells.items()}


def _ways(mean_rank: float, cell: Mapping[str, Mapping[int, Row]]) -> list[Way]:
    """Those of one mean rank. cell: rows by way and seed."""
    seeds = sorted(set.intersection(*(set(rows) for rows in cell.values())))
    if not seeds:
        raise InputError(f"the ways of mean rank {mean_rank:g} have no seed in common; run all at the same.")
    found: list[Way] = []
    for name, rows in cell.items():
        way = _way(name, [rows[seed] for seed in seeds])
        if way.allocations not in [other.allocations for other in found]:
            found.append(way)
    return found


def _way(name: str, rows: Sequence[Row]) -> Way:
    return Way(
        name,
        float(np.mean([int(row["params"]) for row in rows])),
        tuple(float(row["loss"]) for row in rows),
        tuple(allocation_of(row) for row in rows),
    )


def judged_ways(title: str, ways: Sequence[Way], scored: Sequence[Scored]) -> StratumReport:
    """The report on the ways of one mean rank, by loss."""
    scores = {
        one.scores.proxy: np.array(
            [np.mean([one.scores.of(plan) for plan in way.allocations]) for way in ways]
        )
        for one in scored
    }
    return judge(
        title,
        "loss",
        -np.array([way.losses for way in ways]),
        scores,
        np.array([way.params for way in ways]),
        [(RANDOM,) for _ in ways],
        rng=named_generator(0, title),
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Scores, judges, and writes down what it found."""
    parser = scoring_parser("Judge proxies on the runs of an experiment.", embedded=False)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--least", type=int, default=10, help="ways, below which a mean rank is left out")
    args = parser.parse_args(argv)
    by_rank = {rank: ways for rank, ways in ways_of(args.runs).items() if len(ways) >= args.least}
    bench = scoring_bench(args)
    used = {
        rank for ways in by_rank.values() for way in ways for one in way.allocations for _, rank in one.ranks
    }
    space = SearchSpace(bench.space.sites, tuple(sorted({*bench.space.ranks, *used})))
    scored = rescored(bench.job, space, args.proxies)
    measured = [
        card_values(judged_ways(f"mean rank {rank:g}", ways, scored), scored)
        for rank, ways in by_rank.items()
    ]
    record("benchmarks.rescored_runs", str(bench.job.model.device), {"strata": measured}, args.output)


if __name__ == "__main__":
    main()
