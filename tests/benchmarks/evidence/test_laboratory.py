"""Runs are trained once, shared where they are the same, and go on from where they were begun."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.evidence.cell import Cell, Knobs, Run
from benchmarks.evidence.laboratory import MissingRunError
from benchmarks.evidence.ways import Evenly, Picked
from tests.benchmarks.evidence.conftest import SmallLaboratory

KNOBS = Knobs("constant", 16.0, 3e-3)
CELL = Cell(Evenly("uniform"), 1 / 2)


def test_what_was_begun_goes_on_to_what_it_would_have_been(
    small_laboratory: SmallLaboratory, tmp_path: Path
) -> None:
    begun, straight = small_laboratory(tmp_path / "begun"), small_laboratory(tmp_path / "straight")
    whole = Run(CELL, KNOBS, 0, "validation")
    (third,) = begun.train([replace(whole, begun=True)])
    (ended,) = begun.train([whole])
    assert len(third.curve) == len(ended.curve) // 3
    assert ended.curve[: len(third.curve)] == third.curve
    assert ended.loss == straight.train([whole])[0].loss


def test_known_runs_are_read_and_missing_ones_are_said_to_be(
    small_laboratory: SmallLaboratory, tmp_path: Path
) -> None:
    runs = [Run(CELL, KNOBS, seed) for seed in range(3)]
    trained = small_laboratory(tmp_path).train(runs)
    again = small_laboratory(tmp_path)
    assert again.known(runs) == trained == again.train(runs)
    with pytest.raises(MissingRunError, match="1 of 2"):
        again.known([runs[0], Run(CELL, KNOBS, 3)])


def test_what_wires_do_not_feel_makes_no_other_run(small_laboratory: SmallLaboratory, tmp_path: Path) -> None:
    laboratory, linears = small_laboratory(tmp_path), Cell(Evenly("q and v", ("q", "v")), 1 / 2)
    trained = laboratory.train([Run(linears, KNOBS, 0)])
    other = replace(linears, renorm="paper", note="under the second norm")
    assert laboratory.known([Run(other, replace(KNOBS, shortcut_alpha=4.0), 0)]) == trained
    with pytest.raises(MissingRunError):
        laboratory.known([Run(linears, replace(KNOBS, learning_rate=1e-3), 0)])


def test_what_they_feel_does(small_laboratory: SmallLaboratory, tmp_path: Path) -> None:
    laboratory = small_laboratory(tmp_path)
    laboratory.train([Run(CELL, KNOBS, 0)])
    for other in (
        Run(CELL, replace(KNOBS, shortcut_alpha=4.0), 0),
        Run(replace(CELL, renorm="paper"), KNOBS, 0),
        Run(replace(CELL, longer=2.0), KNOBS, 0),
        Run(CELL, KNOBS, 0, "validation"),
    ):
        with pytest.raises(MissingRunError):
            laboratory.known([other])


def test_knobs_are_the_same_where_every_factor_is(small_laboratory: SmallLaboratory, tmp_path: Path) -> None:
    laboratory, linears = small_laboratory(tmp_path), Cell(Evenly("q and v", ("q", "v")), 1 / 8)
    own = laboratory.factors(linears, KNOBS, 0)  # every rank is 1
    assert own == laboratory.factors(linears, replace(KNOBS, shortcut_alpha=4.0), 0)
    assert laboratory.factors(linears, replace(KNOBS, scaling="alpha/r"), 0) == laboratory.factors(
        linears, replace(KNOBS, scaling="alpha/sqrt(r)"), 0
    )
    assert own != laboratory.factors(linears, replace(KNOBS, scaling="alpha/r"), 0)


def test_a_pick_is_made_once(small_laboratory: SmallLaboratory, tmp_path: Path) -> None:
    cell = Cell(Picked("grad_norm"), 1 / 2)
    with pytest.raises(MissingRunError):
        small_laboratory(tmp_path).plan(cell, 0)
    small_laboratory(tmp_path).settle(cell)
    assert small_laboratory(tmp_path).plan(cell, 0).ranks
    (path,) = (tmp_path / "picks").rglob("*.json")
    path.write_text('{"layers.0.q": 1}')
    small_laboratory(tmp_path).settle(cell)
    assert small_laboratory(tmp_path).plan(cell, 0).ranks == (("layers.0.q", 1),)
