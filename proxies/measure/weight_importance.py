"""How much the loss depends on each weight, smoothed over the steps of a training (AdaLoRA)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from spaces.stacked import Stacked

__all__ = ["WeightImportance"]


class WeightImportance:
    """Of every weight that slots train: I_bar, I = |w dL/dw| smoothed over steps, and its uncertainty U_bar.

    Source: AdaLoRA, arXiv:2303.10512, eq. 8 to 11 and algorithm 1: of the weights before each step. The
    defaults of beta1 and beta2 are those of the paper's experiments, and PEFT's.
    """

    def __init__(self, stacked: Stacked, *, beta1: float = 0.85, beta2: float = 0.85) -> None:
        """stacked: whose values are the weights; I_bar and U_bar, (C, P), start at 0."""
        self._stacked, self._beta1, self._beta2 = stacked, beta1, beta2
        self.sensitivity = torch.zeros_like(stacked.values)
        self.uncertainty = torch.zeros_like(stacked.values)

    def reset(self, slot: int) -> None:
        """Starts a slot anew, for its next candidate."""
        self.sensitivity[slot] = self.uncertainty[slot] = 0

    def see(self, gradient: Tensor, slots: Sequence[int]) -> Tensor:
        """I of these slots at one step, (slots, P), which goes into their averages. gradient: (C, P)."""
        slots = list(slots)
        now = (self._stacked.values[slots] * gradient[slots]).abs()  # eq. 8
        smooth = self._beta1 * self.sensitivity[slots] + (1 - self._beta1) * now  # eq. 9
        spread = self._beta2 * self.uncertainty[slots] + (1 - self._beta2) * (now - smooth).abs()  # eq. 10
        self.sensitivity[slots], self.uncertainty[slots] = smooth, spread
        return now

    def smoothed(self, slot: int) -> dict[str, Tensor]:
        """s = I_bar * U_bar (eq. 11) after the steps seen so far, by tensor, each in its own shape."""
        return self._stacked.named(self.sensitivity[slot] * self.uncertainty[slot])
