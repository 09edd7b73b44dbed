"""Which rows make up which batch: seeded by the candidate, rows of like length together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count, islice

import numpy as np
import torch
from torch import Tensor

from evaluators.data.rows import Rows

__all__ = ["batches_from", "epoch_batches", "in_length_order", "steps_per_epoch"]

_CHUNK = 16  # batches among which rows are sorted by length


def steps_per_epoch(rows: int, batch_size: int) -> int:
    """Batches that cover every row once; the last may be smaller."""
    return -(-rows // batch_size)


def epoch_batches(lengths: np.ndarray, batch_size: int, *, seed: int, epoch: int) -> Iterator[np.ndarray]:
    """Row indices of every batch of one epoch, each row in one batch.

    The seed shuffles the rows; within chunks of 16 batches rows of like length are put together, and all
    seeds visit short and long batches in the same order, so that the candidates of a cohort, which share a
    padded length, need little padding.

    Args:
        lengths: (rows,), tokens of each.
        batch_size: rows of a batch; the last one of a chunk may be smaller.
        seed: the candidate's own.
        epoch: from 0.
    """
    order = np.random.default_rng([seed, epoch]).permutation(len(lengths))
    visits = np.random.default_rng(epoch)
    for start in range(0, len(order), _CHUNK * batch_size):
        chunk = order[start : start + _CHUNK * batch_size]
        chunk = chunk[np.argsort(lengths[chunk], kind="stable")]
        batches = [chunk[i : i + batch_size] for i in range(0, len(chunk), batch_size)]
        for index in visits.permutation(len(batches)):
            yield batches[index]


def batches_from(lengths: np.ndarray, batch_size: int, *, seed: int, step: int = 0) -> Iterator[np.ndarray]:
    """Row indices of every batch from a step of the training on, epoch after epoch, without end.

    step: how many were taken before. Other arguments as of ``epoch_batches``.
    """
    begun, place = divmod(step, steps_per_epoch(len(lengths), batch_size))
    for epoch in count(begun):
        batches = epoch_batches(lengths, batch_size, seed=seed, epoch=epoch)
        yield from islice(batches, place if epoch == begun else 0, None)


def in_length_order(rows: Rows, size: int, ask: Callable[[np.ndarray], Tensor]) -> Tensor:
    """What is said of all rows, (..., rows, k), in the rows' order, on the CPU.

    They are asked for from the shortest to the longest, so that batches need little padding.

    Args:
        rows: of the task.
        size: rows that are asked for at once; the last batch may be smaller.
        ask: what is said of these rows, given their indices: (..., indices, k).
    """
    order = np.argsort([len(ids) for ids in rows.input_ids], kind="stable")
    parts = [ask(order[start : start + size]).cpu() for start in range(0, len(order), size)]
    return torch.cat(parts, dim=-2)[..., np.argsort(order), :]
