"""A search that trains nothing: a study's table answers for every allocation."""

from __future__ import annotations

import logging
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from evaluators.store.benchmark_table import BenchmarkTable, Entry, Stratum
from evaluators.training.candidate import Trained
from proxies.site_scores import SiteScores
from search.allocation.uniform import uniform
from search.cli.run_options import SearchOptions
from search.job.prepare import space_of
from search.job.scoring import DEFAULT_PROXIES
from search.sampling.proposals import Answer
from search.study.table_notes import Notes
from spaces.allocation import Allocation
from spaces.budget import parse_budget
from spaces.counted import counted
from spaces.errors import UsageError
from spaces.search_space import SearchSpace

from .evaluator import Setting
from .finalist import Finalist
from .verdict import Judged

__all__ = ["TabulatedEvaluator"]

_log = logging.getLogger(__name__)
_FACTS: Final = (
    "model",
    "task",
    "metric",
    "training",
)  # of a table's notes, those that say what its runs were


@dataclass(frozen=True, slots=True, eq=False)
class TabulatedEvaluator:
    """An ``Evaluator`` over the entries of one stratum; neither a model nor a task is loaded.

    scores: of the proxies asked for, on the grid of ``setting``. facts: lines that say what was tabulated.
    """

    table: BenchmarkTable
    stratum: Stratum
    setting: Setting
    scores: tuple[SiteScores, ...]
    facts: tuple[str, ...]

    @classmethod
    def of(cls, options: SearchOptions) -> TabulatedEvaluator:
        """Reads the table; raises InputError where there is none, UsageError on options that do not fit."""
        assert options.table is not None, "--table was checked"
        table = BenchmarkTable.read(options.table)
        notes = Notes.of(table)
        stratum = _stratum(table, options, options.typed)
        space = _space(table, stratum, options)
        scored = notes.site_scores.get(stratum.scaling, ())
        known = {scores.proxy: scores for scores in scored if scores.proxy in table.proxies}
        facts = dict(notes.facts)
        setting = Setting(
            title=facts.get("space", counted(len(space.sites), "site")),
            space=space,
            max_params=stratum.max_params,
            judged=Judged(table.metric, {}, None, title=notes.metric_title(table)),
            seeds=_seeds(table, options, options.typed),
            positive_label=notes.positive_label,
            notes=notes.remarks,
        )
        return cls(
            table,
            stratum,
            setting,
            tuple(known[name].on_grid(space) for name in _proxies(options, [*known])),
            tuple(f"{name:<8} {facts[name]}" for name in _FACTS if name in facts),
        )

    def announce(self, output: Path) -> None:
        setting, space = self.setting, self.setting.space
        _log.info(
            "table    %s of %s; the nearest of them stands for each proposal",
            counted(len(self.table.of(self.stratum)), "allocation"),
            self.stratum.name,
        )
        for fact in self.facts:
            _log.info("%s", fact)
        for note in setting.notes:
            _log.warning("%s", note)
        _log.info("space    %s at ranks %s", setting.title, ",".join(map(str, space.ranks)))
        _log.info(
            f"budget   {counted(setting.max_params, 'parameter')}, {space.params_per_rank:,} per rank "
            "at every site"
        )
        if self.table.find(self.stratum, uniform(space, setting.max_params)) is None:
            _log.warning("the table lacks the uniform allocation; the nearest one stands for it")
        _log.info("output   %s", output)

    def score(self) -> list[SiteScores]:
        return list(self.scores)

    def answer(
        self,
        scores: Sequence[SiteScores],
        allocation: Allocation,
        *,
        apart_from: Container[Allocation] = (),
    ) -> Answer | None:
        """The nearest entry of the stratum, with its own scores."""
        if all(entry.allocation in apart_from for entry in self.table.of(self.stratum)):
            return None
        entry = self.table.nearest(self.stratum, allocation, apart_from=apart_from)
        own = dict(entry.scores)
        return Answer(entry.allocation, tuple((table.proxy, own[table.proxy]) for table in scores))

    def evaluate(self, allocations: Sequence[Allocation], output: Path) -> list[tuple[Trained, ...]]:
        """The runs in the table, without weights."""
        return [
            tuple(Trained(run, {}) for run in self._entry(allocation).runs[: len(self.setting.seeds)])
            for allocation in allocations
        ]

    def conclude(self, winner: Finalist, baseline: Finalist, output: Path) -> None:
        """Nothing: a table has neither test rows nor weights."""

    def _entry(self, allocation: Allocation) -> Entry:
        entry = self.table.find(self.stratum, allocation)
        assert entry is not None, f"{allocation} is not of the table, and ``answer`` gives no other"
        return entry


