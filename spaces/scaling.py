"""The factor in front of a wire, which confounds rank unless it is said (DESIGN, section 1)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal, get_args

from .errors import UsageError
from .site import Kind
from .unknown_name import unknown_name

__all__ = ["SCALING_RULES", "Rule", "Scaling", "check_rule"]

Rule = Literal["alpha/r", "alpha/sqrt(r)", "constant"]
"""How the factor follows from the rank."""
SCALING_RULES: Final = get_args(Rule)


def check_rule(name: str, *, argument: str = "scaling") -> None:
    """Raises UsageError where there is no rule of that name. argument: what whoever chose it calls it."""
    if name not in SCALING_RULES:
        raise unknown_name(argument, name, SCALING_RULES)


@dataclass(frozen=True, slots=True)
class Scaling:
    """How the factor of a wire follows from its rank.

    rule: ``alpha/r`` (LoRA, HeteroLoRA), ``alpha/sqrt(r)`` (rank-stabilised LoRA) or ``constant``
    (alpha / reference_rank at every rank, so that rank changes capacity and nothing else).
    lora_alpha, shortcut_alpha: HeteroLoRA, arXiv:2406.14956, table 9.

    >>> [Scaling().factor("lora", rank) for rank in (2, 8)]
    [8.0, 2.0]
    >>> [Scaling("constant").factor("lora", rank) for rank in (2, 8)]
    [2.0, 2.0]
    """

    rule: str = "alpha/r"
    lora_alpha: float = 16.0
    shortcut_alpha: float = 4.0
    reference_rank: int = 8

    def __post_init__(self) -> None:
        check_rule(self.rule)
        lora, shortcut = alphas = (self.lora_alpha, self.shortcut_alpha)
        if not all(0 < alpha < math.inf for alpha in alphas) or self.reference_rank < 1:
            raise UsageError(
                f"`lora_alpha={lora}` and `shortcut_alpha={shortcut}` must be positive and "
                f"reference_rank={self.reference_rank} at least 1."
            )

    def factor(self, kind: Kind, rank: int) -> float:
        """The factor of a wire of this kind and rank; 0 at rank 0."""
        if rank == 0:
            return 0.0
        alpha = self.lora_alpha if kind == "lora" else self.shortcut_alpha
        divisor = {"alpha/r": rank, "alpha/sqrt(r)": math.sqrt(rank), "constant": self.reference_rank}
        return alpha / divisor[self.rule]
