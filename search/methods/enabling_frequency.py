"""How much of each site was on while it trained."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from evaluators.training.candidate import History
from spaces.allocation import Allocation
from spaces.counted import counted
from spaces.errors import InputError
from spaces.site import Site

__all__ = ["enabling_frequency"]


def enabling_frequency(
    history: History, most: Allocation, sites: Sequence[Site], total_steps: int
) -> np.ndarray:
    """Share of each site's ranks that were on, on average over ``total_steps``: (sites,), in [0, 1].

    Where whole modules go on and off, it is the share of the steps in which they were on (HeteroLoRA,
    arXiv:2406.14956, figures 4 to 6). Several seeds' may be averaged.

    Args:
        history: from which step on which ranks were on.
        most: the ranks that were there to be on.
        sites: in the order wanted; those that were never on have 0.
        total_steps: of the training.

    Raises InputError where the history does not begin at step 0 or goes on past the last step.
    """
    starts = [step for step, _ in history]
    if not starts or starts[0] != 0 or starts[-1] >= total_steps:
        raise InputError(
            f"a history with entries at the steps {starts[:3]}...{starts[-1:]} does not say what was on in "
            f"all of {counted(total_steps, 'step')}; give one that begins at step 0 and ends before."
        )
    index = {site.name: i for i, site in enumerate(sites)}
    steps = np.zeros(len(sites))
    for (_, allocation), (start, stop) in zip(history, pairwise([*starts, total_steps]), strict=True):
        for name, rank in allocation.ranks:
            steps[index[name]] += (stop - start) * rank / most.rank(name)
    return steps / total_steps
