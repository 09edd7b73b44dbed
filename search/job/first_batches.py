"""The rows that proxies look at: the first of the training rows, unshuffled."""

from __future__ import annotations

from transformers import PreTrainedModel

from evaluators.data.model_inputs import batch_of
from evaluators.data.rows import Rows
from spaces.objective import Batch

__all__ = ["first_batches"]


def first_batches(model: PreTrainedModel, rows: Rows, *, size: int, count: int) -> list[Batch]:
    """At most ``count`` batches of ``size`` rows, in order, on the model's device; the last may be smaller.

    Source: the reference program of HeteroLoRA takes them so.
    """
    starts = range(0, min(count * size, len(rows)), size)
    return [batch_of(model, rows, range(start, min(start + size, len(rows)))) for start in starts]
