"""ADAM-GAIN: what Adam's first steps can take off the loss."""

from typing import Final

from proxies.measure.evidence import Evidence
from proxies.measure.need import Need, Seen
from proxies.proxy import Proxy
from proxies.site_scores import SiteScores, per_unit_of_rank

__all__ = ["ADAM_GAIN"]

_EPSILON: Final = 1e-8  # Adam's


def _measure(evidence: Evidence, name: str) -> SiteScores:
    r"""The first-order decrease of the loss by a step of Adam of learning rate 1, which moves B alone, since
    the gradient of A is 0 at the initial A and rank (``Evidence.initial_rank``). More is better.

    .. math:: s = \sum_{ij} \frac{m_{ij}^2}{\sqrt{v_{ij}} + \varepsilon}, \qquad
       m = \operatorname{mean}_b g_b, \quad v = \operatorname{mean}_b g_b^2, \quad
       g_b = \frac{\partial L_b}{\partial B}

    Source: Kingma and Ba, arXiv:1412.6980, algorithm 1. Departure: plain means for the decaying averages, so
    that the order of batches does not matter. With one batch it is the sum of the absolute gradient. Cost:
    one forward and backward per batch, through A: G is never formed.
    """
    return per_unit_of_rank(name, "init", evidence.space, evidence.of(_GAIN))


def _gain(seen: Seen) -> float:
    m = seen.of_b("of_b") / seen.batches
    v = m.square() + seen.of_b("deviations_of_b") / seen.batches
    return float((m.square() / (v.sqrt() + _EPSILON)).sum())


_GAIN: Final = Need("adam_gain", frozenset({"of_b", "deviations_of_b"}), _gain)
ADAM_GAIN = Proxy("adam_gain", "init", _measure, needs=frozenset({_GAIN}))
