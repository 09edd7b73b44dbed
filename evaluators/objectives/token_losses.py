"""A language model's loss at its targets, without ever holding (rows, tokens, vocabulary)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, NamedTuple

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint
from transformers import PreTrainedModel

from .frozen_head import of_frozen_head
from .own_head import OwnHead, body_of

__all__ = ["CHUNK", "AtTargets", "at_targets", "of_logits", "sum_of_logits", "targets_of"]

CHUNK: Final = 256
"""Places whose logits exist at a time: 50 MB of float32 at a vocabulary of 49,152."""


class AtTargets(NamedTuple):
    """Of every row, over its targets: (rows,) float32 each.

    losses: the sum of their negative log-likelihoods in nats, with its graph. targets: how many there are.
    correct: how many of them are the token that the model holds for the likeliest.
    """

    losses: Tensor
    targets: Tensor
    correct: Tensor


def at_targets(model: PreTrainedModel, inputs: Mapping[str, Tensor], labels: Tensor) -> AtTargets:
    """What a language model makes of the targets of some rows.

    inputs: keyword arguments of the model. labels: (rows, tokens) int64, the token at each place, below zero
    where it is no target. It is foretold at the place before it, so that the first is never one.

    Places before no target are dropped before the head; the others pass through it in chunks, so that memory
    beyond the body's is that of the logits of ``CHUNK`` places. Where the head is frozen, a chunk's gradient
    is taken while its logits exist (``of_frozen_head``); else the backward pass computes them again.
    """
    body = body_of(model, inputs)
    head = OwnHead(model, body)

    def of_chunk(places: Tensor, said: Tensor) -> tuple[Tensor, Tensor]:
        return _of_places(head.logits(places), said)

    def of_frozen(places: Tensor, said: Tensor) -> tuple[Tensor, Tensor]:
        return of_frozen_head(places, said, head.logits)

    judge = partial(_in_less_memory, of_chunk) if head.learns else of_frozen
    return _of_rows(body["last_hidden_state"], labels, judge)


def of_logits(logits: Tensor, labels: Tensor) -> AtTargets:
    """The same of logits that are all there: (rows, tokens, vocabulary)."""
    return _of_rows(logits, labels, _of_places)


def targets_of(labels: Tensor) -> Tensor:
    """At which places but the first there is a target: (rows, tokens - 1) bool."""
    return labels[:, 1:] >= 0


def _of_rows(
    places: Tensor, labels: Tensor, judge: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
) -> AtTargets:
    """judge: gives losses and hits, (n,) each, of n places and what is said at them. places: (rows, tokens,
    width)."""
    is_target, before, tokens = targets_of(labels), places[:, :-1], labels[:, 1:]
    chunks = zip(before[is_target].split(CHUNK), tokens[is_target].split(CHUNK), strict=True)
    losses, correct = zip(*(judge(*chunk) for chunk in chunks), strict=True)
    zeros = torch.zeros(is_target.shape, device=labels.device)
    return AtTargets(
        zeros.masked_scatter(is_target, torch.cat(losses)).sum(1),
        is_target.sum(1).float(),
        zeros.masked_scatter(is_target, torch.cat(correct)).sum(1),
    )


def _of_places(logits: Tensor, said: Tensor) -> tuple[Tensor, Tensor]:
    logits = logits.float()
    losses = torch.nn.functional.cross_entropy(logits, said, reduction="none")
    return losses, (logits.detach().argmax(-1) == said).float()


def sum_of_logits(model: PreTrainedModel, inputs: Mapping[str, Tensor]) -> Tensor:
    """The sum over all tokens but the padding of all logits: a scalar in float32, with its graph.

    In chunks, as in ``at_targets``. inputs: without an attention_mask no token is padding.
    """
    body = body_of(model, inputs)
    head, hidden, mask = OwnHead(model, body), body["last_hidden_state"], inputs.get("attention_mask")
    places = hidden.flatten(0, 1) if mask is None else hidden[mask.bool()]

    def of_chunk(places: Tensor) -> Tensor:
        return head.logits(places).float().sum()

    return torch.stack([_in_less_memory(of_chunk, chunk) for chunk in places.split(CHUNK)]).sum()


def _in_less_memory(function: Callable[..., Any], *tensors: Tensor) -> Any:
    """What the function gives of the tensors; what a backward pass needs of its inside is computed again."""
    return checkpoint(function, *tensors, use_reentrant=False, preserve_rng_state=False)
