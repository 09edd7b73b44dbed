"""Every proxy's report card in one stratum, and in several pooled."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from evaluators.store.benchmark_entry import StratumKind
from search.study.origin import Origin
from spaces.counted import counted

from .cards import cards
from .contests import contests
from .noise_ceiling import reliability
from .sample import Sample
from .stratum_report import StratumReport, Truth

__all__ = ["KS", "judge", "pooled"]

KS: Final = (1, 3, 5, 10)


def judge(
    stratum: str,
    truth_name: Truth,
    truth: np.ndarray,
    scores: Mapping[str, np.ndarray],
    params: np.ndarray,
    origins: Sequence[tuple[Origin, ...]],
    *,
    ks: Sequence[int] = KS,
    resamples: int = 2000,
    metric: str = "metric",
    kind: StratumKind = "budget",
    rng: np.random.Generator,
) -> StratumReport:
    """The report on one stratum: allocations of one budget, trained in one way.

    An allocation of which a run failed counts in the contests only. Raises ValueError where lengths
    differ, a score is not finite, or two allocations come from ``uniform``.

    Args:
        stratum: what to call it.
        truth_name: what ``truth`` is.
        truth: (allocations, seeds), larger is better, in its own units, NaN where a run failed.
        scores: by proxy, (allocations,), larger is better; ``params`` may be one of them.
        params: (allocations,), trainable parameters.
        origins: of each allocation, who drew it.
        ks: how many favourites are trained; those above the number of allocations are skipped.
        resamples: bootstrap replicates.
        metric: the task's, as a person must know it.
        kind: of the stratum.
        rng: of the bootstrap, the permutations and the splits of seeds.
    """
    if len(origins) != len(truth):
        raise ValueError(
            f"{stratum}: {counted(len(origins), 'origin')} for {counted(len(truth), 'allocation')}; "
            "pass one for each."
        )
    sample = Sample.of(stratum, truth, scores, params)
    fought = contests(np.asarray(truth, dtype=np.float64), origins)
    report = _report(stratum, truth_name, sample, ks=ks, resamples=resamples, metric=metric, rng=rng)
    return replace(report, contests=fought, kind=kind)


def pooled(
    stratum: str,
    truth_name: Truth,
    truths: Sequence[np.ndarray],
    scores: Sequence[Mapping[str, np.ndarray]],
    params: Sequence[np.ndarray],
    names: Sequence[Sequence[Hashable]],
    *,
    ks: Sequence[int] = KS,
    resamples: int = 2000,
    metric: str = "metric",
    rng: np.random.Generator,
) -> StratumReport:
    """The report on several strata at once.

    Truths, scores and params become ranks in [0, 1] within their stratum (the truth seed by seed) before
    they are put together, so that differences between budgets, scalings and learning rates do not pose as
    skill. What has one name is resampled and permuted as a whole, among those that stand in the same strata;
    seeds are drawn once for all. Regret is in units of that rank; there are no contests. Raises ValueError
    like ``judge``, and where strata differ in number, seeds or proxies.

    Args:
        stratum: what to call them all.
        truth_name, ks, resamples, metric, rng: as for ``judge``.
        truths, scores, params: as for ``judge``, one of each per stratum.
        names: of the allocations, one list per stratum; what has one name in several strata is one draw seen
            several times. Only names can tell that allocations are alike: equal ones, or one pattern at two
            budgets, must be given one.
    """
    if not len(truths) == len(scores) == len(params) == len(names):
        raise ValueError(
            f"{counted(len(truths), 'truth')}, {counted(len(scores), 'score')}, "
            f"{counted(len(params), 'list')} of params and {counted(len(names), 'list')} of names cannot be "
            "pooled; pass one of each per stratum."
        )
    each = zip(truths, scores, params, names, strict=True)
    sample = Sample.pooled([Sample.of(f"{stratum}[{i}]", *parts) for i, parts in enumerate(each)])
    return _report(stratum, truth_name, sample, ks=ks, resamples=resamples, metric=metric, rng=rng)


def _report(
    stratum: str,
    truth_name: Truth,
    sample: Sample,
    *,
    ks: Sequence[int],
    resamples: int,
    metric: str,
    rng: np.random.Generator,
) -> StratumReport:
    """Without contests, as of what is pooled."""
    reliable = reliability(sample.truth, rng=rng)
    ceiling = None if reliable is None else math.sqrt(reliable)
    allocations, seeds = sample.truth.shape
    return StratumReport(
        stratum=stratum,
        truth=truth_name,
        allocations=allocations,
        seeds=seeds,
        failed=sample.failed,
        reliability=reliable,
        ceiling=ceiling,
        cards=cards(sample, ceiling=ceiling, ks=ks, resamples=resamples, rng=rng),
        contests=(),
        metric=metric,
        kind=None,
    )
