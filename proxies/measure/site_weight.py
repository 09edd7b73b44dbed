"""The weight W0 that a wire of any kind adds to."""

from __future__ import annotations

import torch
from torch import Tensor
from transformers import PreTrainedModel

from spaces.base_weight import base_weight
from spaces.site import Site

__all__ = ["site_weight", "weight_times"]


def site_weight(model: PreTrainedModel, site: Site) -> Tensor:
    """W0, (d_out, d_in) float32: the identity of a residual wire, zero of a cross wire."""
    if site.kind == "lora":
        return base_weight(model, site).float()
    if site.kind == "residual":
        return torch.eye(site.d_out, site.d_in, device=model.device)
    return torch.zeros(site.d_out, site.d_in, device=model.device)


def weight_times(model: PreTrainedModel, site: Site, gradient: Tensor) -> Tensor:
    """W0 * G elementwise: of a residual wire W0 = I, so G's diagonal; of a cross wire W0 = 0.

    gradient: (d_out, d_in) float32.
    """
    if site.kind == "lora":
        return base_weight(model, site).float() * gradient
    return gradient.diagonal() if site.kind == "residual" else torch.zeros((), device=gradient.device)
