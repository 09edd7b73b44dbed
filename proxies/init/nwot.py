"""NWOT: how many rows a wire's inner units tell apart by their signs."""

import numpy as np
import torch

from proxies.measure.evidence import Evidence
from proxies.proxy import Proxy
from proxies.site_scores import SiteScores
from spaces.double_precision import in_double

__all__ = ["NWOT"]


def _measure(evidence: Evidence, name: str) -> SiteScores:
    r"""How many rows the first r units of A tell apart by their signs. More is better; 0 at rank 0, and
    growing with r, since each unit adds a positive semi-definite matrix. A site's own score is that at
    the highest rank that it can have.

    .. math:: s(r) = \log \det (I + K_r), \qquad
       K_r[i, j] = r - d_{\text{Hamming}} \left( [A_{1..r} x_i > 0], [A_{1..r} x_j > 0] \right)

    x: the mean over a row's tokens of what the site reads, of the first 64 rows.

    Source: Mellor et al., arXiv:2006.04647v3, whose score of a network is log det K over its rectified units,
    on or off. Departures: a wire has no rectifier, so its sign stands for on and off; K has rank r + 1 at
    most, singular for more rows than that, and its logarithm is minus infinity, hence I + K; and scores of
    sites add up, though the paper adds up K. It asks only what a random A makes of the inputs: sites that
    read one tensor differ by their draw of A alone. Cost: the forward of 64 rows, shared with ``jacov``.
    """
    space, features = evidence.space, evidence.row_features
    by_rank = np.zeros((len(space.sites), len(space.ranks)))
    for row, site in zip(by_rank, space.sites, strict=True):
        x = features.inputs[site.name]
        signs = torch.where(x @ evidence.initial_a(site, space.ranks[-1]).to(x).T > 0, 1.0, -1.0)
        for column, rank in enumerate(space.ranks[1:], 1):
            of_rank = in_double(signs[:, :rank])
            agreements = (rank + of_rank @ of_rank.T) / 2
            identity = torch.eye(len(x), dtype=agreements.dtype, device=agreements.device)
            row[column] = float(torch.logdet(identity + agreements))
    return SiteScores.of_ranks(name, "init", space, by_rank)


NWOT = Proxy("nwot", "init", _measure)
