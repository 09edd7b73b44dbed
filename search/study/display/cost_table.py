"""What scoring costs, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from search.show.number_format import ABSENT, memory, percent, seconds

from .table import Table, TableRow

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
    rows = [
        TableRow(
            (
                cost.proxy,
                ABSENT if cost.seconds is None else seconds(cost.seconds),
                ABSENT if cost.share_of_epoch is None else percent(cost.share_of_epoch, 1),
                ABSENT if cost.peak_memory is None else memory(cost.peak_memory),
            )
        )
        for cost in costs
    ]
    return Table("Cost of scoring", ("proxy", "time", "of one epoch", "peak memory"), tuple(rows))
