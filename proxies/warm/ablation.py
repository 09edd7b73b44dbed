"""ABLATION: what a site is worth to the super-network, by switching it off and by keeping only it."""

from proxies.measure.evidence import Evidence
from proxies.proxy import Proxy
from proxies.site_scores import SiteScores, per_unit_of_rank

__all__ = ["ABLATION"]


def _measure(evidence: Evidence, name: str) -> SiteScores:
    r"""What a site is worth to the super-network, by switching it off and by keeping only it. More is better;
    negative where a site does harm, and ``greedy`` and ``exact`` leave such a site out.

    .. math:: IS(r) = S(M) - S(M \setminus r) + S(M_r), \qquad S = -\text{loss on held batches}

    M is the super-network with every site on, and S(M with r alone) is counted from S(M with nothing on), so
    that a site that does nothing is worth 0.

    Source: ALoRA, arXiv:2403.16187, eq. 6. Departures: r is a site, with all its ranks, not one rank; the
    super-network is trained for a few steps, not until it converges; the constant. Cost: the warm-up, and two
    forward passes of the held batches for each site, many at once.
    """
    network = evidence.super_network
    nothing, alone = network.loss_of_nothing_and_of_each_alone
    every, without = network.loss_of_all_and_without_each
    return per_unit_of_rank(name, "warm", evidence.space, (without - every) + (nothing - alone))


ABLATION = Proxy("ablation", "warm", _measure)
