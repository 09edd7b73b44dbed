"""SynFlow's gradients: of the sum of outputs, for embeddings of ones and weights that are all absolute."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from spaces.errors import InputError
from spaces.foreign import foreign
from spaces.hooks import Renorm, Visit
from spaces.objective import Batch, Objective
from spaces.other_weights import with_weights
from spaces.site import Site

from .absolute_weights import absolute_weights
from .backward import check_one_stream, differentiable, on_backward

__all__ = ["of_synflow_gradients"]

_T = TypeVar("_T")
_TOKENS: Final = 32  # of the one row that is fed


def of_synflow_gradients(
    of: Callable[[Site, Tensor], _T],
    model: PreTrainedModel,
    objective: Objective,
    sites: Sequence[Site],
    *,
    renorm: Renorm = "preserve",
    wires: Visit | None = None,
) -> dict[str, _T]:
    """What ``of`` makes of every site's G of SynFlow's data-free objective, by site name.

    HeteroLoRA, arXiv:2406.14956, appendix C.3, and its reference program, which feeds embeddings of ones. G
    is formed of one site at a time, (d_out, d_in) float32, from what the few tokens left behind at it.

    Args:
        of: is handed each site with its G, after the pass, and must not keep it where memory matters.
        model: frozen, or at least nothing of it gets a gradient; it does not change.
        objective: which says what the sum of outputs is.
        sites: where G is taken.
        renorm: as ``spaces.hooks.attach`` has it.
        wires: adds wires that are on already; their weights are taken as they come.

    Raises InputError on an encoder-decoder, and where the model takes no embeddings in place of tokens, or
    has no weights to take the absolute value of.
    """
    check_one_stream(model, "what a row of ones says")
    seen: dict[str, list[tuple[Tensor, Tensor]]] = {site.name: [] for site in sites}

    def visit(sites: Sequence[Site], sources: Sequence[Tensor], target: Tensor) -> Tensor:
        inputs = [source.detach() for source in sources]

        def see(deltas: list[Tensor]) -> None:
            for site, x, delta in zip(sites, inputs, deltas, strict=True):
                seen[site.name].append((x.reshape(-1, site.d_in), delta.reshape(-1, site.d_out)))

        if wires:
            target = wires(sites, sources, target)
        on_backward(target, sites, see)
        return target

    with absolute_weights(model), differentiable(model, sites, visit, renorm=renorm):
        _flow(model, objective).backward()
    return {site.name: of(site, _gradient(site, seen.pop(site.name), model.device)) for site in sites}


def _flow(model: PreTrainedModel, objective: Objective) -> Tensor:
    """The sum of the outputs for one row of ones, a scalar with its graph."""
    refused = f"synflow feeds embeddings, which this {model.config.model_type} model does not take"
    remedy = "name other proxies with `proxy`"
    embeddings = model.get_input_embeddings()
    if not isinstance(embeddings, nn.Embedding):
        raise InputError(f"{refused}: its own are a {type(embeddings).__name__}; {remedy}.")
    ones = torch.ones(
        1, _TOKENS, embeddings.embedding_dim, device=model.device, dtype=model.dtype, requires_grad=True
    )
    mask = torch.ones(1, _TOKENS, dtype=torch.long, device=model.device)
    batch = Batch({"inputs_embeds": ones, "attention_mask": mask}, mask)  # whose labels nobody asks for

    def said(model: PreTrainedModel, batch: Batch) -> tuple[Tensor]:
        return (objective.total(model, batch.inputs),)

    with foreign(refused, remedy):
        (total,) = with_weights(said, model, batch, _absolute_head(model))
    return total


def _absolute_head(model: PreTrainedModel) -> dict[str, Tensor]:
    """What is not of the body, absolute: objectives may checkpoint a head, and compute it again later."""
    body = f"{model.base_model_prefix}."
    named = model.named_parameters(remove_duplicate=False)  # a head that is tied to the embeddings
    return {name: own.detach().abs() for name, own in named if not name.startswith(body)}


def _gradient(site: Site, parts: Sequence[tuple[Tensor, Tensor]], device: torch.device) -> Tensor:
    g = torch.zeros(site.d_out, site.d_in, device=device)
    for x, delta in parts:
        g.add_(delta.float().T @ x.float())
    return g
