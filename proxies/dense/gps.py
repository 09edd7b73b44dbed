"""GPS: the norm of the part of the gradient that each rank can carry."""

from dataclasses import replace

import numpy as np

from proxies.measure.evidence import Evidence
from proxies.measure.spectrum_needs import GAINS
from proxies.proxy import Proxy
from proxies.site_scores import SiteScores

__all__ = ["GPS"]


def _measure(evidence: Evidence, name: str) -> SiteScores:
    r"""Frobenius norm of G's best approximation of rank r: the first-order decrease of the loss for an update
    of that rank and norm 1. More is better; concave in r. A site's own score is that at the highest rank that
    it can have.

    .. math:: s(r) = \sqrt{\sum_{i \le r} \sigma_i(G)^2}, \qquad \sigma_1 \ge \sigma_2 \ge \ldots
       \text{ the singular values of } G

    Source: ours, the root of ``spectrum``. The two order single sites alike but not allocations, because
    roots add up otherwise. Cost: that of ``spectrum``, shared with it, sketches too.
    """
    scores = SiteScores.of_ranks(name, "dense", evidence.space, np.sqrt(evidence.dense.gains))
    return replace(scores, error=evidence.dense.error_of(GAINS, scores.by_site))


GPS = Proxy("gps", "dense", _measure, needs=frozenset({GAINS}))
