"""Which sites the loss depends on: asked of the model, before a budget is spread over them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

from torch import Tensor
from transformers import PreTrainedModel

from spaces.counted import counted
from spaces.errors import InputError
from spaces.foreign import foreign
from spaces.objective import Batch, Objective
from spaces.site import Site

from .backward import differentiable, on_backward

__all__ = ["reached_sites"]

_NAMED = 3  # sites that the log lists
_log = logging.getLogger(__name__)


def reached_sites(
    model: PreTrainedModel, sites: Sequence[Site], batches: Iterable[Batch], objective: Objective
) -> tuple[Site, ...]:
    """The sites, in order, to which a gradient of the loss flows back on some batch.

    What is trained elsewhere changes nothing: a vision tower that no text calls, a pooler that no head reads.
    The log says what is left out.

    Args:
        model: frozen, or at least nothing of it gets a gradient.
        sites: those asked about.
        batches: run until every site has been reached, most often one.
        objective: whose loss it is.

    Raises InputError where none is, or the model cannot be run on a batch.
    """
    found: set[str] = set()

    def visit(sites: Sequence[Site], sources: Sequence[Tensor], target: Tensor) -> Tensor:
        def see(deltas: list[Tensor]) -> None:
            found.update(site.name for site, delta in zip(sites, deltas, strict=True) if bool(delta.any()))

        if target.requires_grad:  # not where the model itself computes without gradients
            on_backward(target, sites, see)
        return target

    with differentiable(model, sites, visit, renorm="preserve"):
        for batch in batches:
            with foreign(_refused(model, batch), "give batches that its forward takes, labels too."):
                objective.losses(model, batch).mean().backward()
            if len(found) == len(sites):
                break
    missed = [site.name for site in sites if site.name not in found]
    if not found:
        raise InputError(
            f"no gradient of the loss reaches any of {counted(len(sites), 'site')}, the first of them "
            f"{missed[0]}; give batches that use them, or name other roles in `space`."
        )
    if missed:
        names = ", ".join(missed[:_NAMED]) + (" and more" if len(missed) > _NAMED else "")
        words = "left out %d of %s (%s): no gradient of the loss reaches them"
        _log.warning(words, len(missed), counted(len(sites), "site"), names)
    return tuple(site for site in sites if site.name in found)


def _refused(model: PreTrainedModel, batch: Batch) -> str:
    shapes = {name: tuple(tensor.shape) for name, tensor in (*batch.inputs.items(), ("labels", batch.labels))}
    return f"this {type(model).__name__} cannot be run on a batch of {shapes}"
