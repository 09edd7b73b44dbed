"""What is said of a budget is what a table shows, and only where it was measured."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from search.job.findings import FINDINGS, BudgetFinding, known_at

ROOT = Path(__file__).parents[3]
SCORES = {"root:adam_signal", "spectrum", "grad_norm", "snip", "synflow"}


@pytest.mark.parametrize("mean_rank", [1 / 8, 1, 2.37, 8])
def test_within_what_was_measured_the_answer_the_place_and_the_advice_are_one_sentence(
    mean_rank: float,
) -> None:
    said = known_at(mean_rank)
    assert said.startswith("Known at 1/8 to 8 ranks a site: no greedy pick of five scores")
    assert "MiniLM on SST-2" in said
    assert "results/ladder" in said
    assert said.endswith("spread first; language models were not trained to the end.")
    assert said.count(". ") == 0


@pytest.mark.parametrize("mean_rank", [0.12, 8.01, 85.6])
def test_outside_of_it_nothing_is_claimed(mean_rank: float) -> None:
    said = known_at(mean_rank)
    assert said.startswith(f"Whether allocation matters at {mean_rank:.3g} ranks a site was not measured")


@pytest.mark.parametrize("finding", FINDINGS, ids=lambda one: one.page)
def test_what_is_known_has_its_page(finding: BudgetFinding) -> None:
    assert 0 < finding.least < finding.most
    assert (ROOT / finding.page / "README.md").is_file()


def test_the_ladders_that_are_committed_show_what_is_said_of_them() -> None:
    ladders = sorted((ROOT / "results/ladder").rglob("report-answers.csv"))
    assert ladders
    for path in ladders:
        with path.open(encoding="utf-8", newline="") as file:
            loss = {(row["way"], float(row["mean_rank"])): float(row["loss"]) for row in csv.DictReader(file)}
        picked = {(way, rank): value for (way, rank), value in loss.items() if way in SCORES}
        assert {min(rank for _, rank in picked), max(rank for _, rank in picked)} == {1 / 8, 8}, path
        assert all(value > loss["q and v", rank] for (_, rank), value in picked.items()), path
