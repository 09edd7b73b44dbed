"""The experiments by name: what is trained for each question, in which order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from spaces.hooks import Renorm

from .cell import Cell, Contrast, Experiment, Grid
from .ways import Evenly, LikeIt, Picked, Randomly, Way

__all__ = ["EXPERIMENTS"]

_UNIFORM: Final = Evenly("uniform")
_QV: Final = Evenly("q and v", ("q", "v"))
_FC: Final = Evenly("fc1 and fc2", ("fc1", "fc2"))
_LINEARS: Final = Evenly("linears", ("q", "v", "fc1", "fc2"))
_SIGNAL: Final = Picked("root:adam_signal")
_SPECTRUM: Final = Picked("spectrum")
_CORE: Final[tuple[Way, ...]] = (_QV, _FC, _LINEARS, _SIGNAL)
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
_EITHER_ALPHA: Final = Grid(scalings=("constant",), shortcut_alphas=(4.0, 16.0))
_NORMS: Final[tuple[tuple[Renorm, str], ...]] = (("preserve", ""), ("paper", "under the second norm"))


def _ladder() -> Experiment:
    rungs = [(_EIGHTH, _CORE), (_TWO, _CORE), (_HALF, _CORE), (_EIGHTH, _MORE)]
    rungs += [(8.0, _CORE), (_HALF, _MORE), (1.0, _CORE), (1 / 4, _CORE)]
    blocks = tuple(tuple(Cell(way, rank) for way in (_UNIFORM, *ways)) for rank, ways in rungs)
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
    """The rules at the larger budget alone: where every rank is 1 they are three factors."""
    blocks: list[tuple[Cell, ...]] = []
    contrasts: list[Contrast] = []
    ways = (_QV, _SIGNAL, _SPECTRUM)
    for rank in (_TWO, _EIGHTH):
        uniform, own = Cell(_UNIFORM, rank), [Cell(way, rank) for way in ways]
        common = [replace(cell, like=uniform, note="at uniform's rate") for cell in own]
        blocks.append((uniform, *own, *common))
        contrasts += [Contrast(cell, uniform) for cell in (*own, *common)]
    for way in (_UNIFORM, *ways):
        constant, *others = (
            Cell(way, _TWO, Grid(scalings=(rule,)), note=rule)
            for rule in ("constant", "alpha/r", "alpha/sqrt(r)")
        )
        blocks.append((constant, *others))
        contrasts += [Contrast(cell, constant) for cell in others]
    return Experiment("rates", "Rates and scaling rules", tuple(blocks), tuple(contrasts))


def _rules() -> Experiment:
    """At few ranks: cells that chose ``constant`` from two rules, and the same held to ``alpha/r``."""
    blocks: list[tuple[Cell, ...]] = []
    contrasts: list[Contrast] = []
    for ways in ((_UNIFORM, _QV), (_SIGNAL, _SPECTRUM)):
        free = [Cell(way, _HALF) for way in ways]
        held = [replace(cell, grid=Grid(scalings=("alpha/r",)), note="alpha/r") for cell in free]
        blocks.append((*free, *held))
        contrasts += [Contrast(one, other) for one, other in zip(held, free, strict=True)]
    return Experiment("rules", "Scaling rules at few ranks", tuple(blocks), tuple(contrasts))


def _defaults() -> Experiment:
    """What the tool proposes by itself, and depth alone, all at the knobs of ``uniform``."""
    uniform = Cell(_UNIFORM, _HALF)
    ways: tuple[Way, ...] = (Picked("zico"), Picked("l2_norm"), LikeIt(_SIGNAL, "layers"))
    cells = [Cell(way, _HALF, like=uniform, note="at uniform's rate") for way in ways]
    block = (uniform, *cells)
    return Experiment(
        "defaults", "Default picks, and depth, at one rate", (block,), _against_the_first((block,))
    )


def _replication() -> Experiment:
    """What led where it was found, on other rows: the rate tuned there for ``uniform``, at one rate all."""
    uniform = Cell(_UNIFORM, _HALF, Grid(scalings=("constant",)))
    pick, qv = (Cell(way, _HALF, like=uniform, note="at uniform's rate") for way in (Picked("l2_norm"), _QV))
    blocks = ((uniform, pick), (uniform, qv))
    return Experiment("replication", "The lead of two ways again", blocks, _against_the_first(blocks))


def _shortcuts() -> Experiment:
    """Eight knobs to begin with for every cell: two rules for linears, two alphas for shortcuts."""
    both, linears, grid = (*_RESIDUAL, *_CROSS), ("q", "v", "fc1", "fc2"), _EITHER_ALPHA
    residual = Evenly("linears and residual", (*linears, *_RESIDUAL))
    blocks = tuple(
        (
            Cell(_LINEARS, rank),
            Cell(residual, rank, grid),
            *(
                Cell(Evenly(name, (*linears, *roles)), rank, grid, renorm, note=note)
                for name, roles in (("linears and cross", _CROSS), ("linears and both", both))
                for renorm, note in _NORMS
            ),
        )
        for rank in (_TWO, _HALF)
    )
    return Experiment("shortcuts", "Shortcuts", blocks, _against_the_first(blocks))


def _length() -> Experiment:
    usual = [Cell(way, rank) for rank in (_EIGHTH, _TWO) for way in (_UNIFORM, _QV)]
    blocks = tuple((cell, replace(cell, longer=2.0, like=cell, note="twice as long")) for cell in usual)
    return Experiment("length", "How long is long enough", blocks, _against_the_first(blocks))


def _against_the_first(blocks: tuple[tuple[Cell, ...], ...]) -> tuple[Contrast, ...]:
    """Of each block every other cell against its first."""
    pairs = (Contrast(cell, block[0]) for block in blocks for cell in block[1:])
    return tuple(dict.fromkeys(pairs))


_MAKERS: Final = (_ladder, _length, _roles, _rates, _rules, _defaults, _replication, _shortcuts)
EXPERIMENTS: Final[Mapping[str, Experiment]] = {one.name: one for one in [make() for make in _MAKERS]}
