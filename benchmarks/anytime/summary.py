"""What a comparison of searches comes to, in numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from .best_so_far import Unit, best_so_far, median_spent_to_reach
from .ended_trial import EndedTrial

__all__ = ["REFERENCE", "summary_of"]

REFERENCE = "tpe"
"""The search whose final loss the others are to reach."""


def summary_of(searches: Mapping[str, Sequence[Sequence[EndedTrial]]]) -> dict[str, object]:
    """Of every arm, over its seeds, as JSON can hold it.

    searches: of every arm one a seed, seeds in one order. What an arm spent until it had the reference's
    final loss of the same seed is a median, None where half of them or more never had it.
    """
    return {"arms": {arm: _arm(own, searches.get(REFERENCE, ())) for arm, own in searches.items()}}


def _arm(own: Sequence[Sequence[EndedTrial]], reference: Sequence[Sequence[EndedTrial]]) -> dict[str, object]:
    paired = [pair for pair in zip(own, reference, strict=False) if all(pair)]
    finals = [best_so_far(trials, "steps").loss for trials in own]
    found: dict[str, object] = {
        "seeds": len(own),
        "trials": [len(trials) for trials in own],
        "whole_trainings": [sum(one.loss is not None for one in trials) for trials in own],
        "steps": [trials[-1].steps if trials else 0 for trials in own],
        "seconds": [round(trials[-1].seconds, 1) if trials else 0.0 for trials in own],
        "final_loss": [round(losses[-1], 4) if losses else None for losses in finals],
        "median_final_loss": _rounded(
            median(losses[-1] for losses in finals if losses) if any(finals) else None
        ),
    }
    units: tuple[Unit, ...] = ("steps", "seconds")
    for unit in units:
        stairs = [best_so_far(mine, unit) for mine, _ in paired]
        theirs = [best_so_far(other, unit) for _, other in paired]
        if not paired or not all(one.loss for one in theirs):
            continue
        reached = median_spent_to_reach(stairs, [one.loss[-1] for one in theirs])
        budget = median(one.all for one in theirs)
        found[f"median_{unit}_to_final_loss_of_{REFERENCE}"] = _rounded(reached)
        found[f"share_of_{unit}_of_{REFERENCE}"] = None if reached is None else round(reached / budget, 4)
    return found


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