def _stratum(table: BenchmarkTable, options: SearchOptions, typed: Container[str]) -> Stratum:
    """The stratum of equal budget that the options name; a default narrows the choice only where it can.

    Raises UsageError where that is not one.
    """
    strata = [stratum for stratum in table.strata if stratum.kind == "budget"]
    wanted = _max_params(table, options.budget, typed="budget" in typed)
    fits: dict[str, Callable[[Stratum], bool]] = {
        "budget": lambda stratum: stratum.max_params == wanted,
        "scaling": lambda stratum: stratum.scaling == options.scaling,
        "lr": lambda stratum: options.lr in (None, stratum.learning_rate),
    }
    for name, fit in fits.items():
        if name in typed or len(strata) > 1:
            fitting = [stratum for stratum in strata if fit(stratum)]
            strata = fitting if fitting or name in typed else strata
    if len(strata) != 1:
        names = "; ".join(stratum.name for stratum in table.strata if stratum.kind == "budget")
        raise UsageError(
            f"{len(strata) or 'none'} of the table's strata of equal budget fit; choose one with --budget, "
            f"--scaling and --lr: {names or 'it has none, make one with python -m search.study'}."
        )
    return strata[0]


def _max_params(table: BenchmarkTable, text: str, *, typed: bool) -> int | None:
    """The budget in parameters; None where the default one, which nobody typed, does not fit the space."""
    budget = parse_budget(text)
    if budget.unit == "share":
        raise UsageError(
            f"--budget {text} is a share of a model, and --table loads none; give parameters, as in 500k, "
            "or r=8."
        )
    try:
        return budget.max_params(table.space.sites, base_params=0)
    except UsageError:
        if typed:
            raise
        return None


def _space(table: BenchmarkTable, stratum: Stratum, options: SearchOptions) -> SearchSpace:
    """The table's sites at the ranks of the budget, or those typed."""
    space = space_of(table.space.sites, options.ranks, stratum.max_params)
    if lacking := [str(rank) for rank in space.ranks if rank not in table.space.ranks]:
        raise UsageError(
            f"the table has no scores at rank {', '.join(lacking)}; choose with --ranks from "
            f"{','.join(map(str, table.space.ranks))}."
        )
    return space


def _proxies(options: SearchOptions, known: Sequence[str]) -> tuple[str, ...]:
    """Those asked for; by default, those of the defaults that the table has."""
    asked = tuple(dict.fromkeys(options.proxy or [name for name in DEFAULT_PROXIES if name in known]))
    if not asked or not set(asked) <= set(known):
        lacking = [name for name in asked or DEFAULT_PROXIES if name not in known]
        raise UsageError(
            f"the table has no scores of {', '.join(lacking)}; choose with --proxy from {', '.join(known)}."
        )
    return asked


def _seeds(table: BenchmarkTable, options: SearchOptions, typed: Container[str]) -> tuple[int, ...]:
    """The table's first ``--seeds``; all it has where that is fewer than the default.

    ``--seed`` decides what is drawn, not which runs are read.
    """
    if options.seeds > len(table.seeds):
        if "seeds" in typed:
            raise UsageError(
                f"--seeds {options.seeds} is more than the {len(table.seeds)} the table has; ask for at most "
                "that many."
            )
        _log.info("seeds    %d, all the table has", len(table.seeds))
    return table.seeds[: options.seeds]
