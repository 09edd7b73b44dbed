"""What a study's table carries besides its rows, so that a report can be made of the file alone."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final

from evaluators.data.report_on import ReportOn
from evaluators.store.benchmark_table import BenchmarkTable
from proxies.site_scores import SiteScores
from spaces.direction import Direction
from spaces.errors import InputError

__all__ = ["LeftOut", "Notes", "ProxyCost"]

_NOT_OURS: Final = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What JSON of any shape can raise where a study's own is expected."""


@dataclass(frozen=True, slots=True)
class ProxyCost:
    """seconds: to score all sites, alone. peak_memory: bytes; on a CPU, of the process so far."""

    proxy: str
    seconds: float
    peak_memory: int


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A proxy that cannot score this space, and why."""

    proxy: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Notes:
    """facts: what a reader must know, as (name, text). epochs: of each fine-tuning run.

    costs: of each proxy. left_out: proxies that could not score the space. site_scores: by scaling rule.
    positive_label: that the metric is of, where it is of one. remarks: sentences without which its numbers
    may be misread. direction: in which the metric is better. judged_by: the rows that it is of. Tables of
    earlier versions have none of these.
    """

    facts: tuple[tuple[str, str], ...]
    epochs: float
    costs: tuple[ProxyCost, ...]
    left_out: tuple[LeftOut, ...]
    site_scores: Mapping[str, tuple[SiteScores, ...]]
    positive_label: str | None = None
    remarks: tuple[str, ...] = ()
    direction: Direction = "maximize"
    judged_by: ReportOn = "validation"

    def metric_title(self, table: BenchmarkTable) -> str:
        """The metric of their table as a person must know it: whose F1 it is."""
        return dict(self.facts).get("metric", table.metric)

    def to_json(self) -> dict[str, str]:
        """JSON documents by name, as ``BenchmarkTable.notes`` carries them."""
        scores = {rule: [table.to_json() for table in tables] for rule, tables in self.site_scores.items()}
        costs, left_out = [asdict(cost) for cost in self.costs], [asdict(one) for one in self.left_out]
        documents = {
            "facts": self.facts,
            "epochs": self.epochs,
            "costs": costs,
            "left_out": left_out,
            "site_scores": scores,
            "positive_label": self.positive_label,
            "remarks": self.remarks,
            "direction": self.direction,
            "judged_by": self.judged_by,
        }
        return {name: json.dumps(value) for name, value in documents.items()}

    @classmethod
    def of(cls, table: BenchmarkTable) -> Notes:
        """Of a study's table; raises InputError where another program wrote it."""
        try:
            known = {name: json.loads(text) for name, text in table.notes.items()}
            if not 0 < float(known["epochs"]) < math.inf:
                raise ValueError(f"epochs {known['epochs']}")
            positive = known.get("positive_label")
            return cls(
                tuple((str(name), str(text)) for name, text in known["facts"]),
                float(known["epochs"]),
                tuple(ProxyCost(**cost) for cost in known["costs"]),
                tuple(LeftOut(**one) for one in known["left_out"]),
                {
                    rule: tuple(SiteScores.of_json(fields, table.space) for fields in tables)
                    for rule, tables in known["site_scores"].items()
                },
                None if positive is None else str(positive),
                tuple(str(text) for text in known.get("remarks", ())),
                "minimize" if known.get("direction") == "minimize" else "maximize",
                "test" if known.get("judged_by") == "test" else "validation",
            )
        except _NOT_OURS as error:
            raise InputError(
                f"the table lacks what a study writes beside its rows ({error}); give one that "
                "python -m search.study wrote."
            ) from None
