"""What can be taken of sites in a pass, but for sketches: G itself, dL/dB, and moments of what is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from spaces.objective import Batch
from spaces.site import Site

from .backward import tokens_read
from .deviations import add_deviations
from .need import Taken

__all__ = ["GradientOfB", "SecondMoments", "WholeGradient"]


class WholeGradient:
    """G of every site, entry by entry; and the squared deviations of the batches' G from their mean."""

    def __init__(self, sites: Sequence[Site], device: torch.device, *, deviations: bool = False) -> None:
        def zeros() -> dict[str, Tensor]:
            return {site.name: torch.zeros(site.d_out, site.d_in, device=device) for site in sites}

        self.total = zeros()
        self._deviations = zeros() if deviations else {}
        self._of_batch = zeros() if deviations else self.total

    def keep(self, site: Site, source: Tensor, batch: Batch) -> Tensor:
        """The source, which the forward pass holds as well where it learns."""
        return source.detach()

    def see(self, site: Site, kept: Tensor, delta: Tensor) -> None:
        x = kept.reshape(-1, site.d_in).float()
        self._of_batch[site.name].add_(delta.T @ x)  # not addmm_, whose rounding depends on what is there

    def end_batch(self, count: int) -> None:
        for name, deviations in self._deviations.items():
            of_batch = self._of_batch[name]
            add_deviations(deviations, of_batch, self.total[name].add_(of_batch), count)
            of_batch.zero_()

    def taken(self, site: Site) -> Mapping[Taken, Tensor]:
        found: dict[Taken, Tensor] = {"gradient": self.total[site.name]}
        if self._deviations:
            found["deviations"] = self._deviations[site.name]
        return found


class GradientOfB:
    """dL/dB = factor * delta^T (x A^T) of every site, (d_out, r), and statistics of it over the batches.

    G is never formed: of a source x A^T is kept, (tokens, r). dL/dA is 0, as B is.
    """

    def __init__(
        self,
        a: Mapping[str, Tensor],
        factors: Mapping[str, float],
        sites: Sequence[Site],
        *,
        takes: frozenset[Taken],
    ) -> None:
        """a: (r, d_in) by site name, on the model's device. factors: of the wires. takes: of ``Taken``."""
        self._a, self._factors = a, factors

        def zeros() -> dict[str, Tensor]:
            return {s.name: a[s.name].new_zeros(s.d_out, len(a[s.name])) for s in sites}

        self._statistics: dict[Taken, dict[str, Tensor]] = {"of_b": zeros()}
        for name in sorted(takes & {"deviations_of_b", "absolute_of_b"}):
            self._statistics[name] = zeros()
        self._of_batch = zeros() if len(self._statistics) > 1 else self._statistics["of_b"]

    def keep(self, site: Site, source: Tensor, batch: Batch) -> Tensor:
        return source.detach().reshape(-1, site.d_in).float() @ self._a[site.name].T

    def see(self, site: Site, kept: Tensor, delta: Tensor) -> None:
        self._of_batch[site.name].add_(delta.T @ kept, alpha=self._factors[site.name])

    def end_batch(self, count: int) -> None:
        if len(self._statistics) == 1:
            return
        for name, of_batch in self._of_batch.items():
            total = self._statistics["of_b"][name].add_(of_batch)
            if "deviations_of_b" in self._statistics:
                add_deviations(self._statistics["deviations_of_b"][name], of_batch, total, count)
            if "absolute_of_b" in self._statistics:
                self._statistics["absolute_of_b"][name].add_(of_batch.abs())
            of_batch.zero_()

    def taken(self, site: Site) -> Mapping[Taken, Tensor]:
        return {name: of_sites[site.name] for name, of_sites in self._statistics.items()}


class SecondMoments:
    """Sum over tokens of x x^T of what every site reads, padding left out: (d_in, d_in)."""

    def __init__(self, sites: Sequence[Site], device: torch.device) -> None:
        self._sums = {site.name: torch.zeros(site.d_in, site.d_in, device=device) for site in sites}

    def keep(self, site: Site, source: Tensor, batch: Batch) -> None:
        x, _ = tokens_read(source, site, len(batch), batch.inputs.get("attention_mask"))
        x = x.reshape(-1, site.d_in)
        self._sums[site.name].addmm_(x.T, x)

    def see(self, site: Site, kept: None, delta: Tensor) -> None:
        """Nothing more."""

    def end_batch(self, count: int) -> None:
        """Nothing more."""

    def taken(self, site: Site) -> Mapping[Taken, Tensor]:
        return {"second_moments": self._sums[site.name]}
