"""CONSTANT: every site is worth the same, so that ties, broken at random, decide."""

from proxies.measure.evidence import Evidence
from proxies.proxy import Proxy
from proxies.site_scores import SiteScores, per_unit_of_rank

__all__ = ["CONSTANT"]


def _measure(evidence: Evidence, name: str) -> SiteScores:
    """1 at every site, so that ties, broken at random, decide.

    .. math:: s = 1

    Source: HeteroLoRA, arXiv:2406.14956, appendix C.1. Cost: none.
    """
    return per_unit_of_rank(name, "none", evidence.space, [1.0] * len(evidence.space.sites))


CONSTANT = Proxy("constant", "none", _measure, ranks_nothing=True)
