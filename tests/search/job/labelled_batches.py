"""Batches with labels, as a model's own loss takes them."""

from __future__ import annotations

import torch
from torch import Tensor
from transformers import (
    PreTrainedModel,
)

from tests.conftest import VOCABULARY

Batches = list[dict[str, Tensor]]


def batches_of(model: PreTrainedModel, count: int = 4) -> Batches:
    """Four rows of nine tokens each; the prompt of a language model is no target."""
    draw = torch.Generator().manual_seed(0)
    found = []
    for _ in range(count):
        tokens = torch.randint(4, VOCABULARY, (4, 9), generator=draw)
        labels = torch.arange(4) % model.config.num_labels
        if "ForSequenceClassification" not in type(model).__name__:
            labels = torch.where(torch.arange(9) < 3, -100, tokens)
        found.append({"input_ids": tokens, "attention_mask": torch.ones_like(tokens), "labels": labels})
    return found
