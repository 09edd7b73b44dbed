"""Cohorts of the planted problem: as they begin, and trained together and apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evaluators.training.candidate import Candidate, Recipe, Trained
from evaluators.training.cohort import Cohort
from evaluators.training.gate_policy import GateHooks, GatePolicy
from evaluators.training.leg import whole
from evaluators.training.train import train_cohort


def begun(
    planted, policy: GatePolicy, candidates: Sequence[Candidate], recipe: Recipe | None = None
) -> tuple[Cohort, GateHooks]:
    """A cohort of these candidates, a slot each, as they begin, and the policy's hooks."""
    cohort = Cohort(
        planted.model,
        planted.space.sites,
        planted.task.objective,
        candidates,
        recipe or Recipe(),
        slots=len(candidates),
        more=policy.shapes,
    )
    hooks = policy.hooks(cohort, planted.task)
    for slot, candidate in enumerate(candidates):
        cohort.load(slot, candidate)
        hooks.start(slot, candidate)
    return cohort, hooks


def beside_and_alone(
    planted, policy: GatePolicy, starts: Sequence[Sequence[int]], recipe: Recipe
) -> Iterator[tuple[Candidate, Trained, Trained]]:
    """Each candidate with what it came to beside the others, and alone. starts: the ranks that they begin at;
    the i-th has seed i."""
    sites = planted.space.sites
    candidates = [Candidate(planted.space.allocation(ranks), seed, 1e-2) for seed, ranks in enumerate(starts)]
    together = train_cohort(
        planted.model, sites, planted.task, whole(candidates), recipe, slots=len(candidates), policy=policy
    )
    for candidate, beside in zip(candidates, together, strict=True):
        (alone,) = train_cohort(
            planted.model, sites, planted.task, whole([candidate]), recipe, slots=1, policy=policy
        )
        yield candidate, beside, alone
