"""The evaluation point ``dense``: the gradient with respect to every site's whole update, in one pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from torch import Tensor
from transformers import PreTrainedModel

from spaces.hooks import Renorm, Visit
from spaces.objective import Batch, Objective
from spaces.site import Site

from .batch_pass import batch_pass
from .takers import WholeGradient

__all__ = ["dense_gradients"]


def dense_gradients(
    model: PreTrainedModel,
    objective: Objective,
    sites: Sequence[Site],
    batches: Iterable[Batch],
    *,
    renorm: Renorm = "preserve",
    wires: Visit | None = None,
    on_batch: Callable[[], None] = lambda: None,
) -> dict[str, Tensor]:
    """G = dL/d(Delta W) of every site: site name -> (d_out, d_in) float32 (DESIGN, section 6).

    L is the sum over batches of the mean loss of their targets, so G is the sum over batches, as in the
    reference HeteroLoRA program. One forward and backward serves all sites; no wire is needed,
    and the gradients of a wire's factors follow: dL/dB = scale * G A^T. With ``renorm="paper"`` all
    cross wires count as on, as there.

    Args:
        model, objective, batches, renorm, on_batch: as ``batch_pass`` has them.
        sites: where G is taken; together they have as many numbers as their weights.
        wires: adds wires that are on already, so that G is taken around them; none by default.
    """
    whole = WholeGradient(sites, model.device)
    batch_pass(model, objective, sites, batches, [whole], renorm=renorm, wires=wires, on_batch=on_batch)
    return whole.total
