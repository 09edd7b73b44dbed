"""The tables of a study as files: Markdown to be pasted, CSV to be computed with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from evaluators.store.whole_file import write_whole
from search.show.table import Table
from search.study.judging.stratum_report import StratumReport

from .card_tables import at_k_table, card_table, correlation_table
from .contest_tables import every_contest, pick_table
from .cost_table import Cost, cost_table

__all__ = ["clear_tables", "write_costs", "write_tables"]

_OURS: Final = re.compile(
    r"(((\d+|pooled)-(metric|loss)-(cards|correlations|at-k|contests|picks))|costs)\.(md|csv)"
)


def clear_tables(folder: Path) -> None:
    """Makes the folder, and removes from it what an earlier report has written."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in [path for path in folder.iterdir() if _OURS.fullmatch(path.name)]:
        old.unlink()


def write_tables(report: StratumReport, place: Path) -> None:
    """All tables of one stratum's report, every contest among them, in files that begin with ``place``."""
    tables = [card_table(report), correlation_table(report), at_k_table(report)]
    if report.contests:
        tables += [every_contest(report), pick_table(report)]
    for table in tables:
        _write(table, place.with_name(f"{place.name}-{table.name}"))


def write_costs(costs: Sequence[Cost], folder: Path) -> None:
    """What scoring costs, where that is known."""
    if costs:
        table = cost_table(costs)
        _write(table, folder / table.name)


def _write(table: Table, place: Path) -> None:
    write_whole(place.with_name(f"{place.name}.md"), table.markdown() + "\n")
    write_whole(place.with_name(f"{place.name}.csv"), table.csv())
