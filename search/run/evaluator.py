"""Who says how good a proposal is: by training it, by cutting it from a super-network, or from a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from evaluators.training.candidate import Trained
from search.sampling.proposals import Proposal

__all__ = ["Evaluator"]


class Evaluator(Protocol):
    """Gives the runs of each proposal: one per seed, in the same order of seeds for all of them."""

    def __call__(self, proposals: Sequence[Proposal], /) -> list[tuple[Trained, ...]]: ...
