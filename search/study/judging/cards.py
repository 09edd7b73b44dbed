"""Every proxy's report card, from a sample of allocations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from search.statistics.holm import holm
from search.statistics.paired import LEVEL
from search.statistics.rank_correlation import rank_correlation

from .at_k import at_k
from .bootstrap import (
    Resamples,
    correlation_estimate,
    crossed_resamples,
    difference_estimate,
    normal_estimate,
)
from .correlation import (
    Replicates,
    kendall,
    partial_replicates,
    partial_spearman,
    pearson_of,
    replicate_correlations,
    weighted_spearman,
)
from .mean_truth import mean_over_seeds
from .noise_ceiling import ceiling_replicates
from .permutation import permutation_p_values
from .report_card import Estimate, ReportCard, TopK
from .sample import Sample

__all__ = ["SPREAD_PROXY", "cards"]

SPREAD_PROXY: Final = "spread"
"""The proxy that only says how widely an allocation is spread."""


@dataclass(frozen=True, slots=True, eq=False)
class _Study:
    """What all cards of a sample share.

    truth: (allocations,), mean over seeds. replicates: of every proxy and, last, the parameter count.
    ceilings: of each replicate, (resamples,); None where there is no ceiling above 0.
    """

    sample: Sample
    truth: np.ndarray
    drawn: Resamples
    replicates: Replicates
    ceiling: float | None
    ceilings: np.ndarray | None


def cards(
    sample: Sample, *, ceiling: float | None, ks: Sequence[int], resamples: int, rng: np.random.Generator
) -> tuple[ReportCard, ...]:
    """One card per proxy, by Spearman, the best first; those without a Spearman last, by name.

    Args:
        sample: the allocations with their truths and scores.
        ceiling: the noise ceiling, in [0, 1]; None where there is none.
        ks: how many favourites are trained.
        resamples: bootstrap replicates behind every interval.
        rng: of the replicates and the permutations.
    """
    if not sample.proxies:
        return ()
    truth = mean_over_seeds(sample.truth, np.arange(sample.truth.shape[1]))
    drawn = crossed_resamples(sample.truth, sample.strata, sample.clusters, resamples=resamples, rng=rng)
    replicates = replicate_correlations(np.vstack([sample.scores, sample.params]), drawn)
    ceilings = ceiling_replicates(sample.truth, drawn.counts) if ceiling else None
    study = _Study(sample, truth, drawn, replicates, ceiling, ceilings)
    p_values = _corrected_p_values(sample, truth, rng)
    found = at_k(sample.scores, truth, drawn, ks)
    dealt = [_card(study, row, p_values[row], found[row]) for row in range(len(sample.proxies))]
    return tuple(sorted(dealt, key=_best_first))


def _corrected_p_values(sample: Sample, truth: np.ndarray, rng: np.random.Generator) -> list[float]:
    """Of each proxy's Spearman correlation, by permutation and corrected for all; 1 where it is undefined."""
    defined = [row for row, scores in enumerate(sample.scores) if _rho(scores, truth) is not None]
    p_values = permutation_p_values(
        sample.scores[defined], truth, sample.strata, sample.clusters, rng=rng
    ).tolist()
    corrected = dict(zip(defined, holm(p_values), strict=True))
    return [corrected.get(row, 1.0) for row in range(len(sample.scores))]


def _card(study: _Study, row: int, p_holm: float, found: tuple[TopK, ...]) -> ReportCard:
    """The card of the proxy in ``row``."""
    sample, truth, replicates = study.sample, study.truth, study.replicates
    scores, size = sample.scores[row], len(truth)
    rho = _rho(scores, truth)
    spearman = correlation_estimate(rho, replicates.spearman[row], size)
    return ReportCard(
        proxy=sample.proxies[row],
        spearman=spearman,
        kendall=correlation_estimate(kendall(scores, truth), replicates.kendall[row], size),
        pearson=correlation_estimate(pearson_of(scores, truth), replicates.pearson[row], size),
        over_params=None if sample.equal_cost else _lead(study, row, sample.params, -1),
        partial=None if sample.equal_cost else _partial(study, row),
        over_spread=_over_spread(study, row),
        of_ceiling=_of_ceiling(study, row),
        p_holm=p_holm,
        significant=spearman.above_zero and p_holm < LEVEL,
        at_k=found,
    )


def _lead(study: _Study, row: int, rival: np.ndarray, rival_row: int) -> Estimate:
    """Spearman of the proxy minus that of ``rival`` (allocations,), whose replicates are in ``rival_row``."""
    ours, theirs = _rho(study.sample.scores[row], study.truth), _rho(rival, study.truth)
    spearman = study.replicates.spearman
    lead = None if ours is None or theirs is None else ours - theirs
    return difference_estimate(lead, spearman[row] - spearman[rival_row])


def _over_spread(study: _Study, row: int) -> Estimate | None:
    if SPREAD_PROXY not in study.sample.proxies:
        return None
    spread = study.sample.proxies.index(SPREAD_PROXY)
    scores = study.sample.scores[spread]
    return _lead(study, row, scores, spread) if len(set(scores.tolist())) > 1 else None


def _partial(study: _Study, row: int) -> Estimate:
    """Spearman's partial correlation given the parameter count."""
    scores, params, spearman = study.sample.scores[row], study.sample.params, study.replicates.spearman
    value = partial_spearman(_rho(scores, study.truth), _rho(scores, params), _rho(params, study.truth))
    shared = weighted_spearman(study.drawn.counts, scores, params)
    replicates = partial_replicates(spearman[row], shared, spearman[-1])
    return correlation_estimate(value, replicates, len(study.truth))


def _of_ceiling(study: _Study, row: int) -> Estimate | None:
    """Spearman over the noise ceiling, with the error of both, to first order (the delta method)."""
    rho = _rho(study.sample.scores[row], study.truth)
    if rho is None or study.ceiling is None or study.ceilings is None:
        return None
    share = rho / study.ceiling
    replicates = (study.replicates.spearman[row] - share * study.ceilings) / study.ceiling
    return normal_estimate(share, replicates)


def _rho(x: np.ndarray, y: np.ndarray) -> float | None:
    return rank_correlation(x.tolist(), y.tolist())


def _best_first(card: ReportCard) -> tuple[float, str]:
    rho: Estimate = card.spearman
    return (math.inf if rho.value is None else -rho.value, card.proxy)
