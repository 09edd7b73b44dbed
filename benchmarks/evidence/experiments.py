"""The experiments by name: what is trained for each question, in which order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, get_args

from spaces.scaling import Rule

from .cell import Cell, Contrast, Experiment, Grid
from .ways import Evenly, LikeIt, Picked, Randomly, Way

__all__ = ["EXPERIMENTS", "find_experiment"]

_UNIFORM: Final = Evenly("uniform")
_QV: Final = Evenly("q and v", ("q", "v"))
_FC: Final = Evenly("fc1 and fc2", ("fc1", "fc2"))
_LINEARS: Final = Evenly("linears", ("q", "v", "fc1", "fc2"))
_SIGNAL: Final = Picked("root:adam_signal")
_SPECTRUM: Final = Picked("spectrum")
_CORE: Final[tuple[Way, ...]] = (_UNIFORM, _QV, _FC, _LINEARS, _SIGNAL)
_MORE: Final[tuple[Way, ...]] = (
    *(Randomly(number) for number in (1, 2, 3)),
    _SPECTRUM,
    *(Picked(name) for name in ("grad_norm", "snip", "synflow")),
)
_EIGHTH, _HALF, _TWO = 1 / 8, 1 / 2, 2.0
_RESIDUAL, _CROSS = ("res1", "res2"), ("in", "cut")
_PARTS: Final[tuple[Way, ...]] = (
    *(Evenly(role, (role,)) for role in ("q", "v", "fc1", "fc2")),
    Evenly("residual", _RESIDUAL),
    Evenly("cross", _CROSS),
    *(Evenly(f"layers {a} and {a + 1}", layers=(a, a + 1)) for a in (0, 2, 4)),
)


def _ladder() -> Experiment:
    rungs = [(_EIGHTH, True), (_TWO, True), (_HALF, True), (8.0, False), (1 / 4, False), (1.0, False)]
    blocks = tuple(
        tuple(Cell(way, rank) for way in (*_CORE, *(_MORE if all_of_them else ())))
        for rank, all_of_them in rungs
    )
    return Experiment("ladder", "A ladder of budgets", blocks, _against_the_first(blocks))


def _roles() -> Experiment:
    made = [LikeIt(pick, by) for pick in (_SIGNAL, _SPECTRUM) for by in ("roles", "layers", "roles x layers")]
    picks = tuple(
        tuple(Cell(way, rank) for way in (_UNIFORM, _SIGNAL, _SPECTRUM, *made)) for rank in (_EIGHTH, _HALF)
    )
    parts = tuple(Cell(way, _EIGHTH) for way in (_UNIFORM, *_PARTS))
    blocks = (*picks, parts)
    return Experiment("roles", "Roles or layers", blocks, _against_the_first(blocks))


def _rates() -> Experiment:
    blocks, contrasts = [], []
    for rank in (_EIGHTH, _TWO):
        uniform = Cell(_UNIFORM, rank)
        own = [Cell(way, rank) for way in (_QV, _SIGNAL, _SPECTRUM)]
        common = [replace(cell, like=uniform, note="at uniform's rate") for cell in own]
        blocks.append((uniform, *own, *common))
        contrasts += [Contrast(cell, uniform) for cell in (*own, *common)]
        for cell in (uniform, *own):
            ruled = [replace(cell, grid=Grid(scalings=(rule,)), note=rule) for rule in get_args(Rule)]
            constant = next(one for one in ruled if one.note == "constant")
            blocks.append(tuple(ruled))
            contrasts += [Contrast(one, constant) for one in ruled if one is not constant]
    return Experiment("rates", "Rates and scaling rules", tuple(blocks), tuple(contrasts))


def _shortcuts() -> Experiment:
    both, linears = (*_RESIDUAL, *_CROSS), ("q", "v", "fc1", "fc2")
    blocks = tuple(
        (
            Cell(_LINEARS, rank),
            Cell(Evenly("linears and residual", (*linears, *_RESIDUAL)), rank),
            *(
                replace(Cell(Evenly(name, (*linears, *roles)), rank), renorm=renorm, note=note)
                for name, roles in (("linears and cross", _CROSS), ("linears and both", both))
                for renorm, note in (("preserve", ""), ("paper", "under the second norm"))
            ),
        )
        for rank in (_TWO, _HALF)
    )
    return Experiment("shortcuts", "Shortcuts", blocks, _against_the_first(blocks))


def _length() -> Experiment:
    usual = [Cell(way, rank) for rank in (_EIGHTH, _TWO) for way in (_UNIFORM, _QV)]
    blocks = tuple(
        (
            cell,
            *(
                replace(cell, longer=times, like=cell, note=f"{times:g} times as long")
                for times in (0.5, 2.0)
            ),
        )
        for cell in usual
    )
    return Experiment("length", "How long is long enough", blocks, _against_the_first(blocks))


def _against_the_first(blocks: tuple[tuple[Cell, ...], ...]) -> tuple[Contrast, ...]:
    """Of each block every other cell against its first."""
    pairs = (Contrast(cell, block[0]) for block in blocks for cell in block[1:])
    return tuple(dict.fromkeys(pairs))


EXPERIMENTS: Final[Mapping[str, Experiment]] = {
    one.name: one for one in (_ladder(), _length(), _roles(), _rates(), _shortcuts())
}


def find_experiment(name: str) -> Experiment:
    """The experiment of that name; raises ValueError on an unknown one."""
    if name not in EXPERIMENTS:
        raise ValueError(f"experiment={name!r} is unknown; choose one of {', '.join(EXPERIMENTS)}.")
    return EXPERIMENTS[name]
