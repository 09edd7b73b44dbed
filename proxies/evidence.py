"""What proxies look at: the model's weights and its gradients, each measured once for all proxies."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property

import torch
from torch import Tensor
from transformers import PreTrainedModel

from spaces.base_weight import base_weight
from spaces.hooks import Renorm
from spaces.scaling import Scaling
from spaces.search_space import SearchSpace
from spaces.site import Site
from spaces.wires import initial_a

from .dense_gradients import Batch, dense_gradients, dense_synflow_gradients

__all__ = ["Evidence"]


class Evidence:
    """Measurements of one model on one space; a gradient pass runs when the first proxy asks for it."""

    def __init__(
        self,
        model: PreTrainedModel,
        batches: Iterable[Batch],
        space: SearchSpace,
        *,
        seed: int,
        scaling: Scaling | None = None,
        renorm: Renorm = "preserve",
        on_batch: Callable[[], None] = lambda: None,
    ) -> None:
        """seed: of the initial A, which the ``init`` point looks through. batches: all are used."""
        self.model, self.space, self.seed, self.renorm = model, space, seed, renorm
        self.scaling = scaling or Scaling()
        self._batches, self._on_batch = batches, on_batch

    @cached_property
    def gradients(self) -> dict[str, Tensor]:
        """G of the training loss at ``dense``: site name -> (d_out, d_in)."""
        return dense_gradients(
            self.model, self.space.sites, self._batches, renorm=self.renorm, on_batch=self._on_batch
        )

    @cached_property
    def synflow_gradients(self) -> dict[str, Tensor]:
        """G of SynFlow's objective at ``dense``: site name -> (d_out, d_in)."""
        return dense_synflow_gradients(self.model, self.space.sites, renorm=self.renorm)

    def weight_times(self, site: Site, gradient: Tensor) -> Tensor:
        """W0 * G elementwise: of a residual wire W0 = I, so G's diagonal; of a cross wire W0 = 0."""
        if site.kind == "lora":
            return base_weight(self.model, site).float() * gradient
        return gradient.diagonal() if site.kind == "residual" else torch.zeros((), device=gradient.device)

    def gradient_of_b(self, site: Site, gradient: Tensor) -> Tensor:
        """dL/dB = scale * G A^T at ``init``, at the grid's largest rank: (d_out, r). dL/dA is 0 as B is.

        (A and B themselves contribute nothing to products with the parameters: B = 0, dL/dA = 0.)
        """
        rank = self.space.ranks[-1]
        a = torch.from_numpy(initial_a(site, rank, seed=self.seed)).to(gradient)
        return self.scaling.factor(site.kind, rank) * gradient @ a.T
