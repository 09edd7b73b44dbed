"""One forward and backward of every batch, in which several things are taken of every site at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from torch import Tensor
from transformers import PreTrainedModel

from spaces.hooks import Renorm, Visit
from spaces.objective import Batch, Objective
from spaces.site import Site

from .backward import differentiable, on_backward
from .need import Taken

__all__ = ["Taker", "batch_pass"]


class Taker(Protocol):
    """Takes something of the sites, batch by batch.

    A site may be visited several times in one forward pass, and its backward visits come in any order.
    """

    def keep(self, site: Site, source: Tensor, batch: Batch) -> Any:
        """What to keep until the backward pass of a source, (rows, ..., d_in), as a hook sees it."""

    def see(self, site: Site, kept: Any, delta: Tensor) -> None:
        """The gradient at the site's target, (tokens, d_out) float32, with what was kept of its source."""

    def end_batch(self, count: int) -> None:
        """The ``count``-th batch has been through."""

    def taken(self, site: Site) -> Mapping[Taken, Tensor]:
        """What has been taken of a site so far."""


def batch_pass(
    model: PreTrainedModel,
    objective: Objective,
    sites: Sequence[Site],
    batches: Iterable[Batch],
    takers: Sequence[Taker],
    *,
    renorm: Renorm = "preserve",
    wires: Visit | None = None,
    on_batch: Callable[[], None] = lambda: None,
) -> None:
    """Shows the takers every site in every batch; the loss is the mean of a batch's targets.

    Args:
        model: frozen, or at least nothing of it gets a gradient.
        objective: whose losses they are.
        sites: which are looked at.
        batches: of any size, on the model's device.
        takers: each of which keeps what it needs of a source; none makes another's numbers differ.
        renorm: as ``spaces.hooks.attach`` has it. With ``paper`` all cross wires count as on.
        wires: adds wires that are on already; none by default.
        on_batch: called after each batch.
    """
    watch = _Watch(takers, wires)
    with differentiable(model, sites, watch.visit, renorm=renorm):
        for count, batch in enumerate(batches, 1):
            watch.batch = batch
            objective.losses(model, batch).mean().backward()
            for taker in takers:
                taker.end_batch(count)
            on_batch()


class _Watch:
    """Shows takers what hooks see. batch: the one in flight."""

    def __init__(self, takers: Sequence[Taker], wires: Visit | None) -> None:
        self.takers, self.wires = takers, wires
        self.batch: Batch | None = None

    def visit(self, sites: Sequence[Site], sources: Sequence[Tensor], target: Tensor) -> Tensor:
        batch = self.batch
        assert batch is not None
        kept = [
            [taker.keep(site, source, batch) for taker in self.takers]
            for site, source in zip(sites, sources, strict=True)
        ]

        def see(deltas: list[Tensor]) -> None:
            for site, of_site, delta in zip(sites, kept, deltas, strict=True):
                delta = delta.reshape(-1, site.d_out).float()
                for taker, one in zip(self.takers, of_site, strict=True):
                    taker.see(site, one, delta)

        if self.wires:
            target = self.wires(sites, sources, target)
        on_backward(target, sites, see)
        return target
