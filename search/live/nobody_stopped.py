"""What is said of a search whose halving stopped nobody, so that it took as long as one without."""

from __future__ import annotations

from collections import Counter

from spaces.counted import counted

from .like_size import size_class
from .live_record import LiveRecord

__all__ = ["nobody_stopped"]


def nobody_stopped(live: LiveRecord, max_params: int) -> str | None:
    """A sentence with the reason, where trials were judged on their way and each went on; else None.

    max_params: the budget.
    """
    last = live.rungs[-1]
    judged = [one for one in live.trials if one.losses and (len(one.losses) > 1 or one.step < last)]
    if not judged or live.count("pruned"):
        return None
    said = (
        f"halving stopped nobody: each of {counted(len(judged), 'trial')} was among the best of those that "
        "it competes with, where it was judged"
    )
    if len(live.objectives) == 1:
        return said
    largest = max(Counter(size_class(one.params, max_params) for one in judged).values())
    return (
        f"{said}; over several objectives these are only the trials of like size, within a factor of two in "
        f"parameters, and of no size there were more than {largest}: with more trials some would be"
    )
