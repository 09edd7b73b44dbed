"""SENSITIVITY: how much the loss leans on a site's weights while all sites train together."""

from collections.abc import Mapping

from torch import Tensor

from proxies.measure.evidence import Evidence
from proxies.proxy import Proxy
from proxies.site_scores import SiteScores, per_unit_of_rank

__all__ = ["SENSITIVITY", "SENSITIVITY_SUM"]


def _smoothed(evidence: Evidence, name: str) -> SiteScores:
    r"""How much the loss leans on a site's weights while all sites train together: smoothed sensitivity times
    its uncertainty at the end of the warm-up (``weight_importance``), over the wire's triplets. More is
    better.

    .. math:: \sum_i S_i, \quad
       S_i = \operatorname{mean}_j s(B_{ji}) + \operatorname{mean}_j s(A_{ij}), \quad
       s = \bar{I} \, \bar{U}, \quad I(w) = \left\lvert w \, \frac{\partial L}{\partial w} \right\rvert

    Source: AdaLoRA, arXiv:2303.10512, eq. 7 to 11. Departures: a wire is B A without singular values, so the
    term of the singular value is left out, and B's columns and A's rows stand for P's and Q's, without the
    penalty that keeps those orthogonal; triplets are summed, as a site is on or off here. Cost: the warm-up,
    shared; three numbers for each of its weights.
    """
    return _of_triplets(evidence, name, evidence.super_network.smoothed)


def _summed(evidence: Evidence, name: str) -> SiteScores:
    r"""The same with the sum over all steps of the sensitivity (eq. 8): every step counts as much as the
    last, and neither smoothing nor uncertainty plays a part. More is better.

    .. math:: s = \sum_t I^{(t)}

    Source: ours, of AdaLoRA's sensitivity, arXiv:2303.10512. Cost: the same.
    """
    return _of_triplets(evidence, name, evidence.super_network.summed)


def _of_triplets(evidence: Evidence, name: str, s: Mapping[str, Tensor]) -> SiteScores:
    by_site = []
    for site in evidence.space.sites:
        triplets = s[f"{site.name}.B"].mean(0) + s[f"{site.name}.A"].mean(1)  # (r,), eq. 7
        by_site.append(float(triplets.sum()))
    return per_unit_of_rank(name, "warm", evidence.space, by_site)


SENSITIVITY = Proxy("sensitivity", "warm", _smoothed)
SENSITIVITY_SUM = Proxy("sensitivity_sum", "warm", _summed)
