"""Every proxy's report card, from a sample of allocations."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from search.statistics import rank_correlation

from .at_k import at_k
from .bootstrap import correlation_estimate, crossed_resamples, difference_estimate
from .correlation import Replicates, kendall, partial_spearman, pearson, replicate_correlations
from .holm import holm
from .mean_truth import mean_over_seeds
from .permutation import permutation_p_values
from .report_card import AtK, Card, Estimate
from .sample import Sample

__all__ = ["cards"]

ALPHA = 0.05


def cards(
    sample: Sample, *, ceiling: float | None, ks: Sequence[int], resamples: int, rng: np.random.Generator
) -> tuple[Card, ...]:
    """One card per proxy, by Spearman, the best first; those without a Spearman last, by name.

    ceiling: the noise ceiling, in [0, 1]. resamples: bootstrap replicates behind every interval.
    """
    if not sample.proxies:
        return ()
    truth = mean_over_seeds(sample.truth, np.arange(sample.truth.shape[1]))
    drawn = crossed_resamples(sample.truth, sample.strata, resamples=resamples, rng=rng)
    replicates = replicate_correlations(np.vstack([sample.scores, sample.params]), drawn)
    rhos = [rank_correlation(row.tolist(), truth.tolist()) for row in sample.scores]
    chances = _chances(sample, truth, rhos, rng)
    found = at_k(sample.scores, truth, drawn, ks)
    dealt = [
        _card(sample, row, truth, replicates, ceiling, chances[row], found[row]) for row in range(len(rhos))
    ]
    return tuple(sorted(dealt, key=_best_first))


def _chances(
    sample: Sample, truth: np.ndarray, rhos: Sequence[float | None], rng: np.random.Generator
) -> list[tuple[float, float]]:
    """P-value and Holm's correction of each proxy; both 1 where Spearman is undefined."""
    defined = [row for row, rho in enumerate(rhos) if rho is not None]
    p_values = permutation_p_values(sample.scores[defined], truth, sample.strata, rng=rng).tolist()
    chances = [(1.0, 1.0)] * len(rhos)
    for row, p_value, p_holm in zip(defined, p_values, holm(p_values), strict=True):
        chances[row] = (p_value, p_holm)
    return chances


def _card(
    sample: Sample,
    row: int,
    truth: np.ndarray,
    replicates: Replicates,
    ceiling: float | None,
    chance: tuple[float, float],
    found: tuple[AtK, ...],
) -> Card:
    """The card of the proxy in ``row``; the parameter count is the last row of the replicates."""
    scores, size = sample.scores[row], len(truth)
    rho = rank_correlation(scores.tolist(), truth.tolist())
    of_params = rank_correlation(sample.params.tolist(), truth.tolist())
    shared = rank_correlation(scores.tolist(), sample.params.tolist())
    lead = None if rho is None or of_params is None else rho - of_params
    leads = replicates.spearman[row] - replicates.spearman[-1]
    p_value, p_holm = chance
    return Card(
        proxy=sample.proxies[row],
        spearman=correlation_estimate(rho, replicates.spearman[row], size),
        kendall=correlation_estimate(kendall(scores, truth), replicates.kendall[row], size),
        pearson=correlation_estimate(pearson(scores, truth), replicates.pearson[row], size),
        over_params=difference_estimate(lead, leads) if len(set(sample.params.tolist())) > 1 else None,
        partial=partial_spearman(rho, shared, of_params),
        of_ceiling=rho / ceiling if rho is not None and ceiling else None,
        p_value=p_value,
        p_holm=p_holm,
        significant=rho is not None and rho > 0 and p_holm < ALPHA,
        at_k=found,
    )


def _best_first(card: Card) -> tuple[float, str]:
    rho: Estimate = card.spearman
    return (math.inf if rho.value is None else -rho.value, card.proxy)
