"""What a site reads in every row, and the gradient of that row's own loss at its target."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor
from transformers import PreTrainedModel

from spaces.errors import InputError
from spaces.hooks import Renorm, Visit
from spaces.objective import Batch, Objective
from spaces.site import Site

from .backward import check_one_stream, differentiable, on_backward, tokens_read

__all__ = ["SeesRows", "each_row"]

SeesRows = Callable[[int, Site, Tensor, Tensor], None]
"""Is shown a site in the batch of a number, from 0: x (rows, tokens, d_in), padding zeroed, and the gradient
of each row's loss at the target, (rows, tokens, d_out); float32. What a site is shown in a batch adds up."""


def each_row(
    model: PreTrainedModel,
    objective: Objective,
    sites: Sequence[Site],
    batches: Sequence[Batch],
    see: SeesRows,
    *,
    renorm: Renorm,
    wires: Visit | None = None,
    on_batch: Callable[[], None] = lambda: None,
) -> Tensor:
    """The mean loss of each row's targets, (rows,) float32, after one forward and backward of every batch.

    Args:
        model: frozen, or at least nothing of it gets a gradient.
        objective: whose losses they are.
        sites: which are looked at.
        batches: on the model's device.
        see: is shown every site in every batch, in the order of the batches.
        renorm, wires, on_batch: as ``batch_pass`` has them.

    Raises InputError where the objective does not tell rows apart, and on an encoder-decoder.
    """
    check_one_stream(model, "what each row reads")
    if not objective.rows_apart:
        raise InputError("rows are compared by their own losses, which this objective does not give.")
    found = []
    for number, batch in enumerate(batches):
        visit = _visit(batch, partial(see, number), wires)
        with differentiable(model, sites, visit, renorm=renorm):
            losses = objective.losses(model, batch)
            of_rows = losses.sums / losses.counts.clamp(min=1)
            of_rows.sum().backward()
        found.append(of_rows.detach().float())
        on_batch()
    return torch.cat(found)


def _visit(batch: Batch, see: Callable[[Site, Tensor, Tensor], None], wires: Visit | None) -> Visit:
    rows, mask = len(batch), batch.inputs.get("attention_mask")

    def visit(sites: Sequence[Site], sources: Sequence[Tensor], target: Tensor) -> Tensor:
        read = [tokens_read(source, site, rows, mask)[0] for site, source in zip(sites, sources, strict=True)]

        def shown(deltas: list[Tensor]) -> None:
            for site, x, delta in zip(sites, read, deltas, strict=True):
                see(site, x, delta.reshape(rows, -1, site.d_out).float())

        if wires:
            target = wires(sites, sources, target)
        on_backward(target, sites, shown)
        return target

    return visit
