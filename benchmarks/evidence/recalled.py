"""What committed tables know: tuned cells and reported runs that need not be trained again."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

from evaluators.training.candidate import Candidate, Evaluation
from spaces.allocation import Allocation
from spaces.errors import InputError
from spaces.scaling import Rule

from .cell import Cell, Knobs, Run
from .tuning import Tuned, is_inner

__all__ = ["MADE", "Recalled", "Row", "allocation_of", "rows_by_cell"]

MADE: Final = "made.json"
"""Beside the tables: what made them."""

Row = Mapping[str, str]
"""Of a table, by column."""


class Recalled:
    """Cells as ``runs.csv`` and ``tuning.csv`` of experiments on the same rows have them, by title and rank.

    What was begun and dropped is in no table, so that a recalled cell is taken as tuned as it stands there.
    """

    def __init__(self, folders: Sequence[Path] = ()) -> None:
        """folders: of an experiment on one task each; of a cell that several have, the first is taken."""
        self._made = {folder: _made(folder) for folder in folders}
        self._runs: dict[tuple[str, float], list[Row]] = {}
        self._tuning: dict[tuple[str, float], list[Row]] = {}
        for folder in folders:
            for known, name in ((self._runs, "runs.csv"), (self._tuning, "tuning.csv")):
                for key, rows in rows_by_cell(folder / name).items():
                    known.setdefault(key, rows)

    def check(self, made: Mapping[str, object]) -> None:
        """Raises InputError where tables were made of other rows, or trained otherwise, than ``made`` says.

        made: as ``Laboratory.made``. Older tables have no fingerprint, and are told by the rest.
        """
        own = json.loads(json.dumps(made))
        for folder, theirs in self._made.items():
            name = next((one for one in own if one in theirs and theirs[one] != own[one]), None)
            if name is not None:
                raise InputError(
                    f"the tables of {folder} were made with {name} {theirs[name]}, and not with {own[name]}; "
                    "give tables of the same model, rows and recipe."
                )

    def tuned(self, cell: Cell) -> Tuned | None:
        """The knobs that a cell was given, and what tuning made of them; None of one that is in no table."""
        rows = self._tuning.get(_key(cell))
        if rows is None:
            return None
        losses = {_knobs(row): float(row["loss"]) if row["loss"] else math.inf for row in rows}
        chosen = next(_knobs(row) for row in rows if row["chosen"] == "true")
        inner = is_inner(chosen, [*cell.grid.points, *losses], cell.grid.ratio)
        return Tuned(chosen, tuple(losses.items()), (), inner)

    def evaluation(self, run: Run, allocation: Allocation) -> Evaluation | None:
        """What came of a reported run; None of one that is in no table.

        allocation: the run's; raises InputError where the table's is another, as of another space it is.
        """
        own = (row for row in self._runs.get(_key(run.cell), ()) if int(row["seed"]) == run.seed)
        row = next(own, None)
        if row is None or run.begun or run.rows != "test" or _knobs(row) != run.knobs:
            return None
        if allocation_of(row) != allocation:
            raise InputError(
                f"{run.cell.title} at mean rank {run.cell.mean_rank:g} has another allocation in the table "
                f"for seed {run.seed}; give tables of the same model and space."
            )
        candidate = Candidate(allocation, run.seed, run.knobs.learning_rate, run.knobs.scaling)
        metric, loss = (float(row[name]) if row[name] else None for name in ("metric", "loss"))
        return Evaluation(candidate, metric, loss, row["failure"] or None, (), float(row["seconds"]), 0)

    def pick(self, proxy: str, mean_rank: float) -> Allocation | None:
        """What a proxy picked, which goes by its name, also at the knobs of another; None where no table has
        it."""
        for (way, rank), rows in self._runs.items():
            if rank == mean_rank and way.partition(", ")[0] == proxy:
                return allocation_of(rows[0])
        return None


def _made(folder: Path) -> dict[str, Any]:
    """What made the tables of a folder, as they tell it; raises InputError where they do not."""
    try:
        made: dict[str, Any] = json.loads((folder / MADE).read_text())
        if lacking := {"rows", "recipe"} - made.keys():
            raise LookupError(f"it lacks {', '.join(sorted(lacking))}")
        return made
    except (OSError, LookupError, AttributeError, ValueError) as error:
        raise InputError(
            f"{folder / MADE} does not say on which rows the tables beside it were made ({error}); give a "
            "folder that this command wrote."
        ) from error


def rows_by_cell(path: Path) -> dict[tuple[str, float], list[Row]]:
    """The rows of such a table by way, as it is called there, and mean rank."""
    found: dict[tuple[str, float], list[Row]] = {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault((row["way"], float(row["mean_rank"])), []).append(row)
    return found


def _key(cell: Cell) -> tuple[str, float]:
    return cell.title, cell.mean_rank


def _knobs(row: Row) -> Knobs:
    return Knobs(cast(Rule, row["scaling"]), float(row["shortcut_alpha"]), float(row["learning_rate"]))


def allocation_of(row: Row) -> Allocation:
    """That of a row of ``runs.csv``, as ``tables`` writes its ranks."""
    pairs = (pair.rpartition("=") for pair in row["ranks"].split())
    return Allocation.of({site: int(rank) for site, _, rank in pairs})
