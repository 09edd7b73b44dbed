"""An experiment of three cells that a tiny model trains in a second."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from benchmarks.evidence.cell import Cell, Contrast, Experiment, Grid
from benchmarks.evidence.ways import Evenly, Picked

__all__ = ["SMALL_EXPERIMENT"]

_GRID: Final = Grid(rates=(1e-3, 1e-2), scalings=("constant",))
_UNIFORM: Final = Cell(Evenly("uniform"), 1 / 2, _GRID)
_QV: Final = Cell(Evenly("q and v", ("q", "v")), 1 / 2, _GRID)
_PICK: Final = Cell(Picked("grad_norm"), 1 / 2, _GRID)
_LIKE: Final = replace(_QV, like=_UNIFORM, note="at uniform's rate")
SMALL_EXPERIMENT: Final = Experiment(
    "small",
    "A small one",
    ((_UNIFORM, _QV), (_PICK, _LIKE)),
    tuple(Contrast(cell, _UNIFORM) for cell in (_QV, _PICK, _LIKE)),
)
