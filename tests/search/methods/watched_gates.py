"""Looking at gates that learn while a policy trains."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from evaluators.data.task import Task
from evaluators.training.cohort import Cohort
from evaluators.training.gate_policy import GateHooks, GatePolicy, Step
from search.methods.hard_concrete import HardConcreteGates
from spaces.allocation import Allocation
from spaces.search_space import SearchSpace
from spaces.site import Site


@dataclass(frozen=True, slots=True, eq=False)
class WatchedGates:
    """A policy of hard-concrete gates; ``see(gates, slot)`` is called at the end of a slot's phase."""

    policy: GatePolicy
    see: Callable[[HardConcreteGates, int], None]

    def start(self, space: SearchSpace) -> Allocation:
        return self.policy.start(space)

    def shapes(self, sites: Sequence[Site], ranks: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
        return self.policy.shapes(sites, ranks)

    def hooks(self, cohort: Cohort, task: Task) -> GateHooks:
        hooks = self.policy.hooks(cohort, task)
        gates = hooks.after.__self__  # whose method it is
        assert isinstance(gates, HardConcreteGates)

        def after(steps: Sequence[Step]) -> None:
            hooks.after(steps)
            for step in steps:
                if step.number + 1 == gates.phase.steps(step.total).stop:
                    self.see(gates, step.slot)  # log theta, and so its density, is what it was at the cut

        return replace(hooks, after=after)
