"""The rows that proxies look at: the first of the training rows, unshuffled."""

from __future__ import annotations

import torch
from transformers import PreTrainedModel

from evaluators.data.model_inputs import model_inputs
from evaluators.data.rows import Rows
from proxies.measure.dense_gradients import Batch

__all__ = ["first_batches"]


def first_batches(model: PreTrainedModel, rows: Rows, *, size: int, count: int) -> list[Batch]:
    """At most ``count`` batches of ``size`` rows, in order, on the model's device; the last may be smaller.

    Source: the reference program of HeteroLoRA takes them so.
    """
    batches = []
    for start in range(0, min(count * size, len(rows)), size):
        indices = range(start, min(start + size, len(rows)))
        inputs = model_inputs(model, rows, indices)
        labels = torch.from_numpy(rows.labels[indices.start : indices.stop]).to(model.device)
        batches.append(Batch(inputs, labels))
    return batches
