"""JACOV: how differently a site's wire would act on different rows."""

import torch

from proxies.measure.eigenvalues import eigenvalues
from proxies.measure.evidence import Evidence
from proxies.proxy import Proxy
from proxies.site_scores import SiteScores, per_unit_of_rank
from spaces.errors import InputError

__all__ = ["JACOV"]

_K = 1e-5  # of the paper


def _measure(evidence: Evidence, name: str) -> SiteScores:
    r"""How differently rows move a site: in (0, 1], 1 where no two rows are correlated. More is better.

    .. math:: s = \frac{n}{\sum_{i=1}^{n} \left( \log(v_i + k) + 1 / (v_i + k) \right)}, \qquad k = 10^{-5}

    v: the n eigenvalues of the correlation matrix between the first 64 rows' gradients.

    Source: Mellor et al., arXiv:2006.04647v1, whose score of a network is minus that sum, over the gradients
    of the summed outputs by the network's input; ``jacov`` of NAS-Bench-Suite-Zero, arXiv:2210.03230.
    Departures: before training every allocation is the same network, so a site is scored, by the gradients of
    B at the initial A (``proxies.measure.row_features``) for those of the input. The paper's score is at most
    -n, and allocators give a negative site nothing; n over its opposite keeps the order of sites and makes
    rank 0, which tells nothing apart, worth 0. Cost: a forward and backward of 64 rows, shared, and an
    eigenvalue problem of that size a site. Raises InputError on fewer than two rows.
    """
    scores = []
    for site in evidence.space.sites:
        correlations = evidence.row_features.correlations[site.name]
        if len(correlations) < 2:
            raise InputError(f"proxy {name} compares rows and was given one; give it more, or leave it out.")
        values = eigenvalues(correlations) + _K
        scores.append(len(values) / float((torch.log(values) + 1 / values).sum()))
    return per_unit_of_rank(name, "init", evidence.space, scores)


JACOV = Proxy("jacov", "init", _measure)
