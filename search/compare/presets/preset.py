"""What a preset is: a table of a paper as data, and how it is printed with our numbers beside theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from search.compare.arm import Arm
from search.show.sheet import Sheet
from search.show.table import Column, Table, TableCell, TableRow, word_cell
from spaces.errors import UsageError
from spaces.site import Kind

__all__ = ["Cell", "Number", "PaperSettings", "Preset", "PresetArm", "SeedStatistic", "Setup", "layout"]

Setup = Literal["ft", "lora", "shortcuts"]
"""What a line of hyperparameters is for: full fine-tuning, LoRA, or LoRA with shortcuts."""

SeedStatistic = Literal["median", "mean"]
"""What a paper reports of its seeds."""


@dataclass(frozen=True, slots=True)
class PaperSettings:
    """A paper's hyperparameters for one model and data set.

    model: hub name. dataset: a name of a task (``NAMED_TASKS``, ``CORPORA``, ``QUIZZES``). space, rank: the
    LoRA and shortcut configuration, every site at that rank; None for full fine-tuning, as are the alphas.
    warmup: share of the steps; None where the paper is silent, as is max_grad_norm.
    """

    model: str
    dataset: str
    setup: Setup
    batch_size: int
    epochs: int
    learning_rate: float
    weight_decay: float
    max_length: int
    space: str | None = None
    rank: int | None = None
    lora_alpha: float | None = None
    shortcut_alpha: float | None = None
    warmup: float | None = None
    max_grad_norm: float | None = None


@dataclass(frozen=True, slots=True)
class Number:
    """A metric over seeds, in percent where it is a share, or seconds. rank: at which it was reached, where
    that is reported."""

    value: float
    sd: float | None = None
    rank: int | None = None

    def text(self, decimals: int) -> str:
        """As the papers print it: ``84.1 ± 1.1``, or ``87.03 (8)`` with the rank."""
        sd = "" if self.sd is None else f" ± {self.sd:.{decimals}f}"
        return f"{self.value:.{decimals}f}{sd}" + ("" if self.rank is None else f" ({self.rank})")


@dataclass(frozen=True, slots=True)
class PresetArm:
    """What is trained for some cells, on each one's data set.

    method, options: of ``search.methods.registry``. budget: as ``parse_budget`` reads it. setup: whose
    hyperparameters it takes. ranks: by kind of site, where the table fixes them; empty: the method's own.
    """

    label: str
    method: str
    space: str
    budget: str
    setup: Setup = "lora"
    options: Mapping[str, str] = field(default_factory=dict)
    ranks: Mapping[Kind, int] = field(default_factory=dict)

    @property
    def spec(self) -> str:
        """The method as it is typed: ``hetero-dynamic[proxy=snip,frequency=2]``."""
        options = ",".join(f"{name}={value}" for name, value in self.options.items())
        return f"{self.method}[{options}]" if options else self.method

    @property
    def arm(self) -> Arm:
        """What is trained; with shortcuts HeteroLoRA's appendix D applies the layer norm again."""
        return Arm(
            label=self.label,
            method=self.spec,
            space=self.space,
            budget=self.budget,
            renorm="paper" if self.setup == "shortcuts" else "preserve",
            ranks=tuple(self.ranks.items()),
        )


@dataclass(frozen=True, slots=True)
class Cell:
    """One place of a table. arm: a label; None where only the paper's number is shown. metric: of
    ``evaluators.metrics.registry`` or ``TEXT_METRICS``, or ``seconds``. share: whether the paper prints out
    of one what ``TEXT_METRICS`` has out of 100. ranks: all wires cut to their first so many rows and columns
    before they are judged, without training again, the best of them shown; none: as trained.
    """

    row: str
    column: str
    arm: str | None
    dataset: str | None
    metric: str = "accuracy"
    paper: Number | None = None
    ranks: tuple[int, ...] = ()
    share: bool = False


