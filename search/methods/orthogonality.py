"""How far A's rows and B's columns are from being orthonormal, for the methods that penalise it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.nn.functional import pad

from spaces.site import Site
from spaces.stacked import Stacked

__all__ = ["departure", "factor_rows", "padded"]


def factor_rows(stacked: Stacked, sites: Sequence[Site], alive: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """A's rows, then B's columns as rows, of every site in order: (selected, r, width), with which are on.

    alive: (C, R) bool, of all sites side by side. Which are on: (selected, r) bool. Only the slots that
    ``stacked`` has selected.
    """
    leaf, of_selected = stacked.leaf, stacked.of_selected
    ranks = [leaf[f"{site.name}.A"].shape[1] for site in sites]
    for site, on in zip(sites, of_selected(alive).split(ranks, dim=1), strict=True):
        yield of_selected(leaf[f"{site.name}.A"]), on
        yield of_selected(leaf[f"{site.name}.B"]).mT, on


def departure(rows: Tensor, on: Tensor) -> Tensor:
    """M M^T - I, M the rows that are on; zero in the places of the others: (..., r, r).

    rows: (..., r, width). on: (..., r) bool.
    """
    rows = rows * on[..., None]
    return rows @ rows.mT - torch.diag_embed(on.to(rows))


def padded(matrices: Sequence[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """Matrices of one width and any number of rows side by side: (n, slots, r, width) and (n, slots, r) bool.

    matrices: pairs as ``factor_rows`` gives them. r is the largest; rows that were not there are off.
    """
    top = max(on.shape[1] for _, on in matrices)
    on = torch.stack([pad(on, (0, top - on.shape[1])) for _, on in matrices])
    return torch.stack([pad(rows, (0, 0, 0, top - rows.shape[1])) for rows, _ in matrices]), on
