"""LoRA, and what trains no wire at all but the head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from transformers import PreTrainedModel

from evaluators.data.task import Task
from evaluators.training.cohort import Cohort
from evaluators.training.gate_policy import GateHooks
from search.allocation.uniform import uniform_allocation
from spaces.allocation import Allocation
from spaces.errors import InputError
from spaces.objective import Objective
from spaces.search_space import SearchSpace
from spaces.site import Site

__all__ = ["HeadOnly", "Lora", "check_head"]


@dataclass(frozen=True, slots=True)
class Lora:
    r"""Every site at the same rank, every gate one: the baseline.

    .. math:: \Delta W = \frac{\alpha}{r} \, B A

    Source: LoRA, arXiv:2106.09685, eq. 3.
    """

    max_params: int

    def start(self, space: SearchSpace) -> Allocation:
        """As uniform as the budget allows."""
        return uniform_allocation(space, self.max_params)

    def shapes(self, sites: Sequence[Site], ranks: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
        """Nothing more."""
        return {}

    def hooks(self, cohort: Cohort, task: Task) -> GateHooks:
        """None."""
        return GateHooks()


@dataclass(frozen=True, slots=True)
class HeadOnly:
    r"""No wire: the head alone is trained, which any method must beat.

    .. math:: \Delta W = 0 \text{ at every site}

    Source: a linear probe (Alain and Bengio, arXiv:1610.01644).
    """

    max_params: int

    def start(self, space: SearchSpace) -> Allocation:
        """No site."""
        return Allocation.of({})

    def shapes(self, sites: Sequence[Site], ranks: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
        """Nothing more."""
        return {}

    def hooks(self, cohort: Cohort, task: Task) -> GateHooks:
        """None; raises InputError where there is no head."""
        check_head(cohort.model, cohort.objective, cohort.wires.sites)
        return GateHooks()


def check_head(model: PreTrainedModel, objective: Objective, sites: Sequence[Site]) -> None:
    """Raises InputError where nothing trains beside the wires, as in a language model."""
    if not objective.head(model):
        raise InputError("this model has no head of its own to train; leave the method head out.")
