"""What sites read, and the gradients at their targets, seen in a forward and backward of a frozen model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from spaces.counted import counted
from spaces.errors import InputError
from spaces.hooks import Renorm, Visit, attach
from spaces.own_part import part_of
from spaces.site import Site

__all__ = ["check_one_stream", "differentiable", "on_backward", "tokens_read"]


@contextmanager
def differentiable(
    model: PreTrainedModel, sites: Sequence[Site], visit: Visit, *, renorm: Renorm
) -> Iterator[None]:
    """Within the block ``visit`` is called as ``attach`` calls it, and a backward pass goes through the model
    down to the embeddings, though no parameter asks for a gradient and none gets one; and to every target,
    though it may not come of the tokens' embeddings (LiLT's layout)."""

    def require_gradient(_: nn.Module, __: tuple[Any, ...], embedded: Any) -> Any:
        if isinstance(embedded, tuple):  # I-BERT's, with their scale behind them
            first, *rest = embedded
            return _begun(first), *rest
        return _begun(embedded)

    def visit_begun(sites: Sequence[Site], sources: Sequence[Tensor], target: Tensor) -> Tensor:
        return visit(sites, sources, target if target.requires_grad else _begun(target))

    with ExitStack() as stack:
        stack.enter_context(torch.enable_grad())
        stack.callback(model.get_input_embeddings().register_forward_hook(require_gradient).remove)
        stack.enter_context(attach(model, sites, visit_begun, renorm=renorm))
        yield


def _begun(tensor: Tensor) -> Tensor:
    """The same numbers as where a graph begins; no leaf of it, which could not be changed in place (CTRL)."""
    return tensor.detach().requires_grad_().clone()


def on_backward(target: Tensor, sites: Sequence[Site], see: Callable[[list[Tensor]], None]) -> None:
    """Has a backward pass call ``see`` with the gradient at each site's own part: (rows, ..., d_out)."""

    def on_gradient(delta: Tensor) -> None:
        see([part_of(delta, site.target) for site in sites])

    _ = target.grad_fn  # without it a hook on a view changed in place crashes (pytorch issue 196459)
    target.register_hook(on_gradient)


def check_one_stream(model: PreTrainedModel, what: str) -> None:
    """Raises InputError on an encoder-decoder, whose decoder has tokens of its own, padded apart from those
    of the batch's mask. what: is measured, so that it needs one mask for all sites.
    """
    if model.config.is_encoder_decoder:
        raise InputError(
            f"{what} of an encoder-decoder ({model.config.model_type}) is not known, as its decoder has "
            "tokens and padding of its own; name proxies that add up over tokens with `proxy`, such as zico."
        )


def tokens_read(source: Tensor, site: Site, rows: int, mask: Tensor | None) -> tuple[Tensor, Tensor]:
    """What a site reads, (rows, tokens, d_in) float32 with padding zeroed, and its tokens: (rows, 1).

    Args:
        source: as a hook sees it, (rows, ..., d_in).
        site: whose source it is.
        rows: of the batch.
        mask: of the batch, (rows, tokens), 0 where padding. A source with another number of tokens has been
            pooled, and none of it is padding.

    Raises InputError where the source does not begin with the rows, as XLNet's and Longformer's do not.
    """
    if source.dim() > 2 and source.shape[0] != rows:
        raise InputError(
            f"at {site.name} a tensor of shape {tuple(source.shape)} is read, which does not begin with the "
            f"{counted(rows, 'row')} of the batch, so that these cannot be told apart there; take a proxy "
            "that adds up over tokens, such as zico, or another `space`."
        )
    x = source.detach().reshape(rows, -1, site.d_in).float()
    if mask is None or mask.shape[1] != x.shape[1]:
        return x, torch.full((rows, 1), float(x.shape[1]), device=x.device)
    mask = mask.to(x)
    return x * mask[:, :, None], mask.sum(1, keepdim=True)
