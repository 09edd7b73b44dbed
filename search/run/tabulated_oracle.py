"""A search that trains nothing: a study's table answers for every allocation."""

from __future__ import annotations

import logging
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from evaluators.adapters.story import Story
from evaluators.store.benchmark_table import BenchmarkTable, Entry, Stratum
from evaluators.training.candidate import Trained
from proxies.registry import spelled_out
from proxies.site_scores import SiteScores
from search.allocation.uniform import uniform_allocation
from search.job.prepare import space_of
from search.job.progress import Progress
from search.job.scoring import DEFAULT_PROXIES
from search.job.settings import SpaceSettings, TrainingSettings
from search.job.usual_rule import usual_rule
from search.sampling.proposals import Proposal, StandIn
from spaces.allocation import Allocation
from spaces.budget import parse_budget
from spaces.counted import counted
from spaces.errors import InputError, UsageError
from spaces.search_space import SearchSpace

from .finalist import Finalist
from .problem import Problem
from .study_notes import Notes
from .verdict import Judged

__all__ = ["TableChoice", "TabulatedOracle"]

_log = logging.getLogger(__name__)
_FACTS: Final = (
    "model",
    "task",
    "metric",
    "training",
)  # of a table's notes, those that say what its runs were


@dataclass(frozen=True, slots=True)
class TableChoice:
    """What is searched of a table.

    What is None is not chosen: a default then narrows the choice, but only where it can.

    budget, scaling, lr: of the stratum. ranks: of the grid. seeds: how many of the table's, the first ones.
    """

    budget: str | None = None
    scaling: str | None = None
    lr: float | None = None
    ranks: str | None = None
    seeds: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class TabulatedOracle:
    """An ``Oracle`` over the entries of one stratum; neither a model nor a task is loaded.

    scores: of the proxies that the table has, on the grid of ``problem``. facts: lines that say what was
    tabulated.
    """

    table: BenchmarkTable
    stratum: Stratum
    problem: Problem
    scores: tuple[SiteScores, ...]
    facts: tuple[str, ...]

    @classmethod
    def of(cls, table: BenchmarkTable, choice: TableChoice) -> TabulatedOracle:
        """Of a study's table; raises InputError where no study wrote it or it judges by test rows, UsageError
        on a choice that does not fit."""
        notes = Notes.of(table)
        if notes.judged_by == "test":
            raise InputError(
                "the runs of the table are judged by test rows, by which a search may not choose; give the "
                "table of a study that judges by validation rows."
            )
        stratum = _stratum(table, choice)
        space = _space(table, stratum, choice.ranks)
        scored = notes.site_scores.get(stratum.scaling, ())
        facts = dict(notes.facts)
        tabulated = counted(len(table.of(stratum)), "tabulated allocation")
        problem = Problem(
            title=facts.get("space", counted(len(space.sites), "site")),
            space=space,
            max_params=stratum.max_params,
            judged=Judged(table.metric, {}, None, notes.metric_title(table), notes.direction),
            seeds=_seeds(table, choice.seeds),
            positive_label=notes.positive_label,
            notes=notes.remarks,
            evaluator="table",
            untrained=(f"each was answered by the nearest of {tabulated}, and nothing was fine-tuned",),
        )
        return cls(
            table,
            stratum,
            problem,
            tuple(scores.on_grid(space) for scores in scored if scores.proxy in table.proxies),
            tuple(f"{name:<8} {facts[name]}" for name in _FACTS if name in facts),
        )

    def announce(self, folder: Path) -> None:
        problem, space = self.problem, self.problem.space
        _log.info(
            "table    %s of %s; the nearest of them stands for each proposal",
            counted(len(self.table.of(self.stratum)), "allocation"),
            self.stratum.name,
        )
        for fact in self.facts:
            _log.info("%s", fact)
        for note in problem.notes:
            _log.warning("%s", note)
        _log.info("space    %s at ranks %s", problem.title, ",".join(map(str, space.ranks)))
        _log.info(
            f"budget   {counted(problem.max_params, 'parameter')}, {space.params_per_rank:,} per rank "
            "at every site"
        )
        if self.table.find(self.stratum, uniform_allocation(space, problem.max_params)) is None:
            _log.warning("the table lacks the uniform allocation; the nearest one stands for it")
        _log.info("output   %s", folder)

    def score(self, proxies: Sequence[str] | None, progress: Progress) -> list[SiteScores]:
        return self.scores_of(proxies)

    def scores_of(self, proxies: Sequence[str] | None) -> list[SiteScores]:
        """Of these proxies, as they are in the table, ``all`` that it has; by default, those of the defaults
        that it has."""
        known = {scores.proxy: scores for scores in self.scores}
        named = proxies or [name for name in DEFAULT_PROXIES if name in known]
        asked = spelled_out(named, known)
        if not asked or not known.keys() >= set(asked):
            lacking = [name for name in asked or DEFAULT_PROXIES if name not in known]
            raise UsageError(
                f"the table has no scores of {', '.join(lacking)}; choose with `proxy` from "
                f"{', '.join(known)}."
            )
        return [known[name] for name in asked]

    def stands_for(
        self,
        scores: Sequence[SiteScores],
        allocation: Allocation,
        *,
        apart_from: Container[Allocation] = (),
    ) -> StandIn | None:
        """The nearest entry of the stratum, with its own scores."""
        if all(entry.allocation in apart_from for entry in self.table.of(self.stratum)):
            return None
        entry = self.table.nearest(self.stratum, allocation, apart_from=apart_from)
        own = dict(entry.scores)
        return StandIn(entry.allocation, tuple((table.proxy, own[table.proxy]) for table in scores))

    def runs(
        self, proposals: Sequence[Proposal], folder: Path, progress: Progress
    ) -> list[tuple[Trained, ...]]:
        """Those in the table, without weights."""
        return [
            tuple(Trained(run, {}) for run in self._entry(one.allocation).runs[: len(self.problem.seeds)])
            for one in proposals
        ]

    def conclude(self, winner: Finalist, baseline: Finalist, folder: Path, progress: Progress) -> None:
        """Nothing: a table has no test rows."""

    def save(self, run: Trained, folder: Path, story: Story) -> None:
        raise InputError(
            "a table has no weights, so no adapter can be saved; search with a model and a task to train one."
        )

    def _entry(self, allocation: Allocation) -> Entry:
        entry = self.table.find(self.stratum, allocation)
        assert entry is not None, f"{allocation} is not of the table, and ``stands_for`` gives no other"
        return entry


