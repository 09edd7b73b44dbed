"""The Hessian of the loss with respect to every site's whole update, times the gradient."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import torch
from torch import Tensor
from transformers import PreTrainedModel

from spaces.hooks import Renorm, Visit
from spaces.low_rank import with_update
from spaces.objective import Batch, Objective
from spaces.site import Site

from .dense_gradients import dense_gradients

__all__ = ["hessian_gradient", "updated"]

_SHARE: Final = 0.2  # of the square root of the machine epsilon; see hessian_gradient


def hessian_gradient(
    model: PreTrainedModel,
    objective: Objective,
    sites: Sequence[Site],
    batches: Sequence[Batch],
    gradients: Mapping[str, Tensor],
    *,
    renorm: Renorm = "preserve",
) -> dict[str, Tensor]:
    """H G for the loss of ``dense_gradients``: site name -> (d_out, d_in) float32.

    H: second derivatives with respect to the updates Delta W of all sites together, at Delta W = 0. A
    one-sided difference: G at Delta W = t G, less G, over t.

    Args:
        model, objective, sites, batches, renorm: as ``dense_gradients`` has them.
        gradients: G, of the same.

    Its error is t times the third derivatives plus the model's precision over t, so t is set by how far
    it goes along the loss: the mean loss of a batch rises by t ||G||^2 / n at first order, and that is
    made 0.2 sqrt(machine epsilon), 7e-5 in float32 and 0.018 in bfloat16. On MiniLM the error of H G is
    then below 1 % in float32; at 0.1 no digit of it is right, though no site has moved by 1 % of its W0.
    Cost: one dense pass more, in which every site also computes its update's product.
    """
    squared = sum(float(gradient.norm()) ** 2 for gradient in gradients.values())
    if squared == 0:
        return {name: torch.zeros_like(gradient) for name, gradient in gradients.items()}
    rise = _SHARE * math.sqrt(torch.finfo(model.dtype).eps)
    step = rise * len(batches) / squared
    ahead = dense_gradients(model, objective, sites, batches, renorm=renorm, wires=updated(gradients, step))
    return {name: (gradient - gradients[name]) / step for name, gradient in ahead.items()}


def updated(updates: Mapping[str, Tensor], factor: float) -> Visit:
    """What ``attach`` needs for the model to compute as if factor * updates[site] were added to W0.

    updates: site name -> (d_out, d_in) float32.
    """

    def add(sites: Sequence[Site], sources: Sequence[Tensor], target: Tensor) -> Tensor:
        for site, source in zip(sites, sources, strict=True):
            target = with_update(target, source, site, factor * updates[site.name])
        return target

    return add
