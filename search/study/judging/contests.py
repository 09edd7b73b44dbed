"""Every allocation against the uniform one, seed by seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from search.statistics.holm import holm
from search.statistics.over_seeds import Summary, paired_difference, paired_p_value

from .report_card import Contest

__all__ = ["contests"]


def contests(truth: np.ndarray, origins: Sequence[tuple[str, ...]]) -> tuple[Contest, ...]:
    """Each other allocation's difference to the one with origin ``uniform``, by truth, the best first.

    truth: (allocations, seeds), larger better, NaN where a run failed; only seeds that both finished are
    compared, and an allocation that shares none is left out. Holm's correction is over all of them: the best
    of many differences is large by luck. Empty without a uniform allocation. Raises ValueError where there
    are several.
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
    found, p_values = [], []
    for row, (drawn_by, ours) in enumerate(zip(origins, truth, strict=True)):
        both = np.isfinite(ours) & np.isfinite(baseline)
        if row != uniform[0] and both.any():
            mean = Summary.of(ours[np.isfinite(ours)].tolist()).mean
            difference = paired_difference(ours[both].tolist(), baseline[both].tolist())
            found.append(Contest(tuple(drawn_by), mean, difference, None))
            p_values.append(paired_p_value(ours[both] - baseline[both]))
    corrected = iter(holm([p_value for p_value in p_values if p_value is not None]))
    fought = [
        contest if p_value is None else replace(contest, p_holm=next(corrected))
        for contest, p_value in zip(found, p_values, strict=True)
    ]
    return tuple(sorted(fought, key=lambda contest: -contest.truth))
