"""Tuning finds the best knobs with the same effort for all, and looks beyond an edge."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from benchmarks.evidence.cell import Cell, Grid, Knobs, Run
from benchmarks.evidence.tuning import TUNING_SEEDS, Tuned, tune
from benchmarks.evidence.ways import Evenly
from evaluators.training.candidate import Candidate, Evaluation
from spaces.allocation import Allocation

CELL = Cell(Evenly("uniform"), 1.0)


class World:
    """Losses that are best at one rate, under one rule; and how often each run was asked for."""

    def __init__(self, best: float, *, fails_above: float = math.inf) -> None:
        self.best, self.fails_above = best, fails_above
        self.asked: Counter[Run] = Counter()

    def loss(self, knobs: Knobs) -> float:
        return (
            0.4 + 0.01 * math.log(knobs.learning_rate / self.best) ** 2 + 0.05 * (knobs.scaling != "constant")
        )

    def __call__(self, runs: Sequence[Run]) -> list[Evaluation]:
        self.asked.update(runs)
        return [self.evaluation(run) for run in runs]

    def evaluation(self, run: Run) -> Evaluation:
        candidate = Candidate(Allocation.of({}), run.seed, run.knobs.learning_rate)
        failed = run.knobs.learning_rate > self.fails_above
        loss = None if failed else self.loss(run.knobs) + 1e-4 * (run.seed % 2) + 0.1 * run.begun
        return Evaluation(candidate, loss, loss, "diverged" if failed else None, (), 1.0, 0)


def tuned(world: World, cell: Cell = CELL, same: Callable[[Knobs], object] = lambda knobs: knobs) -> Tuned:
    return tune([cell], world, lambda _, knobs: same(knobs))[cell]


@pytest.mark.parametrize("rate", [1e-3, 2.5e-3])
def test_the_best_of_the_grid_is_found_and_all_are_begun_once(rate: float) -> None:
    world = World(rate)
    found = tuned(world)
    assert (found.knobs.learning_rate, found.knobs.scaling, found.inner) == (rate, "constant", True)
    begun = [run for run in world.asked if run.begun]
    assert len(begun) == len(found.begun) == 8
    assert {run.seed for run in begun} == {TUNING_SEEDS[0]}
    ended = [run for run in world.asked if not run.begun]
    assert len(ended) == 3 * len(TUNING_SEEDS)
    assert all(run.rows == "validation" for run in world.asked)


class FastFirst(World):
    """After a third of the steps the highest rates lead, whatever is best in the end."""

    def loss(self, knobs: Knobs) -> float:
        return super().loss(replace(knobs, scaling="constant"))

    def evaluation(self, run: Run) -> Evaluation:
        ended = super().evaluation(run)
        return replace(ended, loss=1 - run.knobs.learning_rate) if run.begun else ended


def test_a_rate_that_starts_slowly_is_found_beside_those_that_start_fast() -> None:
    world = FastFirst(4e-4)
    found = tuned(world)
    assert found.knobs.learning_rate == 4e-4
    assert found.inner
    ended = {run.knobs.learning_rate for run in world.asked if not run.begun}
    assert {1.6e-4, 4e-4, 1e-3} <= ended


@pytest.mark.parametrize(("best", "edge"), [(0.04, 0.03906), (6.4e-5, 6.4e-5)])
def test_the_grid_grows_until_the_best_lies_within_it(best: float, edge: float) -> None:
    found = tuned(World(best))
    assert found.knobs.learning_rate == pytest.approx(edge, rel=1e-2)
    assert found.inner
    rates = sorted(knobs.learning_rate for knobs, _ in found.losses if knobs.scaling == "constant")
    assert rates[0] <= edge <= rates[-1]


def test_a_grid_does_not_grow_for_ever() -> None:
    found = tuned(World(1e4))
    assert not found.inner
    assert found.knobs.learning_rate == pytest.approx(6.25e-3 * 2.5**4, rel=1e-2)


def test_knobs_that_are_one_thing_are_tried_once() -> None:
    world = World(1e-3)
    either = replace(CELL, grid=Grid(shortcut_alphas=(4.0, 16.0)))
    found = tuned(world, either, same=lambda knobs: (knobs.learning_rate, knobs.scaling))
    assert len(found.begun) == 8
    assert {knobs.shortcut_alpha for knobs in found.begun} == {4.0}


def test_what_fails_is_not_chosen() -> None:
    found = tuned(World(6.25e-3, fails_above=5e-3))
    assert found.knobs.learning_rate == 2.5e-3
    assert found.inner


def test_one_rule_alone_may_be_asked_for() -> None:
    cell = Cell(Evenly("uniform"), 1.0, grid=Grid(scalings=("alpha/r",)))
    assert tuned(World(1e-3), cell).knobs.scaling == "alpha/r"
