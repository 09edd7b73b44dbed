"""What can be chosen of the search space: sites, budget, ranks and the scale of wires."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from search.job.option import Range, check_settings, option
from spaces.budget import parse_budget
from spaces.grammar import parse_space
from spaces.scaling import Rule
from spaces.search_space import parse_ranks

__all__ = ["SpaceSettings", "check_space"]

_ALPHA: Final = Range(0, 1e6, exclusive=True)


@dataclass(frozen=True, slots=True)
class SpaceSettings:
    """What may be trained."""

    space: str = option(
        "lora+shortcut",
        "lora, lora[q,v,fc1], lora[all], residual[res1,res2], cross[in,cut;span=1..3], "
        "shortcut (= residual[all]+cross[all]), joined by +",
        metavar="S",
    )
    budget: str = option(
        "2.3M", "2.3M, 500k, 1.2e6, 0.5% of the base model, or r=8 for every site at rank 8", metavar="B"
    )
    ranks: str | None = option(
        None, "the ranks to choose from", metavar="0,R,...", default_text="0 and powers of two around uniform"
    )
    renorm: Literal["preserve", "paper"] = option(
        "preserve",
        "cross wires in post-layer-norm blocks: add before the layer norm, or apply it again",
        rare=True,
    )
    scaling: Rule | None = option(
        None,
        "factor in front of a wire; constant is alpha / 8 at every rank",
        default_text="alpha/r; below one rank at every site constant (not in comparisons)",
    )
    lora_alpha: float = option(16.0, "alpha of lora wires", metavar="A", between=_ALPHA, rare=True)
    shortcut_alpha: float = option(
        4.0, "alpha of residual and cross wires", metavar="A", between=_ALPHA, rare=True
    )

    def __post_init__(self) -> None:
        check_settings(self)
        check_space(self.space, self.budget, self.ranks)


def check_space(space: str, budget: str | None, ranks: str | None) -> None:
    """Raises UsageError on what cannot be, whatever the model is."""
    parse_space(space)
    if budget is not None:
        parse_budget(budget)
    if ranks is not None:
        parse_ranks(ranks)
