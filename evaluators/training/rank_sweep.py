"""One training, every rank: what a candidate is worth when it is cut to its first rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from transformers import PreTrainedModel

from evaluators.data.rows import Rows
from evaluators.data.task import Task
from evaluators.objectives.task_objective import Score
from spaces.allocation import Allocation
from spaces.site import Site

from .candidate import Recipe, Trained
from .cohort import outputs_of
from .truncated import truncated

__all__ = ["RankScore", "cut_to_rank", "rank_sweep"]


@dataclass(frozen=True, slots=True)
class RankScore:
    """How a candidate is judged at one rank; None where its outputs were not finite."""

    rank: int
    score: Score | None


def cut_to_rank(trained: Trained, rank: int) -> Trained:
    """The first ``rank`` rows of every A and columns of every B; the head as it is, and no course.

    A site of a lower rank keeps all of it. Tensors are views.
    """
    allocation = Allocation.of({name: min(rank, own) for name, own in trained.allocation.ranks})
    candidate = replace(trained.evaluation.candidate, allocation=allocation)
    evaluation = replace(trained.evaluation, candidate=candidate)
    return Trained(evaluation, truncated(trained.tensors, allocation))


def rank_sweep(
    model: PreTrainedModel,
    sites: Sequence[Site],
    task: Task,
    trained: Trained,
    recipe: Recipe,
    rows: Rows,
    *,
    slots: int = 16,
) -> list[RankScore]:
    """What a trained candidate is worth on these rows at ranks 1..r_max, r_max the largest of its sites'.

    At rank b every wire is its first b rows and columns at the scale of rank b, which is what DyLoRA trains
    (arXiv:2210.07558, section 5.3, table 2).

    Args:
        model: the base model that it was trained on.
        sites: among which its own are.
        task: which says how it is judged.
        trained: with the rows of all ranks still there, as after ``DyLora`` with ``multiple=1``.
        recipe: whose scaling, renorm and batch size hold.
        rows: what it is judged on.
        slots: how many ranks share a forward pass.

    Raises ValueError where its training failed.
    """
    if trained.evaluation.failure is not None:
        raise ValueError(f"nothing was trained to be cut: {trained.evaluation.failure}.")
    largest = max((rank for _, rank in trained.allocation.ranks), default=0)
    scores: list[RankScore] = []
    for start in range(1, largest + 1, slots):
        ranks = range(start, min(start + slots, largest + 1))
        cuts = [cut_to_rank(trained, rank) for rank in ranks]
        outputs = outputs_of(model, sites, task.objective, cuts, recipe, rows)
        judged = (task.objective.score(own, rows.labels) for own in outputs)
        scores += [RankScore(rank, score) for rank, score in zip(ranks, judged, strict=True)]
    return scores
