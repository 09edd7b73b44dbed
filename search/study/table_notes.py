"""What a study's table carries besides its rows, so that a report can be made of the file alone."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, get_args

import numpy as np

from evaluators.store.benchmark_table import BenchmarkTable, Entry
from proxies.site_scores import Point, SiteScores
from search.cli.study_options import StudyOptions
from search.job.prepare import Search
from spaces.counted import counted
from spaces.errors import InputError
from spaces.search_space import SearchSpace

from .draw import PICKERS
from .scoring import LeftOut, Scored

__all__ = ["Notes", "ProxyCost", "notes_of"]


_NOT_OURS: Final = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What JSON of any shape can raise where a study's own is expected."""


@dataclass(frozen=True, slots=True)
class ProxyCost:
    """seconds: to score all sites, alone. peak_memory: bytes; on a CPU, of the process so far."""

    proxy: str
    seconds: float
    peak_memory: int


@dataclass(frozen=True, slots=True, eq=False)
class Notes:
    """facts: what a reader must know, as (name, text). epochs: of each fine-tuning run.

    costs: of each proxy. left_out: proxies that could not score the space. site_scores: by scaling rule.
    positive_label: that the metric is of, where it is of one. remarks: sentences without which its numbers
    may be misread. Tables of earlier versions have neither.
    """

    facts: tuple[tuple[str, str], ...]
    epochs: float
    costs: tuple[ProxyCost, ...]
    left_out: tuple[LeftOut, ...]
    site_scores: Mapping[str, tuple[SiteScores, ...]]
    positive_label: str | None = None
    remarks: tuple[str, ...] = ()

    def metric_title(self, table: BenchmarkTable) -> str:
        """The metric of their table as a person must know it: whose F1 it is."""
        return dict(self.facts).get("metric", table.metric)

    def to_json(self) -> dict[str, str]:
        """JSON documents by name, as ``BenchmarkTable.notes`` carries them."""
        scores = {rule: [_fields(table) for table in tables] for rule, tables in self.site_scores.items()}
        costs, left_out = [asdict(cost) for cost in self.costs], [asdict(one) for one in self.left_out]
        documents = {
            "facts": self.facts,
            "epochs": self.epochs,
            "costs": costs,
            "left_out": left_out,
            "site_scores": scores,
            "positive_label": self.positive_label,
            "remarks": self.remarks,
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
                    rule: tuple(_scores(fields, table.space) for fields in tables)
                    for rule, tables in known["site_scores"].items()
                },
                None if positive is None else str(positive),
                tuple(str(text) for text in known.get("remarks", ())),
            )
        except _NOT_OURS as error:
            raise InputError(
                f"the table lacks what a study writes beside its rows ({error}); give one that "
                "python -m search.study wrote."
            ) from None


def notes_of(
    options: StudyOptions,
    searches: Sequence[Search],
    scored: Mapping[str, Sequence[Scored]],
    left_out: Sequence[LeftOut],
    entries: Sequence[Entry],
) -> Notes:
    """What a finished study has to say of itself; costs are those of the first scaling rule."""
    first, costs = searches[0], next(iter(scored.values()))
    task, space = first.inputs.task, first.space
    budgets = dict.fromkeys(counted(search.max_params, "parameter") for search in searches)
    rates = dict.fromkeys(f"{search.learning_rate:g}" for search in searches)
    picks = {f"{one.scores.proxy}/{picker}" for one in costs for picker in PICKERS}
    drawn = picks & {origin for entry in entries for origin in entry.origins}
    facts = {
        "model": f"{first.inputs.base}, {options.dtype}",
        "task": f"{task.name}: {counted(len(task.train), 'row')} to train, "
        f"{len(task.validation):,} to judge by",
        "metric": task.objective.metric_title,
        "space": f"{options.space}: {counted(len(space.sites), 'site')}",
        "budget": f"{'; '.join(budgets)} ({space.params_per_rank:,} per rank at every site)",
        "picks": f"{len(drawn)} of {len(picks)} greedy and exact picks of proxies are among the allocations",
        "seeds": ", ".join(map(str, options.all_seeds)),
        "scaling": ", ".join(scored),
        "training": f"{counted(options.epochs, 'epoch')} in batches of {options.batch_size}, "
        f"learning rate {', '.join(rates)}, renorm {options.renorm}",
        "scoring": f"{counted(options.scoring_batches, 'batch', 'batches')} of {options.scoring_batch_size}, "
        f"{counted(options.warm_up_steps, 'warm-up step')}",
        "device": ", ".join(first.devices),
    }
    return Notes(
        tuple(facts.items()),
        options.epochs,
        tuple(ProxyCost(one.scores.proxy, one.seconds, one.peak_memory) for one in costs),
        tuple(left_out),
        {rule: tuple(one.scores for one in tables) for rule, tables in scored.items()},
        task.objective.metric_label,
        task.notes,
    )


def _fields(table: SiteScores) -> dict[str, Any]:
    by_site, by_rank = table.by_site.tolist(), table.by_rank.tolist()
    return {"proxy": table.proxy, "point": table.point, "by_site": by_site, "by_rank": by_rank}


def _scores(fields: Mapping[str, Any], space: SearchSpace) -> SiteScores:
    if fields["point"] not in get_args(Point):
        raise ValueError(f"point {fields['point']!r}")
    arrays = np.array(fields["by_site"]), np.array(fields["by_rank"])
    return SiteScores(fields["proxy"], fields["point"], space, *arrays)
