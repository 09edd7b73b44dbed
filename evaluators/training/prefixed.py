"""A language model of PEFT's with virtual keys and values, asked part by part as others are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import torch
from peft import PeftModel
from torch import nn
from transformers import PreTrainedModel

__all__ = ["prefixed"]


@contextmanager
def prefixed(tuned: PeftModel) -> Iterator[PreTrainedModel]:
    """The base model, whose body sees the prefix in front of every row while the block runs.

    PEFT puts it there in the forward pass of its own model alone, which gives the logits of all places at
    once. Raises KeyError where the body is asked without an attention mask.
    """
    base = cast(PreTrainedModel, tuned.get_base_model())
    virtual = int(tuned.active_peft_config.num_virtual_tokens)

    def prepend(_: nn.Module, args: tuple[Any, ...], given: dict[str, Any]) -> tuple[tuple[Any, ...], Any]:
        mask = given["attention_mask"]
        seen = torch.cat((mask.new_ones(len(mask), virtual), mask), dim=1)
        past = tuned.get_prompt(len(mask))
        return args, {**given, "attention_mask": seen, "past_key_values": past}

    handle = base.base_model.register_forward_pre_hook(prepend, with_kwargs=True)
    try:
        yield base
    finally:
        handle.remove()
