"""What can be chosen of a live search."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

from search.job.option import Range, check_settings, option
from search.job.settings import COUNTS, LEARNING_RATES
from spaces.budget import parse_budget
from spaces.errors import UsageError
from spaces.scaling import check_rule
from spaces.unknown_name import unknown_name

from .trial_objective import JUDGED, OBJECTIVES

__all__ = ["LiveSettings"]

_RUNGS: Final = 2


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """The live search (default: none; proxies' scores choose the finalists)."""

    trials: int = option(
        0,
        "allocations to train while the search goes on, most of them stopped early, besides the baselines; "
        "0: only finalists are trained",
        metavar="N",
        between=Range(0, 1_000_000),
    )
    halving: int = option(
        3,
        "at a rung the best one of so many trials goes on; 0: all are trained to the end",
        metavar="E",
        between=Range(0, 100),
    )
    rungs: int = option(
        _RUNGS,
        "at which trials are judged before the end; the usual two are after a ninth and a third of it",
        metavar="N",
        between=Range(1, 10),
        rare=True,
    )
    pruner: str = option(
        "halving",
        "who goes on, as Optuna's pruner of that name decides it",
        metavar="P",
        known=("search.live.pruning:PRUNERS",),
        rare=True,
    )
    lrs: tuple[float, ...] | None = option(
        None,
        "learning rates to choose from",
        metavar="R,...",
        between=LEARNING_RATES,
        default_text="that of `lr`, or the usual one, 2.5 times less and 2.5 times more",
    )
    scalings: tuple[str, ...] | None = option(
        None,
        "scaling rules to choose from",
        metavar="S,...",
        default_text="that of `scaling`, or alpha/r and constant",
    )
    objectives: tuple[str, ...] = option(
        ("loss",),
        f"what trials are compared by, {' or '.join(JUDGED)} on the validation rows first; any behind it "
        "make also a front of the best trade-offs (seconds are an equal share of the time of those trained "
        "side by side, memory is the peak of all of them)",
        metavar="O,...",
        known=("search.live.trial_objective:OBJECTIVES",),
    )
    budget_min: str | None = option(
        None,
        "each trial has a budget of its own between this and `budget`",
        metavar="B",
        default_text="that of `budget`",
    )
    at_once: int | None = option(
        None,
        "trials that are trained side by side",
        metavar="N",
        between=COUNTS,
        default_text="what the machine's cohorts hold",
        rare=True,
    )

    def __post_init__(self) -> None:
        check_settings(self)
        given = [one.name for one in fields(self) if getattr(self, one.name) != one.default]
        if given and not self.trials:
            raise UsageError(f"`{given[0]}` is of a live search, and none is asked for; add `trials`.")
        if self.halving == 1:
            raise UsageError("`halving=1` lets every trial go on; give 0 for that, or 2 or more.")
        if self.halving == 0 and self.pruner != "halving":
            raise UsageError(
                f"`pruner={self.pruner}` decides who goes on, and `halving=0` lets all; drop one."
            )
        if self.halving == 0 and self.rungs != _RUNGS:
            raise UsageError(
                f"`rungs={self.rungs}` says where trials are judged, and `halving=0` judges none; drop one."
            )
        for rule in self.scalings or ():
            check_rule(rule, argument="scalings")
        for name in self.objectives:
            if name not in OBJECTIVES:
                raise unknown_name("objectives", name, OBJECTIVES)
        if not OBJECTIVES[self.objectives[0]].judged:
            raise UsageError(
                f"`objectives={','.join(self.objectives)}` must be {' or '.join(JUDGED)}, by which trials "
                "are stopped, then any others; write for example `objectives=loss,params`."
            )
        if self.budget_min is not None:
            parse_budget(self.budget_min, argument="budget_min")
