"""PARAMS: how many parameters a site trains, the proxy to beat."""

from proxies.measure.evidence import Evidence
from proxies.proxy import Proxy
from proxies.site_scores import SiteScores, per_unit_of_rank

__all__ = ["PARAMS"]


def _measure(evidence: Evidence, name: str) -> SiteScores:
    """Parameters of one unit of rank, so that an allocation scores its number of parameters: the proxy to
    beat.

    .. math:: s = d_{in} + d_{out}

    Source: ``params`` of NAS-Bench-Suite-Zero, arXiv:2210.03230, as a baseline. More is better there; here
    every proposal spends the same budget, which leaves it to prefer few dear sites to many cheap ones. Cost:
    none.
    """
    return per_unit_of_rank(
        name, "none", evidence.space, [float(s.cost_per_rank) for s in evidence.space.sites]
    )


PARAMS = Proxy("params", "none", _measure)
