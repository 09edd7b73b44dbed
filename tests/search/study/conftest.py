"""Reports and tables of a study with made-up numbers, and a command line that makes a small study."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from evaluators.store.benchmark_table import BenchmarkTable, Entry
from evaluators.training.candidate import Candidate, Evaluation
from search.statistics.interval import Interval
from search.study.judging.report_card import Estimate, ReportCard, TopK
from search.study.judging.stratum_report import StratumReport
from tests.search.study.made_contest import made_contest
from tests.search.study.small_tables import NOTES

UNDEFINED = Estimate(None, None, None)


def _around(value: float) -> Estimate:
    return Estimate(value, value - 0.1, value + 0.1)


def card_of(proxy: str, rho: float | None, **changes: object) -> ReportCard:
    """A card whose numbers follow from rho; p is 0.0004 from 0.5 on, else 0.6."""
    p = 1.0 if rho is None else 0.0004 if rho >= 0.5 else 0.6
    at_k = tuple(
        TopK(k, Estimate(0.4, 0.1, 0.7), Estimate(0.012 / k, 0.0, 0.03 / k), Estimate(2.5, 1.0, 6.0))
        for k in (1, 5, 10)
    )
    near = [UNDEFINED if rho is None else _around(rho * share) for share in (1.0, 0.7, 0.9)]
    of_ceiling = None if rho is None else _around(rho / 0.8)
    card = ReportCard(proxy, *near, None, None, None, of_ceiling, p, p < 0.05, at_k)
    return replace(card, **changes)  # type: ignore[arg-type]


def report_of(*cards: ReportCard, contests: int = 0, **changes: object) -> StratumReport:
    """16 allocations, 3 seeds, noise ceiling 0.80; ``contests`` of falling truth, of which two won."""
    fought = tuple(
        made_contest(
            (f"proxy{i}/greedy",),
            0.9 - 0.01 * i,
            Interval(0.05 - 0.01 * i, 0.03 - 0.01 * i, 0.07),
            0.01 if i < 2 else 0.6,
        )
        for i in range(contests)
    )
    report = StratumReport("2.3M", "metric", 16, 3, 0, 0.64, 0.8, cards, fought)
    return replace(report, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def make_card() -> Callable[..., ReportCard]:
    """Builds a card from a proxy and its rho; other fields by keyword."""
    return card_of


@pytest.fixture(scope="session")
def make_report() -> Callable[..., StratumReport]:
    """Builds a report from cards; ``contests`` is how many, other fields by keyword."""
    return report_of


@pytest.fixture
def table_space(make_space):
    return make_space([(4, 4)] * 4, (0, 1, 2, 4))


@pytest.fixture
def make_entry(table_space):
    """Builds an entry of ``ranks`` at every site, drawn by ``origins``, two seeds; its metrics by chance."""
    rng = np.random.default_rng(0)

    def build(stratum, ranks, *origins, seconds=8.0):
        allocation = table_space.allocation(ranks)
        runs = tuple(
            Evaluation(
                Candidate(allocation, seed, stratum.learning_rate), rng.normal(), 0.5, None, (), seconds, 0
            )
            for seed in (0, 1)
        )
        spread = float(np.sqrt(ranks).sum())
        cost = table_space.params(allocation)
        return Entry(stratum, allocation, origins, cost, (("spread", spread), ("twin", -spread)), runs)

    return build


@pytest.fixture
def make_table(table_space):
    def build(*entries):
        return BenchmarkTable(
            table_space, "accuracy", entries, {name: json.dumps(value) for name, value in NOTES.items()}
        )

    return build


@pytest.fixture
def study(model_folder, files, tmp_path) -> list[str]:
    """A whole command line that ends within seconds."""
    data = ["--model", str(model_folder), "--train-file", str(files / "train.tsv")]
    data += ["--eval-file", str(files / "dev.tsv"), "--threads", "1", "--quiet", "--batch-size", "8"]
    data += ["--allocations", "12", "--seeds", "2", "--scoring-batches", "3", "--lr", "1e-2"]
    return [*data, "--proxy", "grad_norm,snip", "--budget", "r=2", "--output", str(tmp_path / "out")]
