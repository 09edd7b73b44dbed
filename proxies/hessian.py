"""The Hessian of the loss with respect to every site's whole update, times a direction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from spaces.hooks import Renorm, Visit
from spaces.site import Site

from .dense_gradients import Batch, dense_gradients

__all__ = ["hessian_times", "relative_step", "updated"]


def hessian_times(
    model: PreTrainedModel,
    sites: Sequence[Site],
    batches: Sequence[Batch],
    direction: Mapping[str, Tensor],
    *,
    step: float,
    renorm: Renorm = "preserve",
) -> dict[str, Tensor]:
    """H V for the loss of ``dense_gradients``: site name -> (d_out, d_in) float32.

    H: second derivatives by the updates Delta W of all sites together, at Delta W = 0. direction: V, site
    name -> (d_out, d_in). step: the length t > 0 in units of V of the central difference
    (G(t V) - G(-t V)) / 2 t, whose error is of order t^2, and of order the model's precision / t.
    Cost: two dense passes; memory for two more G of every site.
    """
    ahead = dense_gradients(model, sites, batches, renorm=renorm, wires=updated(direction, step))
    behind = dense_gradients(model, sites, batches, renorm=renorm, wires=updated(direction, -step))
    return {name: (gradient - behind[name]) / (2 * step) for name, gradient in ahead.items()}


def relative_step(dtype: torch.dtype) -> float:
    """Step over length of what it moves that balances the two errors of a central difference.

    The cube root of the machine epsilon: 0.005 in float32, 0.2 in bfloat16. Source: Press et al.,
    Numerical Recipes, section 5.7.
    """
    return float(torch.finfo(dtype).eps ** (1 / 3))


def updated(updates: Mapping[str, Tensor], factor: float) -> Visit:
    """A visit with which the model computes as if factor * updates[site] were added to each site's W0.

    updates: site name -> (d_out, d_in).
    """

    def add(sites: Sequence[Site], sources: Sequence[Tensor], target: Tensor) -> Tensor:
        for site, source in zip(sites, sources, strict=True):
            update = (factor * updates[site.name]).to(source.dtype)
            added = nn.functional.linear(source, update).reshape(*target.shape[:-1], site.d_out)
            if site.target.part is not None:
                start, stop = site.target.part
                added = nn.functional.pad(added, (start, target.shape[-1] - stop))
            target = target + added
        return target

    return add
