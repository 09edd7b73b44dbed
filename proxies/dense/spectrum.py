"""The gradient spectrum: what each rank can buy, at first order."""

from dataclasses import replace

import numpy as np

from proxies.measure.evidence import Evidence
from proxies.measure.spectrum_needs import GAINS
from proxies.proxy import Proxy
from proxies.site_scores import SiteScores

__all__ = ["SPECTRUM"]


def _measure(evidence: Evidence, name: str) -> SiteScores:
    r"""The largest first-order decrease of the loss that a unit-step update of rank r can buy; concave in r,
    so per-rank scores come with it. A site's own score is its gain at the highest rank that it can have.

    .. math:: \operatorname{gain}(r) = \sum_{i \le r} \sigma_i(G)^2, \qquad \sigma_1 \ge \sigma_2 \ge \ldots
       \text{ the singular values of } G

    Source: ours; the best approximation of rank r is that of Eckart and Young, Psychometrika 1, 1936. Cost:
    the dense pass, and one symmetric eigenvalue problem of size min(d_in, d_out) per site. Where G does not
    fit into memory, from a linear sketch (``proxies.measure.sketch``), whose error the scores carry: where
    the root of a score may be off by a share e of it, the score may be by 2 e + e^2.
    """
    scores = SiteScores.of_ranks(name, "dense", evidence.space, evidence.dense.gains)
    of_root = evidence.dense.error_of(GAINS, np.sqrt(scores.by_site))
    return replace(scores, error=2 * of_root + of_root**2)


SPECTRUM = Proxy("spectrum", "dense", _measure, needs=frozenset({GAINS}))
