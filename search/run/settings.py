"""What can be chosen of a search."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from search.job.option import Range, check_settings, option
from search.job.settings import COUNTS, GENERATION_NAMES
from spaces.errors import UsageError

__all__ = ["SEARCH_MAY_GROW", "SearchSettings"]

SEARCH_MAY_GROW: Final = GENERATION_NAMES
"""Settings that may change when a search goes on in its folder: what was trained before stays valid."""


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """The search."""

    proposals: int = option(
        32,
        "allocations that each sampler proposes by scores alone, where no `trials` are trained",
        metavar="N",
        between=Range(0, 1_000_000),
    )
    finalists: int = option(
        3,
        "fine-tuned over all seeds beside the uniform baseline: without `trials` uniform[q,v], then in turn "
        "the best pick of each proxy and sampler; with it the best",
        metavar="N",
        between=COUNTS,
    )
    proxy: tuple[str, ...] | None = option(
        None,
        "what scores sites; ensemble:P+P and root:P are built of others, and all adds those without a "
        "single 95 % interval above 0 in the committed tables",
        metavar="P,...",
        default_text="zico,l2_norm",
        known=("proxies.registry:OFFERED",),
        behind=("proxies.registry:UNPROVEN",),
        every="all",
        among=True,
    )
    allocator: tuple[str, ...] = option(
        ("exact", "topk"),
        "what spends the budget on scores",
        metavar="A,...",
        known=("search.allocation.registry:ALLOCATORS",),
        among=True,
        whole=True,
    )
    sampler: tuple[str, ...] = option(
        ("tpe",),
        "Optuna's, guided by the scores; '' for none",
        metavar="S,...",
        empty=True,
        known=("search.sampling.samplers:SAMPLERS",),
        among=True,
        whole=True,
    )
    evaluator: Literal["train", "supernet"] = option(
        "train",
        "of the finalists: fine-tune each, or cut all of them from one super-network per seed, so that many "
        "cost little more than one",
    )
    table: Path | None = option(
        None,
        "answer every proposal by the nearest allocation in a study's table.parquet, and train nothing; its "
        "stratum of `budget`, `scaling` and `lr`",
        metavar="FILE",
        rare=True,
    )

    def __post_init__(self) -> None:
        check_settings(self)
        if self.table is not None and self.evaluator != "train":
            raise UsageError(
                f"`table` and `evaluator={self.evaluator}` exclude each other: a table has runs of its own; "
                "give one of them."
            )
