"""What the statistics of a report stand on: allocations that finished, their truth and their scores."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from spaces.counted import counted

__all__ = ["Sample"]

_EQUAL_COST = 0.01  # of the dearest allocation: what a study lets a budget vary by


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Allocations of one stratum, or of several, without those of which a run failed.

    truth: (allocations, seeds), finite, larger is better. proxies: by name, as the rows of ``scores``.
    scores: (proxies, allocations), finite, larger is better. params: (allocations,). strata:
    (allocations,), which stratum each comes from. names: (allocations,), equal for what is one allocation in
    several strata. equal_cost: whether all of a stratum cost the same within 1 %, in every stratum. failed:
    how many allocations were left out.
    """

    truth: np.ndarray
    proxies: tuple[str, ...]
    scores: np.ndarray
    params: np.ndarray
    strata: np.ndarray
    names: tuple[Hashable, ...]
    equal_cost: bool
    failed: int

    @property
    def clusters(self) -> np.ndarray:
        """(allocations,), an integer for each name."""
        numbers = {name: number for number, name in enumerate(dict.fromkeys(self.names))}
        return np.array([numbers[name] for name in self.names], dtype=np.intp)

    @classmethod
    def of(
        cls,
        stratum: str,
        truth: np.ndarray,
        scores: Mapping[str, np.ndarray],
        params: np.ndarray,
        names: Sequence[Hashable] | None = None,
    ) -> Sample:
        """The allocations of one stratum whose truth is finite for every seed.

        Raises ValueError where lengths differ, names repeat, there is no seed, or a score or count is not
        finite.

        Args:
            stratum: what errors call it.
            truth: (allocations, seeds), larger is better, not finite where a run failed.
            scores: by proxy, (allocations,), larger is better.
            params: (allocations,), trainable parameters.
            names: all different; without them no allocation is that of another stratum.
        """
        truth = np.asarray(truth, dtype=np.float64)
        names = [(stratum, row) for row in range(len(truth))] if names is None else names
        if len(set(names)) != len(names) or len(names) != len(truth):
            raise ValueError(
                f"{stratum}: {counted(len(set(names)), 'different name')} for "
                f"{counted(len(truth), 'allocation')}; "
                "pass one for each."
            )
        if truth.ndim != 2 or not truth.shape[1]:
            raise ValueError(f"{stratum}: truth of shape {truth.shape} must be (allocations, seeds >= 1).")
        columns = {name: np.asarray(values, dtype=np.float64) for name, values in scores.items()}
        for name, values in {**columns, "the parameter count": np.asarray(params, dtype=np.float64)}.items():
            if values.shape != truth.shape[:1]:
                raise ValueError(
                    f"{stratum}: {name} has shape {values.shape} for {counted(len(truth), 'allocation')}; "
                    "pass one value each."
                )
            if not np.isfinite(values).all():
                raise ValueError(
                    f"{stratum}: {name} is not finite for every allocation; mend it or leave it out."
                )
        finished = np.isfinite(truth).all(axis=1)
        table = np.array(list(columns.values())).reshape(len(columns), len(truth))[:, finished]
        strata = np.zeros(int(finished.sum()), dtype=np.intp)
        kept = np.asarray(params, dtype=np.float64)[finished]
        return cls(
            truth=truth[finished],
            proxies=tuple(columns),
            scores=table,
            params=kept,
            strata=strata,
            names=tuple(name for name, good in zip(names, finished, strict=True) if good),
            equal_cost=not len(kept) or bool(np.ptp(kept) <= _EQUAL_COST * kept.max()),
            failed=int((~finished).sum()),
        )

    @classmethod
    def pooled(cls, samples: Sequence[Sample]) -> Sample:
        """All of several strata, every score, count and seed's truth as its rank in its stratum, in [0, 1].

        0 is the worst of the stratum, 1 the best, ties share the mean; 1/2 in a stratum of one, and for the
        counts of a stratum of equal cost. Raises ValueError for none, or where their proxies or the number
        of seeds differ.
        """
        if len({(sample.proxies, sample.truth.shape[1]) for sample in samples}) != 1:
            seen = [
                f"{counted(len(s.proxies), 'proxy', 'proxies')}, {counted(s.truth.shape[1], 'seed')}"
                for s in samples
            ]
            raise ValueError(
                f"strata with {seen} cannot be pooled; pass some, with the same proxies and seeds."
            )
        return cls(
            truth=np.concatenate([_ranks(sample.truth) for sample in samples]),
            proxies=samples[0].proxies,
            scores=np.concatenate([_ranks(sample.scores.T) for sample in samples]).T,
            params=np.concatenate([_ranks(s.params * (not s.equal_cost)) for s in samples]),
            strata=np.repeat(np.arange(len(samples)), [len(sample.truth) for sample in samples]),
            names=tuple(name for sample in samples for name in sample.names),
            equal_cost=all(sample.equal_cost for sample in samples),
            failed=sum(sample.failed for sample in samples),
        )


def _ranks(values: np.ndarray) -> np.ndarray:
    """Mid-ranks along the first axis, from 0 for the least to 1 for the largest."""
    if len(values) < 2:
        return np.full(values.shape, 0.5)
    ranks: np.ndarray = (stats.rankdata(values, axis=0) - 1) / (len(values) - 1)
    return ranks
