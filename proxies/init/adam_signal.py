"""ADAM-SIGNAL: what Adam's first steps can take off the loss, batch noise taken out."""

from typing import Final

from proxies.measure.evidence import Evidence
from proxies.measure.need import Need, Seen
from proxies.proxy import Proxy
from proxies.site_scores import SiteScores, per_unit_of_rank

__all__ = ["ADAM_SIGNAL"]

_EPSILON: Final = 1e-8  # Adam's


def _measure(evidence: Evidence, name: str) -> SiteScores:
    r"""``adam_gain`` with the batches' noise taken out: s for m^2, at the initial A. More is better.

    .. math:: \sum_{ij} \frac{\max(0, s_{ij})}{\sqrt{v_{ij}} + \varepsilon}, \qquad
       s = \frac{n m^2 - v}{n - 1} = \frac{1}{n (n - 1)} \sum_{b \ne b'} g_b \, g_{b'}

    m and v are the means over n batches of the gradient of B and of its square. s is an unbiased estimate of
    the square of the expected gradient, of which m^2 holds the batches' noise besides. Entries where noise is
    all there is estimate it below 0 and count 0.

    Source: ours; the correction is that of a U-statistic (Hoeffding, Annals of Mathematical Statistics 19,
    1948), the cut at 0 that of positive-part shrinkage. Cost: as ``adam_gain``. Raises InputError on fewer
    than two batches.
    """
    evidence.require_batches(name, 2)
    return per_unit_of_rank(name, "init", evidence.space, evidence.of(_SIGNAL))


def _signal(seen: Seen) -> float:
    count = seen.batches
    m = seen.of_b("of_b") / count
    v = m.square() + seen.of_b("deviations_of_b") / count
    squared = ((count * m.square() - v) / (count - 1)).clamp(min=0)
    return float((squared / (v.sqrt() + _EPSILON)).sum())


_SIGNAL: Final = Need("adam_signal", frozenset({"of_b", "deviations_of_b"}), _signal)
ADAM_SIGNAL = Proxy("adam_signal", "init", _measure, needs=frozenset({_SIGNAL}))
