"""SNIP: how much the loss depends on each weight being there."""

from typing import Final

from proxies.measure.evidence import Evidence
from proxies.measure.need import Need, Seen
from proxies.proxy import Proxy
from proxies.site_scores import SiteScores, per_unit_of_rank

__all__ = ["SNIP", "SNIP_INIT", "SNIP_WARM"]


def _dense(evidence: Evidence, name: str) -> SiteScores:
    """Sum of |W0 * G|. Source: HeteroLoRA, arXiv:2406.14956, appendix C.2, with the absolute value of
    Lee et al., arXiv:1810.02340, eq. 6. A cross wire scores 0, since its W0 is zero. Cost: the dense
    pass, shared, entry by entry."""
    return per_unit_of_rank(name, "dense", evidence.space, evidence.of(_SALIENCY))


def _saliency(seen: Seen) -> float:
    return float(seen.weight_times(seen.gradient).abs().sum())


def _init(evidence: Evidence, name: str) -> SiteScores:
    """Sum of |A * dL/dA| + |B * dL/dB|: exactly zero, because B = 0 and therefore dL/dA = 0."""
    return per_unit_of_rank(name, "init", evidence.space, [0.0] * len(evidence.space.sites))


def _warm(evidence: Evidence, name: str) -> SiteScores:
    """Sum of |A * dL/dA| + |B * dL/dB| after a short warm-up with every site on: appendix C.2 there, over
    a site's own parameters. Cost: as ``grad_norm@warm``, shared with it."""
    network = evidence.super_network
    totals = [network.wires[s.name].saliency(network.gradients[s.name]) for s in evidence.space.sites]
    return per_unit_of_rank(name, "warm", evidence.space, totals)


_SALIENCY: Final = Need("saliency", frozenset({"gradient"}), _saliency)
SNIP = Proxy("snip", "dense", _dense, needs=frozenset({_SALIENCY}))
SNIP_INIT = Proxy("snip@init", "init", _init)
SNIP_WARM = Proxy("snip@warm", "warm", _warm)