def _stratum(table: BenchmarkTable, choice: TableChoice) -> Stratum:
    """The stratum of equal budget that is chosen; raises UsageError where that is not one."""
    strata = [stratum for stratum in table.strata if stratum.kind == "budget"]
    wanted = _max_params(table, choice.budget)

    def rule_at(stratum: Stratum) -> str:
        return choice.scaling or usual_rule(stratum.max_params, table.space.params_per_rank)

    fits: dict[str, tuple[bool, Callable[[Stratum], bool]]] = {
        "budget": (choice.budget is not None, lambda stratum: stratum.max_params == wanted),
        "scaling": (choice.scaling is not None, lambda stratum: stratum.scaling == rule_at(stratum)),
        "lr": (choice.lr is not None, lambda stratum: choice.lr in (None, stratum.learning_rate)),
    }
    for chosen, fit in fits.values():
        if chosen or len(strata) > 1:
            fitting = [stratum for stratum in strata if fit(stratum)]
            strata = fitting if fitting or chosen else strata
    if len(strata) != 1:
        names = "; ".join(stratum.name for stratum in table.strata if stratum.kind == "budget")
        raise UsageError(
            f"{len(strata) or 'none'} of the table's strata of equal budget fit; choose one with `budget`, "
            f"`scaling` and `lr`: {names or 'it has none, make one with python -m search.study'}."
        )
    return strata[0]


def _max_params(table: BenchmarkTable, chosen: str | None) -> int | None:
    """The budget in parameters; None where the default one, which nobody chose, does not fit the space."""
    budget = parse_budget(chosen or SpaceSettings().budget)
    if budget.unit == "share":
        raise UsageError(
            f"`budget={chosen}` is a share of a model, and a table comes with none; give parameters, as in "
            "500k, or r=8."
        )
    try:
        return budget.max_params(table.space.sites, base_params=0)
    except UsageError:
        if chosen is not None:
            raise
        return None


def _space(table: BenchmarkTable, stratum: Stratum, ranks: str | None) -> SearchSpace:
    """The table's sites at the ranks of the budget, or those chosen."""
    space = space_of(table.space.sites, ranks, stratum.max_params)
    if lacking := [str(rank) for rank in space.ranks if rank not in table.space.ranks]:
        raise UsageError(
            f"the table has no scores at rank {', '.join(lacking)}; choose with `ranks` from "
            f"{','.join(map(str, table.space.ranks))}."
        )
    return space


def _seeds(table: BenchmarkTable, chosen: int | None) -> tuple[int, ...]:
    """So many of the table's, the first ones; all it has where that is fewer than the default."""
    if chosen is not None and chosen > len(table.seeds):
        raise UsageError(
            f"`seeds={chosen}` is more than the {len(table.seeds)} the table has; ask for at most that many."
        )
    usual = TrainingSettings().seeds
    if chosen is None and usual > len(table.seeds):
        _log.info("seeds    %d, all the table has", len(table.seeds))
    return table.seeds[: chosen or usual]
