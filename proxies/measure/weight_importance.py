"""How much the loss depends on each weight, smoothed over the steps of a training (AdaLoRA)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import torch
from torch import Tensor

from spaces.stacked import Stacked

__all__ = ["WeightImportance"]

_BETA1: Final = 0.85  # of the paper's experiments, as PEFT's defaults
_BETA2: Final = 0.85


class WeightImportance:
    """I = |w dL/dw| of every weight, its smoothed value I_bar, its uncertainty U_bar and its sum over steps.

    Source: AdaLoRA, arXiv:2303.10512, eq. 8 to 11 and algorithm 1: of the weights before each step, and
    of the gradient before it is clipped. I_bar and U_bar start at 0.
    """

    def __init__(self, shapes: Mapping[str, tuple[int, ...]], *, device: torch.device) -> None:
        """shapes: those of the ``Stacked`` whose values are seen."""
        self._smoothed = Stacked(shapes, 1, device=device)
        self._uncertainty = Stacked(shapes, 1, device=device)
        self._sum = Stacked(shapes, 1, device=device)

    def see(self, weights: Tensor, gradient: Tensor) -> None:
        """One step's weights and gradient, both (1, P)."""
        now = (weights * gradient).abs()  # eq. 8
        self._sum.values.add_(now)
        smoothed = self._smoothed.values.lerp_(now, 1 - _BETA1)  # eq. 9
        self._uncertainty.values.lerp_((now - smoothed).abs_(), 1 - _BETA2)  # eq. 10

    def smoothed(self, name: str) -> Tensor:
        """s = I_bar * U_bar (eq. 11) after the steps seen so far, in the tensor's own shape."""
        return self._smoothed.slot(name, 0) * self._uncertainty.slot(name, 0)

    def summed(self, name: str) -> Tensor:
        """The sum of I over the steps seen so far, in the tensor's own shape."""
        return self._sum.slot(name, 0)
