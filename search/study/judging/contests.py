"""Every allocation against the uniform one, seed by seed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from search.statistics.paired import PairedDifference, holm_corrected
from search.statistics.summary import Summary
from search.study.origin import UNIFORM_ORIGIN, Origin

from .stratum_report import Contest

__all__ = ["contests"]


def contests(truth: np.ndarray, origins: Sequence[tuple[Origin, ...]]) -> tuple[Contest, ...]:
    """Each other allocation's difference to the uniform one, by truth, the best first.

    truth: (allocations, seeds), larger better, NaN where a run failed; only seeds that both finished are
    compared, and an allocation that shares none is left out. Holm's correction is over all of them: the best
    of many differences is large by luck. Empty without a uniform allocation. Raises ValueError where there
    are several.
    """
    uniform = [row for row, drawn_by in enumerate(origins) if UNIFORM_ORIGIN in drawn_by]
    if len(uniform) > 1:
        raise ValueError(
            f"allocations {uniform} all come from 'uniform', but a stratum has one to compare with; "
            "give each budget, scaling and learning rate a stratum of its own."
        )
    if not uniform:
        return ()
    baseline = _finished(truth[uniform[0]])
    others = [row for row in range(len(truth)) if row != uniform[0]]
    apart = {row: PairedDifference.of(_finished(truth[row]), baseline) for row in others}
    known = {row: one for row, one in apart.items() if one is not None}
    corrected = zip(known, holm_corrected(list(known.values())), strict=True)
    fought = [Contest(tuple(origins[row]), _mean(truth[row]), one) for row, one in corrected]
    return tuple(sorted(fought, key=lambda contest: -contest.truth))


def _finished(truth: np.ndarray) -> list[float | None]:
    """By seed, None where the run failed."""
    return [value if np.isfinite(value) else None for value in truth.tolist()]


def _mean(truth: np.ndarray) -> float:
    return Summary.of(truth[np.isfinite(truth)].tolist()).mean
