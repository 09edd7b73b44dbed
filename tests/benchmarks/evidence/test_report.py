"""What is written down is what SciPy makes of the runs that stand beside it."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from benchmarks.evidence.cell import Cell, Knobs
from benchmarks.evidence.conduct import SEEDS, conduct
from benchmarks.evidence.equal_quality import crossing
from benchmarks.evidence.findings import Observed
from benchmarks.evidence.report import params_needed, random_ones, write_report
from benchmarks.evidence.same_mean import same_mean
from benchmarks.evidence.tables import needed_table
from benchmarks.evidence.tuning import Tuned
from benchmarks.evidence.ways import Evenly, Randomly, Way
from evaluators.training.candidate import Candidate, Evaluation
from spaces.allocation import Allocation
from tests.benchmarks.evidence.conftest import SmallLaboratory
from tests.benchmarks.evidence.small_experiment import SMALL_EXPERIMENT

Rows = list[dict[str, str]]
P_HOLM = {"loss": "p_holm", "metric": "metric_p_holm"}


def read(path: Path) -> Rows:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def by_seed(runs: Rows, way: str, value: str) -> np.ndarray:
    own = {int(row["seed"]): float(row[value]) for row in runs if row["way"] == way}
    return np.array([own[seed] for seed in range(SEEDS)])


def test_answers_are_those_of_scipy_over_the_runs(small_laboratory: SmallLaboratory, tmp_path: Path) -> None:
    laboratory = small_laboratory(tmp_path / "work")
    conduct(SMALL_EXPERIMENT.blocks, laboratory)
    write_report(replace(SMALL_EXPERIMENT, name="ladder"), laboratory, tmp_path / "out")
    runs, found = read(tmp_path / "out" / "runs.csv"), read(tmp_path / "out" / "report-answers.csv")
    assert len(runs) == 4 * SEEDS
    tests: dict[str, list[tuple[float, float]]] = {"loss": [], "metric": []}
    for row in found:
        if row["against"] == "":
            assert row["way"] == "uniform"
            continue
        for value in ("loss", "metric"):
            pair = by_seed(runs, row["way"], value), by_seed(runs, row["against"], value)
            tested = stats.ttest_rel(*pair)
            apart = pair[0] - pair[1]
            given = [row[f"{value}_{part}"] for part in ("difference", "low", "high")]
            if np.ptp(apart) < 1e-12:  # a small model's accuracy may be the same for all seeds
                assert (float(given[0]), given[1:]) == (pytest.approx(apart[0]), ["", ""])
                tests[value].append((1.0, float(row[P_HOLM[value]])))
                continue
            assert list(map(float, given)) == pytest.approx(
                [np.mean(apart), *tested.confidence_interval()], abs=1e-9
            )
            tests[value].append((float(tested.pvalue), float(row[P_HOLM[value]])))
    for ascending in map(sorted, tests.values()):
        ranks = range(len(ascending), 0, -1)
        stepped = np.maximum.accumulate([p * rank for (p, _), rank in zip(ascending, ranks, strict=True)])
        assert [corrected for _, corrected in ascending] == pytest.approx(np.minimum(stepped, 1).tolist())
    for name in ("report.md", "tuning.csv", "ladder.png", "block-1.png", "block-2.png"):
        assert (tmp_path / "out" / name).stat().st_size > 100
    assert (tmp_path / "out" / "report.md").read_text(encoding="utf-8").startswith("# ")  # a page of the site


def test_before_anything_is_known_nothing_is_written(
    small_laboratory: SmallLaboratory, tmp_path: Path
) -> None:
    write_report(SMALL_EXPERIMENT, small_laboratory(tmp_path / "work"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def rungs(way: Way, losses: Mapping[float, np.ndarray]) -> list[Observed]:
    """A way's cells with these losses, by mean rank."""
    knobs = Knobs("constant", 4.0, 1e-3)
    made = []
    for rank, own in losses.items():
        cell = Cell(way, rank)
        candidate = Candidate(Allocation.of({}), 0, 1e-3)
        runs = {
            seed: Evaluation(candidate, 0.8, float(loss), None, (), 1.0, 0) for seed, loss in enumerate(own)
        }
        made.append(
            Observed(cell, Tuned(knobs, (), (), True), runs, dict.fromkeys(runs, round(rank * 49_920)))
        )
    return made


def test_parameters_needed_are_read_off_the_mean_curves() -> None:
    noise = np.random.default_rng(0).normal(0, 0.002, (2, 3, SEEDS))
    means = {"uniform": (0.42, 0.39, 0.36), "q and v": (0.40, 0.37, 0.35)}
    ranks = (1 / 8, 1 / 2, 2.0)
    lines = {
        name: rungs(
            Evenly(name), {rank: mean + own for rank, mean, own in zip(ranks, levels, noises, strict=True)}
        )
        for (name, levels), noises in zip(means.items(), noise, strict=True)
    }
    found = params_needed(lines)
    params = [6240.0, 24_960.0, 99_840.0]
    target = (0.36 + noise[0, 2]).mean()
    for name, levels, noises in zip(means, means.values(), noise, strict=True):
        curve = [mean + own.mean() for mean, own in zip(levels, noises, strict=True)]
        assert found[name].params == pytest.approx(crossing(params, curve, target))
    assert found["uniform"].params == pytest.approx(99_840)
    low = rungs(Evenly("low"), {1 / 8: noise[0, 0], 2.0: noise[0, 1]})
    at_once = params_needed({"uniform": lines["uniform"], "low": low})
    (row,) = [row for row in needed_table(at_once, 99_840, by="loss").rows if row.cells[0].text == "low"]
    assert [cell.text for cell in row.cells[1:]] == ["≤ 6,240 [≤ 6,240, ≤ 6,240]", "≥ 16 [≥ 16, ≥ 16]"]
    assert 24_960 < found["q and v"].low <= found["q and v"].params <= found["q and v"].high < 99_840


def test_random_ones_are_told_apart_where_they_differ() -> None:
    noise = np.random.default_rng(1).normal(0, 0.004, (3, SEEDS))
    cells = {}
    for number, own in enumerate(noise):
        alike, apart = 0.4 + own, 0.4 + 0.01 * number + own
        cells |= {one.cell: one for one in rungs(Randomly(number), {1 / 8: alike, 1 / 2: apart})}
    said = random_ones(cells)
    assert [one.split(":")[1] for one in said] == [" 3 allocations and 8 seeds"] * 2
    assert ["p < 0.001" in one for one in said] == [False, True]
    assert ["are not shown to differ" in one for one in said] == [True, False]


def test_random_ones_of_several_budgets_are_corrected_together() -> None:
    noise = np.random.default_rng(1).normal(0, 0.004, (3, SEEDS))
    apart = 0.4 + np.array([[0.0], [0.00225], [0.0045]]) + noise
    alone = same_mean(apart)
    assert 0.025 < alone < 0.05
    cells = {}
    for number in range(3):
        own = rungs(Randomly(number), {1 / 8: apart[number], 1 / 2: 0.4 + noise[number]})
        cells |= {one.cell: one for one in own}
    said, _ = random_ones(cells)
    assert f"are not shown to differ, Holm-corrected p = {2 * alone:.3f} (F test)" in said
