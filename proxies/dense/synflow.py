"""SynFlow: how much of the network's flow passes through a weight, without data."""

from proxies.measure.evidence import Evidence
from proxies.proxy import Proxy
from proxies.site_scores import SiteScores, per_unit_of_rank

__all__ = ["SYNFLOW", "SYNFLOW_INIT", "SYNFLOW_WARM"]


def _dense(evidence: Evidence, name: str) -> SiteScores:
    """Sum of |W0| * dR/dW with R the sum of outputs for inputs of ones and weights |W|.

    Source: HeteroLoRA, arXiv:2406.14956, appendix C.3. A cross wire scores 0, since its W0 is zero.
    Departure: absolute value of each product, as layer norms and softmax let dR/dW be negative.
    Cost: one forward and backward of one row, in which G is formed of one site at a time.
    """
    return per_unit_of_rank(name, "dense", evidence.space, evidence.synflow_products)


def _init(evidence: Evidence, name: str) -> SiteScores:
    """A * dR/dA + B * dR/dB: exactly zero, because B = 0 and therefore dR/dA = 0."""
    return per_unit_of_rank(name, "init", evidence.space, [0.0] * len(evidence.space.sites))


def _warm(evidence: Evidence, name: str) -> SiteScores:
    """Sum of |A * dR/dA| + |B * dR/dB| after a short warm-up with every site on, with |A|, |B| and the
    absolute weights of the model and of the trained head in the pass: appendix C.3 there, over a site's
    own parameters. Departure: as at ``dense``. Cost: the warm-up, and one forward and backward of one row.
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
