"""What is asked is trained, once, and the questions share their runs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from benchmarks.evidence.experiments import EXPERIMENTS
from benchmarks.evidence.ways import At


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_whatever_is_asked_about_is_trained(name: str) -> None:
    experiment = EXPERIMENTS[name]
    asked = {one for contrast in experiment.contrasts for one in (contrast.cell, contrast.baseline)}
    tuned = {cell.like for cell in experiment.cells if cell.like}
    assert asked | tuned <= set(experiment.cells)
    assert len(set(experiment.contrasts)) == len(experiment.contrasts)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_cells_are_told_apart_by_what_is_shown_of_them(name: str) -> None:
    shown = [(cell.title, cell.mean_rank) for cell in EXPERIMENTS[name].cells]
    assert len(set(shown)) == len(shown)


def test_every_cell_fits_the_budget_of_minilm(budget_of: Callable[[float], At]) -> None:
    for cell in {cell for one in EXPERIMENTS.values() for cell in one.cells}:
        at = budget_of(cell.mean_rank)
        assert 0 < at.space.params(cell.way.plan(at, 0)) <= at.max_params, cell.title


def test_questions_share_cells_with_the_ladder_but_on_another_task() -> None:
    ladder = set(EXPERIMENTS["ladder"].cells)
    alone = {name for name, one in EXPERIMENTS.items() if not ladder & set(one.cells)}
    assert alone == {"replication"}
