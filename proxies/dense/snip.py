"""SNIP: how much the loss depends on each weight being there."""

from typing import Final

from proxies.measure.evidence import Evidence
from proxies.measure.need import Need, Seen
from proxies.proxy import Proxy
from proxies.site_scores import SiteScores, per_unit_of_rank

__all__ = ["SNIP", "SNIP_INIT", "SNIP_WARM"]


def _dense(evidence: Evidence, name: str) -> SiteScores:
    r"""How much the loss depends on each weight being there. A cross wire scores 0, since its W0 is zero.

    .. math:: s = \sum_{ij} \lvert W_{0,ij} \, G_{ij} \rvert

    Source: HeteroLoRA, arXiv:2406.14956, appendix C.2, with the absolute value of Lee et al.,
    arXiv:1810.02340, eq. 6. Cost: the dense pass, shared, entry by entry.
    """
    return per_unit_of_rank(name, "dense", evidence.space, evidence.of(_SALIENCY))


def _saliency(seen: Seen) -> float:
    return float(seen.weight_times(seen.gradient).abs().sum())


def _init(evidence: Evidence, name: str) -> SiteScores:
    r"""Exactly zero at every site, because B = 0 and therefore the gradient of A is 0: it is refused.

    .. math:: s = \sum \lvert A \odot \partial L / \partial A \rvert
       + \sum \lvert B \odot \partial L / \partial B \rvert = 0

    Source: HeteroLoRA, arXiv:2406.14956, appendix C.2, at the usual initialisation. Cost: none.
    """
    return per_unit_of_rank(name, "init", evidence.space, [0.0] * len(evidence.space.sites))


def _warm(evidence: Evidence, name: str) -> SiteScores:
    r"""The same over a site's own parameters, after a short warm-up with every site on.

    .. math:: s = \sum \lvert A \odot \partial L / \partial A \rvert
       + \sum \lvert B \odot \partial L / \partial B \rvert

    Source: HeteroLoRA, arXiv:2406.14956, appendix C.2. Cost: as ``grad_norm@warm``, shared with it.
    """
    network = evidence.super_network
    totals = [network.wires[s.name].saliency(network.gradients[s.name]) for s in evidence.space.sites]
    return per_unit_of_rank(name, "warm", evidence.space, totals)


_SALIENCY: Final = Need("saliency", frozenset({"gradient"}), _saliency)
SNIP = Proxy("snip", "dense", _dense, needs=frozenset({_SALIENCY}))
SNIP_INIT = Proxy("snip@init", "init", _init)
SNIP_WARM = Proxy("snip@warm", "warm", _warm)
