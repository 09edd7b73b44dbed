"""The evaluation point ``dense``: the gradient with respect to every site's whole update, in one pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from spaces.hooks import Renorm, attach
from spaces.site import Site

__all__ = ["Batch", "dense_gradients", "dense_synflow_gradients"]


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Rows to score on, on the model's device. inputs: keyword arguments of the model; labels: (rows,)."""

    inputs: Mapping[str, Tensor]
    labels: Tensor


def dense_gradients(
    model: PreTrainedModel,
    sites: Sequence[Site],
    batches: Iterable[Batch],
    *,
    renorm: Renorm = "preserve",
    on_batch: Callable[[], None] = lambda: None,
) -> dict[str, Tensor]:
    """G = dL/d(Delta W) of every site: site name -> (d_out, d_in) float32 (DESIGN, section 6).

    L is the sum over batches of the mean loss of their rows, so G is the sum over batches, as in the
    reference HeteroLoRA program. One forward and backward serves all sites; no wire is needed,
    and the gradients of a wire's factors follow: dL/dB = scale * G A^T. With ``renorm="paper"`` all
    cross wires count as on, as there.
    """
    gradients = {site.name: torch.zeros(site.d_out, site.d_in, device=model.device) for site in sites}
    with _collecting(model, sites, gradients, renorm):
        for batch in batches:
            _loss(model(**batch.inputs).logits, batch.labels).backward()
            on_batch()
    return gradients


def dense_synflow_gradients(
    model: PreTrainedModel, sites: Sequence[Site], *, tokens: int = 32, renorm: Renorm = "preserve"
) -> dict[str, Tensor]:
    """G of SynFlow's data-free objective: the sum of outputs for embeddings of ones and weights |W|.

    HeteroLoRA, arXiv:2406.14956, appendix C.3, and its reference program, which feeds embeddings of
    ones. The absolute weights are substituted for one call; the model itself does not change.
    """
    gradients = {site.name: torch.zeros(site.d_out, site.d_in, device=model.device) for site in sites}
    absolute = {name: parameter.detach().abs() for name, parameter in model.named_parameters()}
    embeddings = model.get_input_embeddings()
    assert isinstance(embeddings, nn.Embedding)
    ones = torch.ones(
        1, tokens, embeddings.embedding_dim, device=model.device, dtype=model.dtype, requires_grad=True
    )
    with _collecting(model, sites, gradients, renorm):
        mask = torch.ones(1, tokens, dtype=torch.long, device=model.device)
        output: Any = torch.func.functional_call(
            model, absolute, (), {"inputs_embeds": ones, "attention_mask": mask}
        )
        output.logits.sum().backward()
    return gradients


@contextmanager
def _collecting(
    model: PreTrainedModel, sites: Sequence[Site], gradients: Mapping[str, Tensor], renorm: Renorm
) -> Iterator[None]:
    """Adds each site's G to ``gradients`` in every backward pass within the block."""

    def visit(sites: Sequence[Site], sources: Sequence[Tensor], target: Tensor) -> Tensor:
        inputs = [source.detach() for source in sources]

        def on_gradient(delta: Tensor) -> None:
            for site, x in zip(sites, inputs, strict=True):
                part = delta if site.target.part is None else delta[..., slice(*site.target.part)]
                gradients[site.name].addmm_(
                    part.reshape(-1, site.d_out).T.float(), x.reshape(-1, site.d_in).float()
                )

        target.register_hook(on_gradient)
        return target

    def require_gradient(_: nn.Module, __: tuple[Any, ...], embedded: Tensor) -> Tensor:
        return embedded.detach().requires_grad_()

    with ExitStack() as stack:
        stack.enter_context(torch.enable_grad())
        stack.callback(model.get_input_embeddings().register_forward_hook(require_gradient).remove)
        stack.enter_context(attach(model, sites, visit, renorm=renorm))
        yield


def _loss(logits: Tensor, labels: Tensor) -> Tensor:
    if logits.shape[-1] == 1:
        return nn.functional.mse_loss(logits[:, 0].float(), labels.float())
    return nn.functional.cross_entropy(logits.float(), labels)
