"""What one trial of a live search trains: ranks, and how they are trained."""

from __future__ import annotations

from dataclasses import dataclass

from spaces.allocation import Allocation
from spaces.scaling import Rule

__all__ = ["Configuration"]


@dataclass(frozen=True, slots=True)
class Configuration:
    """An allocation, the learning rate at its peak, and the rule of the factor in front of its wires.

    >>> plan = Configuration(Allocation.of({"layers.0.q": 8}), 3e-4, "alpha/sqrt(r)")
    >>> plan.how
    'lr 0.0003, alpha/sqrt(r)'
    """

    allocation: Allocation
    learning_rate: float
    scaling: Rule

    @property
    def how(self) -> str:
        """All but the allocation, to be read."""
        return f"lr {self.learning_rate:g}, {self.scaling}"
