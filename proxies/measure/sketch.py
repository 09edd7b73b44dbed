"""Norm and spectrum of a gradient that is never formed, from two linear sketches of it.

With Omega (d_in, k) and Psi (l, d_out) of independent standard normal entries, l = 2 k + 1:

    Y = G Omega,  W = Psi G        sums over the tokens, delta^T (x Omega) and (delta Psi^T)^T x
    Q = orth(Y),  X = (Psi Q)^+ W  G is about Q X, whose singular values are those of X, (k, d_in)

Source: Tropp, Yurtsever, Udell and Cevher, SIAM J. Matrix Anal. Appl. 38 (2017), arXiv:1609.00048, algorithm
4. Theorem 4.3 there, for every r < k - 1, with T_r^2 the sum of G's squared singular values behind the r-th:

    E ||G - Q X||_F^2  <=  (1 + k / (l - k - 1)) (1 + r / (k - r - 1)) T_r^2  =  2 (1 + r / (k - r - 1)) T_r^2

By Mirsky's theorem the roots of all gains, sqrt(sum_{i<=r} sigma_i^2), differ by at most ||G - Q X||_F; so
does the norm. Besides, as l = 2 k + 1:

* E ||X||_F^2 = ||Q^T G||_F^2 + k / (l - k - 1) ||(I - Q Q^T) G||_F^2 = ||G||_F^2: the squared norm is
  unbiased.
* ||W - Psi Q X||_F^2 / (l - k) is an unbiased estimate of ||(I - Q Q^T) G||_F^2, as the residual of any
  regression is, and E ||G - Q X||_F^2 is twice that: the error can be stated from the sketch itself.

Exact, as far as rounding goes, where G has a rank of at most k. Where its spectrum is flat, gains err to one
side: all of the squared norm, which is unbiased, stands in k numbers instead of d = min(d_out, d_in), so that
the gain of the first r is overstated by a factor of about d / k, and of more for the very first. So a sketch
can hold flat sites for better than they are, hardly worse; what the error says of such sites is as large.

What is stated of a score is the theorem's bound with an estimate in the place of the mean square, and not a
guarantee; in the tests' draws, flat spectra among them, more than 99 in 100 keep it, as Mirsky's bound is
loose.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from spaces.double_precision import in_double
from spaces.objective import Batch
from spaces.seeding import named_generator
from spaces.site import Site

from .eigenvalues import eigenvalues
from .need import Taken

__all__ = ["SketchedSpectrum", "Sketches", "left_rows", "sketched_spectrum"]


def left_rows(vectors: int) -> int:
    """l, the rows of Psi for k vectors in Omega: 2 k + 1."""
    return 2 * vectors + 1


def normal_matrix(d: int, columns: int, *, seed: int, name: str) -> Tensor:
    """Independent standard normal entries, (d, columns) float32, on the CPU: Omega, or Psi transposed."""
    drawn = named_generator(seed, f"{name} {d}").standard_normal((d, columns), dtype=np.float32)
    return torch.from_numpy(drawn)


class Sketches:
    """Y = G Omega and W = Psi G of every site; sites of one width share Omega, as those of one height Psi."""

    def __init__(self, sites: Sequence[Site], vectors: int, device: torch.device, *, seed: int) -> None:
        """vectors: k, the columns of Omega."""
        rows = left_rows(vectors)
        self._omega = {
            d: normal_matrix(d, vectors, seed=seed, name="omega").to(device)
            for d in {site.d_in for site in sites}
        }
        self._psi = {
            d: normal_matrix(d, rows, seed=seed, name="psi").to(device)
            for d in {site.d_out for site in sites}
        }
        self._right = {site.name: torch.zeros(site.d_out, vectors, device=device) for site in sites}
        self._left = {site.name: torch.zeros(rows, site.d_in, device=device) for site in sites}
        self._last: tuple[Tensor, int, Tensor] | None = None

    def keep(self, site: Site, source: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        """x as it is, and x Omega, which sites share that read one tensor."""
        if self._last is None or self._last[0] is not source or self._last[1] != source._version:
            x = source.detach().reshape(-1, site.d_in).float()
            self._last = source, source._version, x @ self._omega[site.d_in]
        return source.detach(), self._last[2]

    def see(self, site: Site, kept: tuple[Tensor, Tensor], delta: Tensor) -> None:
        source, inner = kept
        self._right[site.name].addmm_(delta.T, inner)
        x = source.reshape(-1, site.d_in).float()
        self._left[site.name].addmm_((delta @ self._psi[site.d_out]).T, x)

    def end_batch(self, count: int) -> None:
        self._last = None

    def taken(self, site: Site) -> Mapping[Taken, Tensor]:
        return {
            "right_sketch": self._right[site.name],
            "left_sketch": self._left[site.name],
            "left_vectors": self._psi[site.d_out].T,
        }


@dataclass(frozen=True, slots=True, eq=False)
class SketchedSpectrum:
    """Of one G. squares: its squared singular values as Q X has them, (k,) float64, largest first.
    error: root mean square of ||G - Q X||_F, as the sketch itself estimates it."""

    squares: np.ndarray
    error: float

    @property
    def norm(self) -> float:
        """||G||_F, whose square is unbiased."""
        return math.sqrt(float(self.squares.sum()))


def sketched_spectrum(right: Tensor, left: Tensor, psi: Tensor) -> SketchedSpectrum:
    """The spectrum of G from its sketches, as the module has it.

    right: G Omega, (d_out, k). left: Psi G, (l, d_in). psi: Psi, (l, d_out).
    """
    q = torch.linalg.qr(in_double(right)).Q
    rows, seen = in_double(left), in_double(psi) @ q
    x = torch.linalg.pinv(seen) @ rows
    squares = eigenvalues(x @ x.T)
    rest = float((rows - seen @ x).square().sum()) / max(1, rows.shape[0] - q.shape[1])
    return SketchedSpectrum(squares.cpu().numpy(), math.sqrt(2 * rest))
