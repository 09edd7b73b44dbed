"""ZICO: how large a wire's gradients are beside how much they vary from batch to batch."""

import numpy as np
import torch

from proxies.measure.eigenvalues import in_double
from proxies.measure.evidence import Evidence
from proxies.proxy import Proxy
from proxies.site_scores import SiteScores

__all__ = ["ZICO"]


def _measure(evidence: Evidence, name: str) -> SiteScores:
    """worth(site, r) = log of the sum, over the d_out x r entries of B, of mean(|g|) / std(g) over batches.

    g: dL/dB at the initial A, whose first r columns are those of a wire of rank r, so that this is exact
    at every rank; the wire's factor cancels. More is better; the sum grows with r. A site's own score is
    that at the highest rank that it can have. Source: ZiCo, arXiv:2301.11300, whose score of a network is
    the sum of these logarithms over its layers. Layers of an allocation are the wires that are on: an off
    site adds 0. As in its program, entries that never vary are left out of the sum, a wire of which none
    varies is worth 0, and ``std`` divides by the number of batches. Departure: dL/dA is 0 where B is, and
    left out.

    A first unit of rank is worth log(d_out) and more, a doubling about log 2, so that a budget is spread
    over all sites. Cost: the dense pass, shared, and two products with A for each batch; memory for a
    second G of every site during the pass. Raises InputError on fewer than two batches.
    """
    evidence.require_batches(name, 2)
    space = evidence.space
    by_rank = np.zeros((len(space.sites), len(space.ranks)))
    for row, site in zip(by_rank, space.sites, strict=True):
        size = in_double(evidence.statistic("absolute_of_b", site)) / evidence.batches
        std = (in_double(evidence.statistic("deviations_of_b", site)) / evidence.batches).sqrt()
        sums = torch.cumsum((size / std).where(std != 0, 0.0).sum(0), 0)
        worth = sums.log().where(sums != 0, 0.0).cpu().numpy()
        row[1:] = worth[np.array(space.ranks[1:]) - 1]
    return SiteScores.of_ranks(name, "init", space, by_rank)


ZICO = Proxy("zico", "init", _measure, needs=frozenset({"absolute_of_b", "deviations_of_b"}))
