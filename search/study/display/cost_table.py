"""What scoring costs, as a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from search.show.number_format import ABSENT, memory, percent, seconds
from search.show.table import Column, Table, TableCell, TableRow, word_cell

__all__ = ["Cost", "cost_table"]


@dataclass(frozen=True, slots=True)
class Cost:
    """What scoring with one proxy took; None where it was not measured.

    seconds: of wall-clock time. share_of_epoch: of one fine-tuning epoch's time, 1 is all of it.
    peak_memory: bytes.
    """

    proxy: str
    seconds: float | None
    share_of_epoch: float | None
    peak_memory: float | None

    def to_json(self) -> dict[str, object]:
        """A JSON object."""
        return asdict(self)


def cost_table(costs: Sequence[Cost]) -> Table:
    """A row per proxy: time, share of one epoch, memory."""
    columns = (
        Column("proxy", ("proxy",), words=True),
        Column("time", ("seconds",)),
        Column("of one epoch", ("share_of_epoch",)),
        Column("peak memory", ("peak_memory_bytes",)),
    )
    rows = [
        TableRow(
            (
                word_cell(cost.proxy),
                _measured(cost.seconds, seconds),
                _measured(cost.share_of_epoch, lambda share: percent(share, 1)),
                _measured(cost.peak_memory, memory),
            )
        )
        for cost in costs
    ]
    return Table("Cost of scoring", columns, tuple(rows), name="costs")


def _measured(value: float | None, write: Callable[[float], str]) -> TableCell:
    return TableCell(ABSENT if value is None else write(value), (value,))
