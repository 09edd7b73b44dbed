"""Blocks whose inside a backward pass computes again instead of keeping it: gradient checkpointing.

Wires are hooks, so that what is computed again must find what they found the first time: sources that earlier
blocks gave, the slots that were selected, the gates. Whoever attaches wires says how to remember that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import Any, Final

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint
from transformers import PreTrainedModel
from transformers.modeling_layers import GradientCheckpointingLayer

from .errors import InputError

__all__ = ["Remember", "check_recomputable", "recomputed"]

_FLAGS: Final = ("gradient_checkpointing", "training", "_gradient_checkpointing_func")  # which a block reads

Remember = Callable[[], AbstractContextManager[None]]
"""Gives a context, to be entered once and later, within which all is as it is now."""


def check_recomputable(model: PreTrainedModel) -> None:
    """Raises InputError where no block of the model can be computed again."""
    if not _blocks(model):
        raise InputError(
            f"this {model.config.model_type} model has no blocks that transformers can compute again; leave "
            "`gradient_checkpointing` out."
        )


@contextmanager
def recomputed(model: PreTrainedModel, remembered: Sequence[Remember]) -> Iterator[None]:
    """Within the block a pass keeps of each of the model's blocks what goes into it, and no more.

    What a backward pass needs of a block's inside is computed again when it is needed, by the same
    operations. Forward and backward both belong into the ``with`` block; weights may change behind it only.

    Args:
        model: in eval mode, which it stays in: nothing is drawn.
        remembered: asked at each block of each pass.

    >>> import torch
    >>> from transformers import BertConfig, BertModel
    >>> sizes = {"hidden_size": 8, "num_attention_heads": 2, "intermediate_size": 8, "num_hidden_layers": 2}
    >>> model = BertModel(BertConfig(vocab_size=10, **sizes)).eval()
    >>> with recomputed(model, []):
    ...     model(input_ids=torch.arange(4)[None]).last_hidden_state.sum().backward()
    >>> model.embeddings.word_embeddings.weight.grad.shape
    torch.Size([10, 8])
    """
    with ExitStack() as stack:
        for block in _blocks(model):
            stack.enter_context(_Block(block, remembered).in_place())
        yield


def _blocks(model: nn.Module) -> list[GradientCheckpointingLayer]:
    """Of blocks within blocks the outermost."""
    found = []
    for child in model.children():
        found += [child] if isinstance(child, GradientCheckpointingLayer) else _blocks(child)
    return found


class _Block:
    """What transformers calls instead of a block's forward."""

    def __init__(self, block: GradientCheckpointingLayer, remembered: Sequence[Remember]) -> None:
        self._block, self._remembered = block, remembered

    @contextmanager
    def in_place(self) -> Iterator[None]:
        own: dict[str, Any] = self._block.__dict__
        before: dict[str, Any] = {name: own[name] for name in _FLAGS if name in own}
        own.update(zip(_FLAGS, (True, True, self), strict=True))
        try:
            yield
        finally:
            for name in _FLAGS:
                del own[name]
            own.update(before)

    def __call__(self, forward: Callable[..., Any], *args: Any) -> Any:
        def inside(*args: Any) -> Any:
            self._block.training = False  # else OPT's own code would drop out
            try:
                return forward(*args)
            finally:
                self._block.training = True

        if not torch.is_grad_enabled():
            return inside(*args)
        as_now = [remember() for remember in self._remembered]
        return checkpoint(
            inside,
            *args,
            use_reentrant=False,
            preserve_rng_state=False,
            context_fn=lambda: (nullcontext(), _all_of(as_now)),
        )


@contextmanager
def _all_of(contexts: Sequence[AbstractContextManager[None]]) -> Iterator[None]:
    with ExitStack() as stack:
        for one in contexts:
            stack.enter_context(one)
        yield
