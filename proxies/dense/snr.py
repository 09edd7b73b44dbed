"""SNR: how much a site's gradient agrees from batch to batch."""

from proxies.measure.evidence import Evidence
from proxies.proxy import Proxy
from proxies.site_scores import SiteScores, per_unit_of_rank

__all__ = ["SNR"]


def _measure(evidence: Evidence, name: str) -> SiteScores:
    """Mean over G's entries of |mean| / std over batches; 0 where an entry never varies. More is better.

    Source: in the manner of ZiCo, arXiv:2301.11300, whose score of a network is the sum over layers of
    log(sum over parameters of mean(|g|) / std(g)). Departures: |mean| for mean(|g|), so that a gradient
    of changing sign counts as noise; the mean over entries and no logarithm, so that a site's size does
    not count. ``std`` divides by the number of batches. Cost: the dense pass, shared; memory for three
    matrices of G's shape instead of one. Raises InputError on fewer than two batches.
    """
    evidence.require_batches(name, 2)
    ratios = []
    for site in evidence.space.sites:
        mean = evidence.gradients[site.name] / evidence.batches
        std = (evidence.statistic("deviations", site) / evidence.batches).sqrt()
        ratios.append(float((mean.abs() / std).where(std != 0, 0.0).mean()))
    return per_unit_of_rank(name, "dense", evidence.space, ratios)


SNR = Proxy("snr", "dense", _measure, needs=frozenset({"deviations"}))
