"""The evaluation point ``dense``: the gradient with respect to every site's whole update, in one pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from spaces.errors import InputError
from spaces.foreign import foreign
from spaces.hooks import Renorm, Visit
from spaces.objective import Batch, Objective
from spaces.other_weights import with_weights
from spaces.packed import check_unpacked
from spaces.site import Site

from .backward import differentiable, on_backward, tokens_read

__all__ = ["OnGradient", "OnInput", "dense_gradients", "dense_synflow_gradients"]


class OnGradient(Protocol):
    """Called after each batch with each site's G of that batch alone, and of all ``count`` so far."""

    def __call__(self, site: Site, gradient: Tensor, total: Tensor, count: int) -> None: ...


class OnInput(Protocol):
    """Called in each batch's forward pass with each site's inputs: (tokens, d_in), 0 where padding."""

    def __call__(self, site: Site, x: Tensor) -> None: ...


def dense_gradients(
    model: PreTrainedModel,
    objective: Objective,
    sites: Sequence[Site],
    batches: Iterable[Batch],
    *,
    renorm: Renorm = "preserve",
    wires: Visit | None = None,
    on_batch: Callable[[], None] = lambda: None,
    on_gradient: OnGradient | None = None,
    on_input: OnInput | None = None,
) -> dict[str, Tensor]:
    """G = dL/d(Delta W) of every site: site name -> (d_out, d_in) float32 (DESIGN, section 6).

    L is the sum over batches of the mean loss of their targets, so G is the sum over batches, as in the
    reference HeteroLoRA program. One forward and backward serves all sites; no wire is needed,
    and the gradients of a wire's factors follow: dL/dB = scale * G A^T. With ``renorm="paper"`` all
    cross wires count as on, as there.

    Args:
        model: frozen, or at least nothing of it gets a gradient.
        objective: of whose losses G is taken.
        sites: where G is taken.
        batches: of any size, on the model's device.
        renorm: as ``spaces.hooks.attach`` has it.
        wires: adds wires that are on already, so that G is taken around them; none by default.
        on_batch: called after each batch.
        on_gradient: sees each batch's own G in passing, at the cost of memory for a second G of every site.
        on_input: sees what the sites read. Neither moves G by as much as rounding: batches are summed one by
            one with and without.
    """
    gradients = {site.name: torch.zeros(site.d_out, site.d_in, device=model.device) for site in sites}
    of_batch = gradients if on_gradient is None else {n: torch.zeros_like(g) for n, g in gradients.items()}
    tap = _Inputs(on_input) if on_input else None
    with _collecting(model, sites, of_batch, renorm, wires, tap):
        for count, batch in enumerate(batches, 1):
            if tap:
                tap.batch = batch
            objective.losses(model, batch).mean().backward()
            if on_gradient:
                for site in sites:
                    gradient = of_batch[site.name]
                    on_gradient(site, gradient, gradients[site.name].add_(gradient), count)
                    gradient.zero_()
            on_batch()
    return gradients


def dense_synflow_gradients(
    model: PreTrainedModel,
    objective: Objective,
    sites: Sequence[Site],
    *,
    tokens: int = 32,
    renorm: Renorm = "preserve",
    wires: Visit | None = None,
) -> dict[str, Tensor]:
    """G of SynFlow's data-free objective: the sum of outputs for embeddings of ones and weights |W|.

    HeteroLoRA, arXiv:2406.14956, appendix C.3, and its reference program, which feeds embeddings of
    ones. The absolute weights are substituted for one call; the model itself does not change.

    Args:
        model: frozen, or at least nothing of it gets a gradient.
        objective: which says what the sum of outputs is.
        sites: where G is taken.
        tokens: of the one row that is fed.
        renorm: as ``spaces.hooks.attach`` has it.
        wires: as in ``dense_gradients``; their weights are taken as they come.

    Raises InputError where the model takes no embeddings in place of tokens, and where weights are packed.
    """
    check_unpacked(model, "synflow takes the absolute values of all weights")
    refused = f"synflow feeds embeddings, which this {model.config.model_type} model does not take"
    remedy = "name other proxies with `proxy`"
    gradients = {site.name: torch.zeros(site.d_out, site.d_in, device=model.device) for site in sites}
    absolute = {name: parameter.detach().abs() for name, parameter in model.named_parameters()}
    embeddings = model.get_input_embeddings()
    if not isinstance(embeddings, nn.Embedding):
        raise InputError(f"{refused}: its own are a {type(embeddings).__name__}; {remedy}.")
    ones = torch.ones(
        1, tokens, embeddings.embedding_dim, device=model.device, dtype=model.dtype, requires_grad=True
    )

    def said(model: PreTrainedModel, batch: Batch) -> tuple[Tensor]:
        return (objective.total(model, batch.inputs),)

    with _collecting(model, sites, gradients, renorm, wires):
        mask = torch.ones(1, tokens, dtype=torch.long, device=model.device)
        batch = Batch({"inputs_embeds": ones, "attention_mask": mask}, mask)  # whose labels nobody asks for
        with foreign(refused, remedy):
            (total,) = with_weights(said, model, batch, absolute)
        total.backward()
    return gradients


class _Inputs:
    """Hands a site's inputs on with padding zeroed; ``batch``: the one in flight."""

    def __init__(self, on_input: OnInput) -> None:
        self.on_input = on_input
        self.batch: Batch | None = None

    def see(self, site: Site, source: Tensor) -> None:
        assert self.batch is not None
        x, _ = tokens_read(source, site, len(self.batch), self.batch.inputs.get("attention_mask"))
        self.on_input(site, x.reshape(-1, site.d_in))


@contextmanager
def _collecting(
    model: PreTrainedModel,
    sites: Sequence[Site],
    gradients: Mapping[str, Tensor],
    renorm: Renorm,
    wires: Visit | None,
    tap: _Inputs | None = None,
) -> Iterator[None]:
    """Adds each site's G to ``gradients`` in every backward pass within the block."""

    def visit(sites: Sequence[Site], sources: Sequence[Tensor], target: Tensor) -> Tensor:
        inputs = [source.detach() for source in sources]
        if tap:
            for site, x in zip(sites, inputs, strict=True):
                tap.see(site, x)

        def see(deltas: list[Tensor]) -> None:
            for site, x, delta in zip(sites, inputs, deltas, strict=True):
                delta, x = delta.reshape(-1, site.d_out).float(), x.reshape(-1, site.d_in).float()
                gradients[site.name].add_(delta.T @ x)  # not addmm_, whose rounding depends on what is there

        if wires:
            target = wires(sites, sources, target)
        on_backward(target, sites, see)
        return target

    with differentiable(model, sites, visit, renorm=renorm):
        yield
