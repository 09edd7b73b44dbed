"""PRUNED-WIDE: what is left of a wide, briefly trained adapter at every site pruned to a budget."""

from proxies.measure.evidence import Evidence
from proxies.proxy import Proxy
from proxies.site_scores import SiteScores

__all__ = ["PRUNED_WIDE", "PRUNED_WIDE_MAGNITUDE"]


def _by_fisher(evidence: Evidence, name: str) -> SiteScores:
    r"""How much the loss on held rows would rise without a site's best r components, each by itself, in a
    super-network that is wide everywhere. More is better; what spends by worth per parameter prunes the
    network down to the budget, component by component over all sites.

    .. math:: s(r) = \sum_{k \le r} F_k, \qquad F_k = \frac{1}{2 n} \sum_{i \in \text{held}}
       \left( \frac{\partial L_i}{\partial g_k} \right)^2, \qquad
       \text{scale} \cdot B A = \sum_k g_k \, \sigma_k u_k v_k^\top, \quad g = 1

    Components are the singular directions of a site's update, the best first. The network has every site at
    ``init``'s rank (8, or the grid's largest), or the warm-up's where that is higher; ranks above are worth
    no more.

    Source: the pruning of singular directions over all sites at once after training, in the manner of PARA,
    arXiv:2604.27796; the saliency of a gate by its Fisher information, Theis et al., arXiv:1801.05787, eq. 7,
    after LeCun et al., Optimal Brain Damage, NeurIPS 1989. Departures: the network is trained for a few
    steps, not to its end, and what is left of it is thrown away; the first order, which vanishes at a
    minimum, is left out. Cost: a training of its own at a rank of 8, three times as long as the
    warm-up (72 steps by default), and a forward and backward of each held batch.
    """
    components = evidence.wide_network.components
    fisher = (components.gradients**2).mean(0) / 2
    by_rank = components.by_rank(fisher, evidence.space.ranks)
    return SiteScores.of_ranks(name, "warm", evidence.space, by_rank)


def _by_magnitude(evidence: Evidence, name: str) -> SiteScores:
    r"""The same by the size of the components, without a look at held rows. More is better.

    .. math:: s(r) = \sum_{k \le r} \sigma_k

    Source: PARA, arXiv:2604.27796, which keeps what is above one threshold on the singular values of all
    sites. Departure: worth is counted per parameter, so that the threshold is too. Cost: the same.
    """
    components = evidence.wide_network.components
    by_rank = components.by_rank(components.size, evidence.space.ranks)
    return SiteScores.of_ranks(name, "warm", evidence.space, by_rank)


PRUNED_WIDE = Proxy("pruned_wide", "warm", _by_fisher)
PRUNED_WIDE_MAGNITUDE = Proxy("pruned_wide_magnitude", "warm", _by_magnitude)
