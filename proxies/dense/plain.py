"""PLAIN: SNIP without the absolute value."""

from typing import Final

from proxies.measure.evidence import Evidence
from proxies.measure.need import Need, Seen
from proxies.proxy import Proxy
from proxies.site_scores import SiteScores, per_unit_of_rank

__all__ = ["PLAIN"]


def _measure(evidence: Evidence, name: str) -> SiteScores:
    r"""Slope of the loss for W0 becoming (1 + t) W0. A cross wire scores 0, since its W0 is zero.

    .. math:: s = \sum_{ij} W_{0,ij} \, G_{ij}

    Source: the measure ``plain`` in the program of Abdelfattah et al., arXiv:2101.08134, the sum over weights
    of weight times gradient. More is better, as there: a site where growing W0 raises the loss comes first. A
    negative site lowers an allocation's score; ``greedy`` and ``exact`` leave it out. Cost: the dense pass,
    shared, entry by entry.
    """
    return per_unit_of_rank(name, "dense", evidence.space, evidence.of(_PRODUCT))


def _product(seen: Seen) -> float:
    return float(seen.weight_times(seen.gradient).sum())


_PRODUCT: Final = Need("product", frozenset({"gradient"}), _product)
PLAIN = Proxy("plain", "dense", _measure, needs=frozenset({_PRODUCT}))
