"""What a model gives, and what hangs on it, with an adapter attached or without."""

from __future__ import annotations

import torch

FAMILIES = ["bert", "roberta", "opt", "opt-post", "gpt2", "llama", "qwen3", "deberta-v2", "bloom", "phi3"]
LABELS = ("negative", "positive")
RECORD = "rankscape.json"


def logits_of(model, batch):
    with torch.no_grad():
        return model(**batch).logits


def model_hooks(model):
    return [m for m in model.modules() if m._forward_hooks or m._forward_pre_hooks]
