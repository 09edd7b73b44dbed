"""SOLO: what one site of the super-network does alone."""

from proxies.measure.evidence import Evidence
from proxies.proxy import Proxy
from proxies.site_scores import SiteScores, per_unit_of_rank

__all__ = ["SOLO", "SOLO_LINEAR"]


def _measure(evidence: Evidence, name: str) -> SiteScores:
    r"""How much the loss falls when, of a briefly trained super-network, one site alone is switched on. More
    is better; negative where the site alone does harm, and ``greedy`` and ``exact`` leave such a site
    out.

    .. math:: s = S(M_r) - S(M_0), \qquad S = -\text{loss on held batches}

    Source: ALoRA, arXiv:2403.16187, the last term of eq. 6, whose others are left out; that of nothing on is
    the same for all. The head is the trained one throughout. Measured at the warm-up's rank, and each unit of
    rank counts as much. Cost: the warm-up, and a forward pass of the held batches for each site, many at
    once.
    """
    nothing, alone = evidence.super_network.loss_of_nothing_and_of_each_alone
    return per_unit_of_rank(name, "warm", evidence.space, nothing - alone)


def _linear(evidence: Evidence, name: str) -> SiteScores:
    r"""``solo`` at first order, for all sites from one forward and backward of each held batch, with G at the
    trained head and no wire on. More is better, and it may be negative, as there.

    .. math:: s = - \langle G, \; \text{factor} \cdot B A \rangle

    Source: ours. G's mean over batches stands for the mean over rows, which differ where batches do in size.
    With ``renorm="paper"`` G counts the cross wires' second norm as on, ``solo`` compares with it off. Cost:
    the warm-up, and a forward and backward of each held batch.
    """
    network = evidence.super_network
    added = [
        network.wires[s.name].first_order(network.gradients_without_wires[s.name])
        for s in evidence.space.sites
    ]
    return per_unit_of_rank(name, "warm", evidence.space, [-value / len(network.held) for value in added])


SOLO = Proxy("solo", "warm", _measure)
SOLO_LINEAR = Proxy("solo_linear", "warm", _linear)
