"""SynFlow: how much of the network's flow passes through a weight, without data."""

from proxies.measure.evidence import Evidence
from proxies.proxy import Proxy
from proxies.site_scores import SiteScores, per_unit_of_rank

__all__ = ["SYNFLOW", "SYNFLOW_INIT", "SYNFLOW_WARM"]


def _dense(evidence: Evidence, name: str) -> SiteScores:
    r"""How much of the network's flow passes through the site's weights, without data. A cross wire scores 0,
    since its W0 is zero.

    .. math:: s = \sum_{ij} \left\lvert \, \lvert W_{0,ij} \rvert \,
       \frac{\partial R}{\partial W_{ij}} \right\rvert

    R is the sum of outputs for inputs of ones and the absolute values of all weights.

    Source: HeteroLoRA, arXiv:2406.14956, appendix C.3; SynFlow, arXiv:2006.05467. Departure: absolute value
    of each product, as layer norms and softmax let the derivative be negative. Cost: one forward and backward
    of one row, in which G is formed of one site at a time.
    """
    return per_unit_of_rank(name, "dense", evidence.space, evidence.synflow_products)


def _init(evidence: Evidence, name: str) -> SiteScores:
    r"""Exactly zero at every site, because B = 0 and therefore the derivative by A is 0: it is refused.

    .. math:: s = \sum A \odot \partial R / \partial A + \sum B \odot \partial R / \partial B = 0

    Source: HeteroLoRA, arXiv:2406.14956, appendix C.3, at the usual initialisation. Cost: none.
    """
    return per_unit_of_rank(name, "init", evidence.space, [0.0] * len(evidence.space.sites))


def _warm(evidence: Evidence, name: str) -> SiteScores:
    r"""The same over a site's own parameters, after a short warm-up with every site on, with the absolute
    values of A, of B and of the weights of the model and of the trained head in the pass.

    .. math:: s = \sum \lvert A \odot \partial R / \partial A \rvert
       + \sum \lvert B \odot \partial R / \partial B \rvert

    Source: HeteroLoRA, arXiv:2406.14956, appendix C.3. Departure: as at ``dense``. Cost: the warm-up, and one
    forward and backward of one row.
    """
    network = evidence.super_network
    totals = [
        network.wires[s.name].absolute().saliency(network.synflow_gradients[s.name])
        for s in evidence.space.sites
    ]
    return per_unit_of_rank(name, "warm", evidence.space, totals)


SYNFLOW = Proxy("synflow", "dense", _dense)
SYNFLOW_INIT = Proxy("synflow@init", "init", _init)
SYNFLOW_WARM = Proxy("synflow@warm", "warm", _warm)
