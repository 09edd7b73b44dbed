"""ZICO: how large a wire's gradients are beside how much they vary from batch to batch."""

from typing import Final

import numpy as np
import torch

from proxies.measure.deviations import varies
from proxies.measure.evidence import Evidence
from proxies.measure.need import Need, Seen
from proxies.proxy import Proxy
from proxies.site_scores import SiteScores
from spaces.double_precision import in_double
from spaces.errors import InputError

__all__ = ["ZICO"]


def _measure(evidence: Evidence, name: str) -> SiteScores:
    r"""How large the gradients of B are beside how much they vary from batch to batch. More is better; the
    sum grows with r. A site's own score is that at the highest rank that it can have.

    .. math:: s(r) = \log \sum_{i \le d_{out}, \, j \le r}
       \frac{\operatorname{mean}_b \lvert g_{b,ij} \rvert}{\operatorname{std}_b(g_{b,ij})}, \qquad
       g_b = \frac{\partial L_b}{\partial B}

    g is taken at the initial A, whose first r rows are those of a wire of rank r, so that this is exact at
    every rank; the wire's factor cancels. A first unit of rank is worth log(d_out) and more, a doubling about
    log 2, so that a budget is spread over all sites.

    Source: ZiCo, arXiv:2301.11300, whose score of a network is the sum of these logarithms over its layers.
    Layers of an allocation are the wires that are on: an off site adds 0. As in its program, entries that
    never vary (by more than rounding, ``varies``) are left out of the sum, a wire of which none varies is
    worth 0, and the deviation divides by the number of batches. Departure: the gradient of A is 0 where B is,
    and left out. Cost: one forward and backward per batch, through A at the grid's largest rank: G is never
    formed. Raises InputError on fewer than two batches, and
    on batches that are alike.
    """
    evidence.require_batches(name, 2)
    worths = evidence.of(_WORTHS)
    if not worths.any():
        raise InputError(
            f"proxy {name} compares batches, and no gradient varies between these {evidence.batches}; give "
            "batches that differ, or another proxy."
        )
    return SiteScores.of_ranks(name, "init", evidence.space, worths)


def _by_rank(seen: Seen) -> np.ndarray:
    size = in_double(seen.tensors["absolute_of_b"]) / seen.batches
    std = (in_double(seen.tensors["deviations_of_b"]) / seen.batches).sqrt()
    sums = torch.cumsum((size / std).where(varies(std, size, seen.batches), 0.0).sum(0), 0)
    worth = sums.log().where(sums != 0, 0.0).cpu().numpy()
    by_rank = np.zeros(len(seen.ranks))
    by_rank[1:] = worth[np.array(seen.ranks[1:]) - 1]
    return by_rank


_WORTHS: Final = Need(
    "zico", frozenset({"of_b", "absolute_of_b", "deviations_of_b"}), _by_rank, every_rank=True
)
ZICO = Proxy("zico", "init", _measure, needs=frozenset({_WORTHS}))
