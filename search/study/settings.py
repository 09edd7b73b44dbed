"""What can be chosen of a study of proxies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from evaluators.data.report_on import ReportOn
from search.job.option import Range, check_settings, option
from search.job.settings import LEARNING_RATES
from spaces.budget import parse_budget
from spaces.scaling import check_rule

__all__ = ["STUDY_MAY_GROW", "StudySettings"]

STUDY_MAY_GROW: Final = ("allocations", "seeds", "proxy", "site_truth", "site_rank", "source")
"""Settings that may change when a study goes on in its folder: what was trained before stays valid."""


@dataclass(frozen=True, slots=True)
class StudySettings:
    """The study."""

    allocations: int = option(
        64,
        "of each budget: uniform, one kind or role only, top- and bottom-heavy, every proxy's greedy and "
        "exact pick, and random ones, at least a third",
        metavar="N",
        between=Range(3, 1_000_000),  # fewer have no rank correlation
    )
    proxy: tuple[str, ...] | None = option(
        None,
        "what is judged; ensemble:P+P and root:P are built of others, and all adds those without a "
        "single 95 % interval above 0 in the committed tables",
        metavar="P,...",
        default_text="these, where they can score the space, and some built of them",
        known=("proxies.registry:OFFERED",),
        behind=("proxies.registry:UNPROVEN",),
        every="all",
        among=True,
    )
    judge_by: ReportOn = option(
        "validation",
        "rows that allocations are judged by: validation, cut from the training rows, or test, those to "
        "report on",
    )
    budgets: tuple[str, ...] | None = option(
        None, "several instead of `budget`; each is a stratum of its own", metavar="B,..."
    )
    scalings: tuple[str, ...] | None = option(
        None, "several instead of `scaling`, each with every budget", metavar="R,..."
    )
    lrs: tuple[float, ...] | None = option(
        None,
        "several instead of `lr`, each with every budget and scaling",
        metavar="LR,...",
        between=LEARNING_RATES,
    )
    source: Path | None = option(
        None,
        "write the report of DIR/table.parquet anew, without training",
        metavar="DIR",
        flag="--from",
    )
    site_truth: tuple[str, ...] | None = option(
        None,
        "also train every site alone (only), and all sites but one (without)",
        metavar="only,without",
        rare=True,
    )
    site_rank: int = option(8, "of a site that is alone", metavar="R", between=Range(1, 1_000_000), rare=True)

    def __post_init__(self) -> None:
        check_settings(self)
        for budget in self.budgets or ():
            parse_budget(budget, argument="budgets")
        for rule in self.scalings or ():
            check_rule(rule, argument="scalings")
