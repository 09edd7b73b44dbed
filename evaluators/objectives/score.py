"""From logits to losses and metrics."""

from __future__ import annotations

import torch
from torch import Tensor

from evaluators.data.rows import Rows
from evaluators.data.task import Task
from evaluators.metrics.registry import find_metric, predictions_from_logits

__all__ = ["row_losses", "score_logits"]


def row_losses(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy, or squared error for one output, of every row: (rows,), float32."""
    if logits.shape[-1] == 1:
        return (logits[..., 0].float() - labels.float()).square()
    return torch.nn.functional.cross_entropy(logits.float(), labels, reduction="none")


def score_logits(logits: Tensor, rows: Rows, task: Task) -> tuple[float, float] | None:
    """(metric, mean loss) of logits (rows, labels); None where they are not finite."""
    if not torch.isfinite(logits).all():
        return None
    loss = row_losses(logits, torch.from_numpy(rows.labels)).mean()
    predictions = predictions_from_logits(logits.numpy(), task.num_labels)
    metric = find_metric(task.metric, positive=task.positive)
    return float(metric(predictions, rows.labels)), float(loss)
