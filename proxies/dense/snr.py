"""SNR: how much a site's gradient agrees from batch to batch."""

from typing import Final

from proxies.measure.deviations import varies
from proxies.measure.evidence import Evidence
from proxies.measure.need import Need, Seen
from proxies.proxy import Proxy
from proxies.site_scores import SiteScores, per_unit_of_rank

__all__ = ["SNR"]


def _measure(evidence: Evidence, name: str) -> SiteScores:
    r"""Mean over G's entries of signal over noise; 0 where an entry never varies by more than rounding. More
    is better.

    .. math:: s = \operatorname{mean}_{ij} \frac{\lvert \bar{g}_{ij} \rvert}{\operatorname{std}_b(g_{b,ij})},
       \qquad \bar{g} \text{ the mean over batches of } g_b = G_b

    Source: in the manner of ZiCo, arXiv:2301.11300, whose score of a network is the sum over layers of the
    logarithm of the sum over parameters of the mean of the absolute gradient over its deviation. Departures:
    the absolute value of the mean for the mean of absolute values, so that a gradient of changing sign counts
    as noise; the mean over entries and no logarithm, so that a site's size does not count. The deviation
    divides by the number of batches. Cost: the dense pass, shared; memory for three matrices of G's shape
    instead of one, entry by entry. Raises InputError on fewer than two batches.
    """
    evidence.require_batches(name, 2)
    return per_unit_of_rank(name, "dense", evidence.space, evidence.of(_RATIO))


def _ratio(seen: Seen) -> float:
    mean = seen.gradient / seen.batches
    std = (seen.tensors["deviations"] / seen.batches).sqrt()
    size = mean.abs()
    return float((size / std).where(varies(std, size, seen.batches), 0.0).mean())


_RATIO: Final = Need("signal_to_noise", frozenset({"gradient", "deviations"}), _ratio)
SNR = Proxy("snr", "dense", _measure, needs=frozenset({_RATIO}))
