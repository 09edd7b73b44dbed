"""EVA: how much of what a site reads fits through each rank."""

from typing import Final

import numpy as np
import torch

from proxies.measure.eigenvalues import eigenvalues
from proxies.measure.evidence import Evidence
from proxies.measure.need import Need, Seen
from proxies.proxy import Proxy
from proxies.site_scores import SiteScores
from spaces.double_precision import in_double

__all__ = ["EVA"]


def _measure(evidence: Evidence, name: str) -> SiteScores:
    r"""Share of the sum of squares of the site's inputs that their r first right singular vectors explain, in
    [0, 1]. More is better; concave in r. A site's own score is that at the highest rank that it can have.

    .. math:: s(r) = \frac{\sum_{i \le r} \lambda_i}{\sum_i \lambda_i}, \qquad
       \lambda_1 \ge \lambda_2 \ge \ldots \text{ the eigenvalues of } \sum_{\text{tokens}} x x^\top

    Source: EVA, arXiv:2410.07170, which gives the next unit of rank to the largest explained variance ratio
    left, as PEFT's ``peft/tuners/lora/eva.py`` does; ``greedy`` then does so by parameter. Departures: PEFT
    centres the inputs, but A has no bias and reads them as they are, so no mean is taken off; it stops when
    the vectors settle, here all scoring batches count, in one pass. Padding is left out, as there. Sites that
    read the same tensor score the same, and the loss plays no part. Cost: one product of the inputs with
    themselves a site in the dense pass's forward, a symmetric eigenvalue problem of size d_in; memory d_in^2
    a site.
    """
    return SiteScores.of_ranks(name, "base", evidence.space, evidence.of(_EXPLAINED))


def _explained(seen: Seen) -> np.ndarray:
    values = eigenvalues(in_double(seen.tensors["second_moments"]))
    explained = torch.cumsum(values, 0) / values.sum()
    by_rank = np.zeros(len(seen.ranks))
    by_rank[1:] = explained.cpu().numpy()[np.minimum(seen.ranks[1:], len(explained)) - 1]
    return by_rank


_EXPLAINED: Final = Need("explained", frozenset({"second_moments"}), _explained)
EVA = Proxy("eva", "base", _measure, needs=frozenset({_EXPLAINED}))
