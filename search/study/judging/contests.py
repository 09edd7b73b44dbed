"""Every allocation against the uniform one, seed by seed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from search.statistics import Summary, paired_difference

from .report_card import Contest

__all__ = ["contests"]


def contests(truth: np.ndarray, origins: Sequence[tuple[str, ...]]) -> tuple[Contest, ...]:
    """Each other allocation's difference to the one with origin ``uniform``, by truth, the best first.

    truth: (allocations, seeds), larger better, NaN where a run failed; only seeds that both finished are
    compared, and an allocation that shares none is left out. Empty without a uniform allocation. Raises
    ValueError where there are several.
    """
    uniform = [row for row, drawn_by in enumerate(origins) if "uniform" in drawn_by]
    if len(uniform) > 1:
        raise ValueError(
            f"allocations {uniform} all come from 'uniform', but a stratum has one to compare with; "
            "give each budget, scaling and learning rate a stratum of its own."
        )
    if not uniform:
        return ()
    baseline = truth[uniform[0]]
    found = []
    for row, (drawn_by, ours) in enumerate(zip(origins, truth, strict=True)):
        both = np.isfinite(ours) & np.isfinite(baseline)
        if row != uniform[0] and both.any():
            mean = Summary.of(ours[np.isfinite(ours)].tolist()).mean
            difference = paired_difference(ours[both].tolist(), baseline[both].tolist())
            found.append(Contest(tuple(drawn_by), mean, difference))
    return tuple(sorted(found, key=lambda contest: -contest.truth))
