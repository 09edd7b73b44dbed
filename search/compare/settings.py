"""What can be chosen of a comparison of methods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from search.job.option import check_settings, option
from search.job.settings import COUNTS, GENERATION_NAMES, LEARNING_RATES
from spaces.errors import UsageError
from spaces.scaling import check_rule

__all__ = ["COMPARISON_MAY_GROW", "CompareSettings"]

COMPARISON_MAY_GROW: Final = (
    *("methods", "seeds", "lrs", "scalings", "tune_seeds"),
    *GENERATION_NAMES,
)
"""Settings that may change when a comparison goes on in its folder: what was trained before stays valid."""


@dataclass(frozen=True, slots=True)
class CompareSettings:
    """The comparison."""

    methods: str = option(
        "all",
        "NAME[setting=value,...]@SPACE/RENORM, all but NAME optional; all, or peft for all of PEFT's own",
        metavar="M,...",
        known=("search.methods.registry:METHODS", "search.compare.peft_configs:REFEREES"),
    )
    lrs: tuple[float, ...] | None = option(
        None,
        "grid from which every method's learning rate is chosen",
        metavar="LR,...",
        between=LEARNING_RATES,
        default_text="`lr` alone",
    )
    scalings: tuple[str, ...] | None = option(
        None,
        "grid from which every method's scaling is chosen",
        metavar="R,...",
        default_text="`scaling` alone",
    )
    tune_seeds: int = option(
        1,
        "runs of each point of the grid, with seeds that are not reported; judged by the validation loss",
        metavar="N",
        between=COUNTS,
    )
    preset: str | None = option(
        None,
        "a table of the papers, with its model, methods and settings; list names them",
        metavar="NAME",
    )
    dataset: tuple[str, ...] | None = option(
        None, "columns of the preset's table", metavar="D,...", default_text="all"
    )

    def __post_init__(self) -> None:
        check_settings(self)
        for rule in self.scalings or ():
            check_rule(rule, argument="scalings")
        if self.dataset and not self.preset:
            raise UsageError("`dataset` names columns of the table of `preset`; for a task use `task`.")
