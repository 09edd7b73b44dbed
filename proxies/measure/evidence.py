"""What proxies look at: the model's weights and its gradients, each measured once for all proxies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedModel

from spaces.base_weight import base_weight
from spaces.counted import counted
from spaces.errors import InputError
from spaces.hooks import Renorm
from spaces.objective import Batch, Objective
from spaces.scaling import Scaling
from spaces.search_space import SearchSpace
from spaces.seeding import named_generator
from spaces.site import Site
from spaces.wires import initial_a

from .dense_gradients import dense_gradients, dense_synflow_gradients
from .dense_statistics import Statistic, add_deviations
from .eigenvalues import eigenvalues, in_double
from .hessian import hessian_gradient
from .meter import Meter, measured, once
from .row_features import RowFeatures, row_features
from .super_network import SuperNetwork
from .warm_up import WarmUp

__all__ = ["Evidence"]

_INITIAL_RANK = 8  # the papers'
_Dense = tuple[dict[str, Tensor], dict[Statistic, dict[str, Tensor]]]
"""G, and the statistics, by site."""


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
        needs: frozenset[Statistic] = frozenset(),
        absolute: Callable[[], AbstractContextManager[None]] = nullcontext,
        on_batch: Callable[[], None] = lambda: None,
    ) -> None:
        """Measures nothing yet.

        Args:
            model: as it is looked at; it is left as it was.
            objective: what is learned.
            batches: on the model's device. All are used.
            space: the sites, and the ranks that scores are given for.
            seed: of the initial A, which the ``init`` point looks through.
            scaling: the factor of a wire at each rank; by default LoRA's.
            renorm: as ``spaces.hooks.attach`` has it.
            warm_up: how the super-network of the ``warm`` point is trained, on some of the same batches.
            needs: statistics that the one dense pass collects in passing (``proxies.proxy.needs_of``); for
                another one a pass of its own runs when it is first asked for.
            absolute: a context in which what the model computes with besides its own weights is absolute, for
                SynFlow's pass; by default there is nothing of that kind.
            on_batch: called after each batch, and after each step of the warm-up.
        """
        self.model, self.objective, self.space = model, objective, space
        self.seed, self.renorm = seed, renorm
        self.scaling = scaling or Scaling()
        self._batches, self._on_batch = batches, on_batch
        self._warm_up = warm_up or WarmUp()
        self._needs, self._absolute = needs, absolute
        on_cuda = model.device.type == "cuda"
        self.meter = Meter(partial(torch.cuda.synchronize, model.device)) if on_cuda else Meter()

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

    @property
    def gradients(self) -> dict[str, Tensor]:
        """G of the training loss at ``dense``: site name -> (d_out, d_in)."""
        return self._dense(self._needs)[0]

    def statistic(self, name: Statistic, site: Site) -> Tensor:
        """One of the statistics of the dense pass: see ``Statistic``."""
        needs = self._needs if name in self._needs else frozenset({name})
        return self._dense(needs)[1][name][site.name]

    @measured
    def gains(self) -> np.ndarray:
        """Sum of the r largest squared singular values of G, by site and rank: (sites, ranks); of all there
        are where r is above that."""
        gains = np.zeros((len(self.space.sites), len(self.space.ranks)))
        for row, site in zip(gains, self.space.sites, strict=True):
            g = in_double(self.gradients[site.name])
            squares = eigenvalues(g @ g.T if g.shape[0] <= g.shape[1] else g.T @ g)
            row[1:] = (
                torch.cumsum(squares, 0).cpu().numpy()[np.minimum(self.space.ranks[1:], len(squares)) - 1]
            )
        return gains

    @measured
    def synflow_gradients(self) -> dict[str, Tensor]:
        """G of SynFlow's objective at ``dense``: site name -> (d_out, d_in)."""
        with self._absolute():
            return dense_synflow_gradients(self.model, self.objective, self.space.sites, renorm=self.renorm)

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
        first = {name: a[: self.initial_rank] for name, a in self.initial_a.items()}
        return row_features(
            self.model, self.objective, self.space.sites, self._batches, first, renorm=self.renorm
        )

    @measured
    def super_network(self) -> SuperNetwork:
        """All sites trained together for a few steps: what the ``warm`` point looks at."""
        return self._network(None)

    @measured
    def sampled_network(self) -> SuperNetwork:
        """The same with the sites' ranks drawn anew at each step, so that any can be cut from it."""
        return self._network(named_generator(self.seed, "supernet"))

    def _network(self, sample: np.random.Generator | None) -> SuperNetwork:
        return SuperNetwork(
            self.model,
            self.objective,
            self._batches,
            self.space,
            self._warm_up,
            seed=self.seed,
            scaling=self.scaling,
            renorm=self.renorm,
            sample=sample,
            on_batch=self._on_batch,
            meter=self.meter,
        )

    def weight(self, site: Site) -> Tensor:
        """W0, (d_out, d_in) float32: the identity of a residual wire, zero of a cross wire."""
        if site.kind == "lora":
            return base_weight(self.model, site).float()
        if site.kind == "residual":
            return torch.eye(site.d_out, site.d_in, device=self.model.device)
        return torch.zeros(site.d_out, site.d_in, device=self.model.device)

    def weight_times(self, site: Site, gradient: Tensor) -> Tensor:
        """W0 * G elementwise: of a residual wire W0 = I, so G's diagonal; of a cross wire W0 = 0."""
        if site.kind == "lora":
            return base_weight(self.model, site).float() * gradient
        return gradient.diagonal() if site.kind == "residual" else torch.zeros((), device=gradient.device)

    @property
    def initial_rank(self) -> int:
        """The rank at which proxies at ``init`` look: 8, or the grid's largest where that is lower.

        The same for every grid, so that a study judges the very scores by which a search allocates.
        """
        return min(_INITIAL_RANK, self.space.ranks[-1])

    def gradient_of_b(self, site: Site, gradient: Tensor) -> Tensor:
        """dL/dB = scale * G A^T at ``init``: (d_out, r), r the grid's largest; scale of ``initial_rank``.

        Its first columns are those of any lower rank. dL/dA is 0 as B is. (A and B themselves contribute
        nothing to products with the parameters: B = 0, dL/dA = 0.)
        """
        factor = self.scaling.factor(site.kind, self.initial_rank)
        return factor * gradient @ self.initial_a[site.name].to(gradient).T

    @measured
    def initial_a(self) -> dict[str, Tensor]:
        """The A that wires start with, at the grid's largest rank: site name -> (r, d_in)."""
        rank, device = self.space.ranks[-1], self.model.device
        return {
            site.name: torch.from_numpy(initial_a(site, rank, seed=self.seed)).to(device)
            for site in self.space.sites
        }

    def _dense(self, needs: frozenset[Statistic]) -> _Dense:
        """G and these statistics of every site, from one pass over the batches for each such set."""
        return once(self, f"dense pass {sorted(needs)}", lambda: self._dense_pass(needs))

    def _dense_pass(self, needs: frozenset[Statistic]) -> _Dense:
        sites, rank, device = self.space.sites, self.space.ranks[-1], self.model.device
        shapes: dict[Statistic, Callable[[Site], tuple[int, int]]] = {
            "absolute_of_b": lambda site: (site.d_out, rank),
            "deviations": lambda site: (site.d_out, site.d_in),
            "deviations_of_b": lambda site: (site.d_out, rank),
            "second_moments": lambda site: (site.d_in, site.d_in),
        }
        statistics = {
            need: {site.name: torch.zeros(shapes[need](site), device=device) for site in sites}
            for need in needs
        }

        def on_gradient(site: Site, gradient: Tensor, total: Tensor, count: int) -> None:
            if "deviations" in statistics:
                add_deviations(statistics["deviations"][site.name], gradient, total, count)
            if "absolute_of_b" in statistics:
                statistics["absolute_of_b"][site.name].add_(self.gradient_of_b(site, gradient).abs_())
            if "deviations_of_b" in statistics:
                of_b, total_of_b = self.gradient_of_b(site, gradient), self.gradient_of_b(site, total)
                add_deviations(statistics["deviations_of_b"][site.name], of_b, total_of_b, count)

        def on_input(site: Site, x: Tensor) -> None:
            statistics["second_moments"][site.name].addmm_(x.T, x)

        gradients = dense_gradients(
            self.model,
            self.objective,
            sites,
            self._batches,
            renorm=self.renorm,
            on_batch=self._on_batch,
            on_gradient=on_gradient if needs - {"second_moments"} else None,
            on_input=on_input if "second_moments" in needs else None,
        )
        return gradients, statistics
