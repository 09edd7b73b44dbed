"""How large G is, and how much of it each rank can carry: exactly, or from a sketch where G does not fit."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch

from spaces.double_precision import in_double

from .eigenvalues import eigenvalues
from .need import SKETCH, Need, Seen
from .sketch import SketchedSpectrum, sketched_spectrum

__all__ = ["GAINS", "NORM", "SKETCHED"]


def _norm(seen: Seen) -> float:
    return float(seen.gradient.norm())


def _gains(seen: Seen) -> np.ndarray:
    g = in_double(seen.gradient)
    squares = eigenvalues(g @ g.T if g.shape[0] <= g.shape[1] else g.T @ g)
    return _by_rank(torch.cumsum(squares, 0).cpu().numpy(), seen.ranks)


def _by_rank(sums: np.ndarray, ranks: tuple[int, ...]) -> np.ndarray:
    gains = np.zeros(len(ranks))
    gains[1:] = sums[np.minimum(ranks[1:], len(sums)) - 1]
    return gains


def _sketched(seen: Seen) -> np.ndarray:
    one = _spectrum(seen)
    return np.concatenate([[one.norm, one.error], _by_rank(np.cumsum(one.squares), seen.ranks)])


def _spectrum(seen: Seen) -> SketchedSpectrum:
    return sketched_spectrum(
        *(seen.tensors[name] for name in ("right_sketch", "left_sketch", "left_vectors"))
    )


SKETCHED: Final = Need("sketch", SKETCH, _sketched)
"""The norm, the root mean square of what it and the roots of all gains may be off by, and the gains."""
NORM: Final = Need("norm", frozenset({"gradient"}), _norm, sketched=SKETCHED)
"""||G||_F."""
GAINS: Final = Need("gains", frozenset({"gradient"}), _gains, sketched=SKETCHED)
"""Sum of the r largest squared singular values of G, by rank of the grid; of all where r is above them."""