@dataclass(frozen=True, slots=True)
class Preset:
    """A table of a paper.

    seeds: as printed. columns: in order; rows follow from the cells. means: columns that hold the mean of
    their row's others. baseline: (row, column) to which the others are compared. notes: what the text
    leaves open, and what is done about it.
    """

    name: str
    source: str
    model: str
    statistic: SeedStatistic
    seeds: tuple[int, ...]
    columns: tuple[str, ...]
    arms: tuple[PresetArm, ...]
    cells: tuple[Cell, ...]
    decimals: int
    means: frozenset[str] = frozenset()
    baseline: tuple[str, str] | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        places = [(cell.row, cell.column) for cell in self.cells]
        labels = [arm.label for arm in self.arms]
        if len(set(places)) != len(places) or len(set(labels)) != len(labels):
            raise ValueError(f"{self.name}: cells and arms must have distinct places and labels.")
        for cell in self.cells:
            if cell.column not in self.columns or (cell.arm is not None and cell.arm not in labels):
                raise ValueError(f"{self.name}: {cell} has an unknown column or arm.")
            if (cell.arm is None) != (cell.dataset is None):
                raise ValueError(f"{self.name}: {cell} must have both an arm and a data set, or neither.")

    @property
    def rows(self) -> tuple[str, ...]:
        """Headings, from the top."""
        return tuple(dict.fromkeys(cell.row for cell in self.cells))

    @property
    def datasets(self) -> tuple[str, ...]:
        """Those that its arms are trained on, in the order of the cells."""
        return tuple(dict.fromkeys(cell.dataset for cell in self.cells if cell.dataset is not None))

    def arm(self, label: str) -> PresetArm:
        """The arm of that label, which must be there."""
        return next(arm for arm in self.arms if arm.label == label)

    def only(self, datasets: Sequence[str]) -> Preset:
        """The preset without the cells of other data sets; raises UsageError on one that it has not."""
        if unknown := [name for name in datasets if name not in self.datasets]:
            raise UsageError(f"{unknown} are not in {self.name}, which has {', '.join(self.datasets)}.")
        cells = tuple(cell for cell in self.cells if cell.dataset in datasets)
        kept = {cell.arm for cell in cells}
        columns = tuple(name for name in self.columns if name in {cell.column for cell in cells})
        arms = tuple(arm for arm in self.arms if arm.label in kept)
        return replace(self, columns=columns, arms=arms, cells=cells, means=frozenset())


def layout(preset: Preset, ours: Mapping[tuple[str, str], Number]) -> Sheet:
    """The paper's table, each cell ``ours | theirs``, ``-`` for a number that is not there; its notes below.

    ours: by (row, column), as the paper prints them. Means of rows are added.
    """
    known = {**_means(preset, ours), **ours}
    theirs = {(cell.row, cell.column): cell.paper for cell in preset.cells if cell.paper is not None}
    sides = [f"{{}}{whose}{what}" for whose in ("", "_paper") for what in ("", "_sd", "_rank")]
    columns = (
        Column("", ("row",), words=True),
        *(Column(name, tuple(side.format(name) for side in sides)) for name in preset.columns),
    )
    rows = [
        TableRow((word_cell(row), *(_cell(preset, known, theirs, (row, name)) for name in preset.columns)))
        for row in preset.rows
    ]
    about = (
        f"{preset.source}, {preset.model}: ours | the paper's; {preset.statistic} over seeds "
        f"{', '.join(map(str, preset.seeds))}"
    )
    notes = tuple(f"note: {note}" for note in preset.notes)
    return Sheet("", ((about,), Table("", columns, tuple(rows)), notes))


def _cell(
    preset: Preset,
    ours: Mapping[tuple[str, str], Number],
    theirs: Mapping[tuple[str, str], Number],
    place: tuple[str, str],
) -> TableCell:
    """Both numbers of a place; empty where the table has none."""
    if all(place != (cell.row, cell.column) for cell in preset.cells):
        return TableCell("", (None,) * 6)
    values = [
        value
        for own in (ours.get(place), theirs.get(place))
        for value in ((None,) * 3 if own is None else (own.value, own.sd, own.rank))
    ]
    return TableCell(f"{_text(preset, ours, place)} | {_text(preset, theirs, place)}", tuple(values))


def _text(preset: Preset, numbers: Mapping[tuple[str, str], Number], place: tuple[str, str]) -> str:
    if place not in numbers:
        return "-"
    text = numbers[place].text(preset.decimals)
    if preset.baseline is None or place == preset.baseline or preset.baseline not in numbers:
        return text
    return f"{text} ({numbers[place].value - numbers[preset.baseline].value:+.{preset.decimals}f})"


def _means(preset: Preset, ours: Mapping[tuple[str, str], Number]) -> dict[tuple[str, str], Number]:
    """The means of those rows all of whose cells are known."""
    found = {}
    for row in preset.rows:
        own = [(c.row, c.column) for c in preset.cells if c.row == row and c.column not in preset.means]
        if preset.means and own and all(place in ours for place in own):
            mean = Number(sum(ours[place].value for place in own) / len(own))
            found.update({(row, column): mean for column in preset.means})
    return found
