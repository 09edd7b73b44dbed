"""What is trained: cells, each a way of allocating at a budget, and what experiments ask of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product

from evaluators.data.report_on import ReportOn
from spaces.hooks import Renorm
from spaces.scaling import Rule

from .ways import Way

__all__ = ["Cell", "Contrast", "Experiment", "Grid", "Knobs", "Run"]


@dataclass(frozen=True, slots=True)
class Knobs:
    """How a cell's runs are trained, beside its allocation; chosen by tuning."""

    scaling: Rule
    shortcut_alpha: float
    learning_rate: float


@dataclass(frozen=True, slots=True)
class Grid:
    """What tuning chooses from: every rate with every rule and every alpha of the shortcuts. rates:
    ascending, each ``ratio`` times the one before; more of them are tried where the best is at an edge."""

    rates: tuple[float, ...] = (4e-4, 1e-3, 2.5e-3, 6.25e-3)
    scalings: tuple[Rule, ...] = ("constant", "alpha/r")
    shortcut_alphas: tuple[float, ...] = (16.0,)

    @property
    def points(self) -> tuple[Knobs, ...]:
        """All of them, rate by rate."""
        return tuple(Knobs(*one) for one in product(self.scalings, self.shortcut_alphas, self.rates))

    @property
    def ratio(self) -> float:
        """Of a rate to the one below it."""
        return self.rates[1] / self.rates[0]


@dataclass(frozen=True, slots=True)
class Cell:
    """A way of allocating at a budget, trained at knobs of its own.

    mean_rank: the budget, in parameters of one rank at every site of the space. grid: for its knobs. renorm:
    of cross wires. longer: times the usual number of epochs. like: the cell whose knobs it has instead of
    its own. note: what sets it apart from other cells of its way and budget; empty where nothing does.
    """

    way: Way
    mean_rank: float
    grid: Grid = field(default_factory=Grid)
    renorm: Renorm = "preserve"
    longer: float = 1.0
    like: Cell | None = None
    note: str = ""

    @property
    def title(self) -> str:
        """Its way, and what sets it apart."""
        return f"{self.way.name}, {self.note}" if self.note else self.way.name


@dataclass(frozen=True, slots=True)
class Contrast:
    """A question: by how much does one cell's loss differ from another's, seed by seed?"""

    cell: Cell
    baseline: Cell


@dataclass(frozen=True, slots=True)
class Experiment:
    """name: of its folder below results/. blocks: cells in the order in which they are trained, the most
    interesting first; all of a block's come before the next block's. contrasts: what is asked, all together.
    """

    name: str
    title: str
    blocks: tuple[tuple[Cell, ...], ...]
    contrasts: tuple[Contrast, ...]

    @property
    def cells(self) -> tuple[Cell, ...]:
        """All of them, in order."""
        return tuple(dict.fromkeys(cell for block in self.blocks for cell in block))


@dataclass(frozen=True, slots=True)
class Run:
    """One training. rows: that it is judged on, to tune by or to report. begun: whether only the first third
    of it is meant, under the schedule of all of it."""

    cell: Cell
    knobs: Knobs
    seed: int
    rows: ReportOn = "test"
    begun: bool = False
