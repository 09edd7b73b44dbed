"""Who comes to an allocation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["UNIFORM", "UNIFORM_QV", "Proposer"]


@dataclass(frozen=True, slots=True)
class Proposer:
    """An allocator that spends the budget on a proxy's scores, or one that needs none, or a sampler.

    name: of the allocator or the sampler. proxy: whose scores they were, where they were one's.

    >>> print(Proposer("exact", proxy="grad_norm"), Proposer("tpe"))
    grad_norm/exact tpe
    """

    name: str
    proxy: str | None = None

    def __str__(self) -> str:
        return self.name if self.proxy is None else f"{self.proxy}/{self.name}"


UNIFORM: Final = Proposer("uniform")
"""The baseline of every search."""
UNIFORM_QV: Final = Proposer("uniform[q,v]")
"""The same budget, over q and v alone."""
