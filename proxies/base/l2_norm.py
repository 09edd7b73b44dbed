"""L2-NORM: how large the weight is that a site changes."""

from proxies.measure.evidence import Evidence
from proxies.measure.site_weight import site_weight
from proxies.proxy import Proxy
from proxies.site_scores import SiteScores, per_unit_of_rank

__all__ = ["L2_NORM"]


def _measure(evidence: Evidence, name: str) -> SiteScores:
    r"""Frobenius norm of the weight that the site changes: of a residual wire W0 = I, so sqrt(d); of a cross
    wire W0 = 0, so 0. More is better.

    .. math:: s = \lVert W_0 \rVert_F

    Source: ``l2_norm`` of NAS-Bench-Suite-Zero, arXiv:2210.03230 (sum of the norms of the layers' weights).
    Departure: the weights are those trained before, not drawn at random. Cost: one read of the weights; no
    data.
    """
    norms = [float(site_weight(evidence.model, s).norm()) for s in evidence.space.sites]
    return per_unit_of_rank(name, "base", evidence.space, norms)


L2_NORM = Proxy("l2_norm", "base", _measure)
