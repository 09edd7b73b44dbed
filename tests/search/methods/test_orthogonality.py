"""Departures from orthonormal rows against the definition, matrix by matrix."""

from __future__ import annotations

import torch

from search.methods.orthogonality import departure, factor_rows, padded
from spaces.site import Site, Tap
from spaces.stacked import Stacked
from spaces.wires import Wires

TAP = Tap("m", "in")
SITES = [Site("q", 0, "q", "lora", 8, 6, TAP, TAP), Site("fc1", 0, "fc1", "lora", 8, 8, TAP, TAP)]
RANKS = {"q": 2, "fc1": 3}


def drawn() -> tuple[Stacked, torch.Tensor]:
    """Two slots with random factors, of which some rows are off, (2, 5)."""
    stacked = Stacked(Wires.shapes(SITES, RANKS), 2, device="cpu")
    stacked.values.normal_(generator=torch.Generator().manual_seed(0))
    return stacked, torch.tensor([[1, 1, 1, 0, 1], [0, 0, 1, 1, 1]], dtype=torch.bool)


def test_every_factor_of_a_site_comes_with_the_rows_that_are_on():
    stacked, alive = drawn()
    stacked.select([1])
    found = list(factor_rows(stacked, SITES, alive))
    assert [tuple(rows.shape) for rows, _ in found] == [(1, 2, 8), (1, 2, 6), (1, 3, 8), (1, 3, 8)]
    assert [on[0].tolist() for _, on in found] == [[False, False]] * 2 + [[True] * 3] * 2
    assert torch.equal(found[1][0][0], stacked.slot("q.B", 1).T)


def test_the_departure_is_that_of_the_rows_that_are_on_alone():
    stacked, alive = drawn()
    for rows, on in factor_rows(stacked, SITES, alive):
        for own, kept, whole in zip(rows, on, departure(rows, on), strict=True):
            m = own[kept]
            torch.testing.assert_close(whole[kept][:, kept], m @ m.T - torch.eye(len(m)))
            assert not whole[~kept].any()
    orthonormal, _ = torch.linalg.qr(torch.randn(8, 3, generator=torch.Generator().manual_seed(1)))
    assert departure(orthonormal.T, torch.ones(3, dtype=torch.bool)).norm() < 1e-6


def test_side_by_side_matrices_depart_as_each_does():
    stacked, alive = drawn()
    of_width = [pair for pair in factor_rows(stacked, SITES, alive) if pair[0].shape[2] == 8]
    together = torch.linalg.vector_norm(departure(*padded(of_width)), dim=(2, 3))
    each = torch.stack([torch.linalg.vector_norm(departure(*pair), dim=(1, 2)) for pair in of_width])
    torch.testing.assert_close(together, each)
