"""SUPERNET: what one site does alone at each rank, cut from one super-network of sampled ranks."""

import numpy as np

from proxies.measure.evidence import Evidence
from proxies.proxy import Proxy
from proxies.site_scores import SiteScores

__all__ = ["SUPERNET"]


def _measure(evidence: Evidence, name: str) -> SiteScores:
    r"""How much the loss falls when, of a super-network whose sites were trained at ranks drawn from the grid
    step by step, one site alone is switched on, cut to its first r ranks. More is better; negative where
    that does harm, and not always more at a higher rank.

    .. math:: s(r) = L(M_0) - L(M_{\text{site}, r}), \qquad L \text{ the loss on held batches}

    Source: ours; DyLoRA's truncation, arXiv:2210.07558, eq. 5-7, on ``solo``'s measurement. A site's own
    score is that at the highest rank that it can have. Departures: every site draws for itself, uniformly
    from the grid with 0, heeding no budget; Adam's momentum moves a rank at steps that leave it out. As the
    draws do, scores depend on the grid. An allocation scores the sum of its sites, not its own loss, which a
    search whose ``evaluator`` is supernet measures. Cost: a warm-up of its own, and for each rank of the grid
    a forward pass of the held batches for each site, many at once.
    """
    network, space = evidence.sampled_network, evidence.space
    (nothing,) = network.losses(np.zeros((1, len(space.sites))))
    by_rank = np.zeros((len(space.sites), len(space.ranks)))
    for column, rank in enumerate(space.ranks[1:], start=1):
        factors = {s.name: evidence.scaling.factor(s.kind, min(rank, s.max_rank)) for s in space.sites}
        wires = {site: network.wires[site].cut(rank, factor) for site, factor in factors.items()}
        by_rank[:, column] = nothing - network.losses(np.eye(len(space.sites)), wires=wires)
    return SiteScores.of_ranks(name, "warm", space, by_rank)


SUPERNET = Proxy("supernet", "warm", _measure)
