"""What proxies look at: the model's weights and its gradients, each measured once for all proxies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedModel

from spaces.counted import counted
from spaces.errors import InputError
from spaces.hooks import Renorm
from spaces.memory_size import MemorySize
from spaces.objective import Batch, Objective
from spaces.scaling import Scaling
from spaces.search_space import SearchSpace
from spaces.seeding import named_generator
from spaces.site import Site

from .hessian import hessian_gradient
from .meter import Meter, measured
from .need import Need
from .plan import memory_for
from .row_features import RowFeatures, row_features
from .row_kernels import RowKernels, row_kernels
from .site_gradients import INITIAL_RANK, SiteGradients
from .site_weight import weight_times
from .super_network import SuperNetwork
from .synflow_gradients import of_synflow_gradients
from .warm_up import WarmUp

__all__ = ["Evidence"]

_LONGER: Final = 3  # times the warm-up's steps: 72 where that has its 24


class Evidence:
    """Measurements of one model on one space; a gradient pass runs when the first proxy asks for it."""

    def __init__(
        self,
        model: PreTrainedModel,
        objective: Objective,
        batches: Sequence[Batch],
        space: SearchSpace,
        *,
        seed: int,
        scaling: Scaling | None = None,
        renorm: Renorm = "preserve",
        warm_up: WarmUp | None = None,
        needs: frozenset[Need] = frozenset(),
        memory: MemorySize | None = None,
        absolute: Callable[[], AbstractContextManager[None]] = nullcontext,
        on_batch: Callable[[], None] = lambda: None,
    ) -> None:
        """Measures nothing yet.

        Args:
            model: frozen and in eval mode, as it is looked at; it is left as it was.
            objective: what is learned.
            batches: on the model's device. All are used.
            space: the sites, and the ranks that scores are given for.
            seed: of the initial A, which the ``init`` point looks through, and of sketches.
            scaling: the factor of a wire at each rank; by default LoRA's.
            renorm: as ``spaces.hooks.attach`` has it.
            warm_up: how the super-network of the ``warm`` point is trained, on some of the same batches.
            needs: which one pass serves together (``proxies.proxy.needs_of``); for another one a pass of its
                own runs when it is first asked for.
            memory: that is held of the sites' gradients at a time; ``memory_for`` says what by default.
            absolute: a context in which what the model computes with besides its own weights is absolute, for
                SynFlow's pass; by default there is nothing of that kind.
            on_batch: called after each batch, and after each step of the warm-up.
        """
        self.model, self.objective, self.space = model, objective, space
        self.seed, self.renorm = seed, renorm
        self.scaling = scaling or Scaling()
        self._batches, self._on_batch = batches, on_batch
        self._warm_up, self._absolute = warm_up or WarmUp(), absolute
        on_cuda = model.device.type == "cuda"
        self.meter = Meter(partial(torch.cuda.synchronize, model.device)) if on_cuda else Meter()
        self.dense = SiteGradients(
            model,
            objective,
            batches,
            space,
            seed=seed,
            scaling=self.scaling,
            renorm=renorm,
            needs=needs,
            memory=memory_for(model, space.sites, memory),
            on_batch=on_batch,
            meter=self.meter,
        )

    @property
    def batches(self) -> int:
        """How many batches everything is measured over."""
        return len(self._batches)

    def require_batches(self, name: str, least: int) -> None:
        """Raises InputError where there are fewer batches than the proxy of this name compares."""
        if self.batches < least:
            raise InputError(
                f"proxy {name} compares batches and was given {self.batches}; "
                f"give it at least {counted(least, 'batch', 'batches')}, or leave it out."
            )

    def of(self, need: Need) -> np.ndarray:
        """What a need is of every site: (sites,), or (sites, numbers)."""
        return self.dense.of(need)

    @property
    def gradients(self) -> dict[str, Tensor]:
        """G of the training loss at ``dense``: site name -> (d_out, d_in).

        Raises InputError where those of all sites do not fit into the memory.
        """
        return self.dense.whole

    def initial_rank(self, site: Site) -> int:
        """The rank at which proxies at ``init`` look (``SiteGradients.initial_rank``)."""
        return self.dense.initial_rank(site)

    def initial_a(self, site: Site, rank: int) -> Tensor:
        """The A that a wire of this rank starts with: (rank, d_in)."""
        return self.dense.initial_a(site, rank)

    @measured
    def synflow_products(self) -> list[float]:
        """Sum of |W0 * G| of every site, with G that of SynFlow's objective at ``dense``."""

        def product(site: Site, gradient: Tensor) -> float:
            return float(weight_times(self.model, site, gradient).abs().sum())

        with self._absolute():
            sites = self.space.sites
            found = of_synflow_gradients(product, self.model, self.objective, sites, renorm=self.renorm)
        return [found[site.name] for site in sites]

    @measured
    def hessian_gradient(self) -> dict[str, Tensor]:
        """H G, H the Hessian of the training loss by the updates of all sites: name -> (d_out, d_in)."""
        return hessian_gradient(
            self.model,
            self.objective,
            self.space.sites,
            self._batches,
            self.gradients,
            renorm=self.renorm,
        )

    @measured
    def row_features(self) -> RowFeatures:
        """How each site tells the first rows apart."""
        return row_features(
            self.model,
            self.objective,
            self.space.sites,
            self._batches,
            self._first_a(),
            renorm=self.renorm,
        )

    @measured
    def row_kernels(self) -> RowKernels:
        """How alike the first rows are to each site, by the gradients of their own losses."""
        return row_kernels(
            self.model,
            self.objective,
            self.space.sites,
            self._batches,
            self._first_a(),
            seed=self.seed,
            renorm=self.renorm,
        )

    @measured
    def super_network(self) -> SuperNetwork:
        """All sites trained together for a few steps: what the ``warm`` point looks at."""
        return self._network(None)

    @measured
    def sampled_network(self) -> SuperNetwork:
        """The same with the sites' ranks drawn anew at each step, so that any can be cut from it."""
        return self._network(named_generator(self.seed, "supernet"))

    @measured
    def wide_network(self) -> SuperNetwork:
        """All sites trained together three times as long, at ``init``'s rank or the warm-up's where that is
        higher, so that there is something to prune."""
        warm_up = self._warm_up
        rank = max(warm_up.rank, INITIAL_RANK)
        return self._network(None, replace(warm_up, rank=rank, steps=_LONGER * warm_up.steps))

    def _first_a(self) -> dict[str, Tensor]:
        """The A of every site at ``init``'s rank, by its name: (r, d_in)."""
        return {site.name: self.initial_a(site, self.initial_rank(site)) for site in self.space.sites}

    def _network(self, sample: np.random.Generator | None, warm_up: WarmUp | None = None) -> SuperNetwork:
        return SuperNetwork(
            self.model,
            self.objective,
            self._batches,
            self.space,
            warm_up or self._warm_up,
            seed=self.seed,
            scaling=self.scaling,
            renorm=self.renorm,
            sample=sample,
            on_batch=self._on_batch,
            meter=self.meter,
        )
