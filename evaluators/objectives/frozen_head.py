"""Losses at places of a language model whose head is frozen, with their gradient in the same pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

__all__ = ["of_frozen_head"]

_Logits = Callable[[Tensor], Tensor]


def of_frozen_head(places: Tensor, said: Tensor, logits: _Logits) -> tuple[Tensor, Tensor]:
    """(losses, hits) at n places, (n,) float32 each: cross entropy, and 1 where the likeliest token is right.

    A place's loss depends on that place alone, so that its gradient is known up to a factor while the logits
    are there: it is kept, (n, width), in their stead, and nothing is computed twice. Second derivatives are
    taken of logits that are computed again.

    Args:
        places: (n, width), hidden states.
        said: (n,) int64, the token at each.
        logits: (n, width) -> (n, vocabulary), of a head in which nothing asks for a gradient.

    >>> import torch
    >>> places, weight = torch.tensor([[1.0, 0.0]], requires_grad=True), torch.eye(2)
    >>> losses, hits = of_frozen_head(places, torch.tensor([0]), lambda hidden: hidden @ weight)
    >>> round(losses.item(), 4), hits.tolist()
    (0.3133, [1.0])
    >>> torch.autograd.grad(losses.sum(), places)[0]
    tensor([[-0.2689,  0.2689]])
    """
    found: tuple[Tensor, Tensor] = _OfFrozenHead.apply(places, said, logits)  # type: ignore[no-untyped-call]
    return found


class _OfFrozenHead(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, places: Tensor, said: Tensor, logits: _Logits) -> tuple[Tensor, Tensor]:
        learns = places.requires_grad
        with torch.set_grad_enabled(learns):
            hidden = places.detach().requires_grad_(learns)
            answers = logits(hidden)
        right = (answers.detach().argmax(-1) == said).float()
        logarithms = answers.detach().float().log_softmax(-1)
        losses = -logarithms.gather(1, said[:, None])[:, 0]
        ctx.mark_non_differentiable(right)
        if learns:
            delta = logarithms.exp_()  # the softmax, and of it the derivative by each logit
            delta[torch.arange(len(said), device=said.device), said] -= 1
            (slope,) = torch.autograd.grad(answers, hidden, delta.to(answers.dtype))
            ctx.save_for_backward(places, said, slope)
            ctx.logits = logits
        return losses, right

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        places, said, slope = ctx.saved_tensors
        if torch.is_grad_enabled():  # somebody differentiates the gradient
            losses = torch.nn.functional.cross_entropy(ctx.logits(places).float(), said, reduction="none")
            (slope,) = torch.autograd.grad(losses.sum(), places, create_graph=True)
        return (gradients[0][:, None] * slope).to(slope.dtype), None, None
