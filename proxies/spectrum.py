"""The gradient spectrum: what each rank can buy, at first order."""

import numpy as np
import torch

from .evidence import Evidence
from .proxy import Proxy
from .site_scores import SiteScores

__all__ = ["SPECTRUM"]


def _measure(evidence: Evidence, name: str) -> SiteScores:
    """gain(site, r) = sum of the r largest squared singular values of G (DESIGN, section 6).

    The largest first-order decrease of the loss that a unit-step update of rank r can buy; concave in
    r, so per-rank scores come with it. A site's own score is its gain at the grid's largest rank.
    Cost: the dense pass, and one symmetric eigenvalue problem of size min(d_in, d_out) per site.
    """
    space = evidence.space
    by_rank = np.zeros((len(space.sites), len(space.ranks)))
    for row, site in zip(by_rank, space.sites, strict=True):
        g = evidence.gradients[site.name]
        g = (g.cpu() if g.device.type == "mps" else g).double()  # MPS has no double
        gram = g @ g.T if g.shape[0] <= g.shape[1] else g.T @ g
        squares = torch.linalg.eigvalsh(gram).flip(0).clamp(min=0)
        gains = torch.cumsum(squares, 0).cpu().numpy()
        row[1:] = gains[np.array(space.ranks[1:]) - 1]
    return SiteScores(name, "dense", space, by_rank[:, -1].copy(), by_rank)


SPECTRUM = Proxy("spectrum", "dense", _measure)
