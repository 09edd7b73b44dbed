"""The first batches of somebody's DataLoader, as proxies take them."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel

from spaces.counted import counted
from spaces.errors import InputError, UsageError
from spaces.objective import Batch, Objective

__all__ = ["own_batches", "with_targets"]

_COLLATOR = "DataCollatorForLanguageModeling(tokenizer, mlm=False) or DataCollatorWithPadding(tokenizer)"
_log = logging.getLogger(__name__)


def own_batches(
    model: PreTrainedModel, dataloader: Iterable[Mapping[str, Any]], *, count: int
) -> tuple[Batch, ...]:
    """At most ``count`` batches, on the model's device; no more are read.

    dataloader: gives mappings of tensors (dict, BatchEncoding), ``labels`` among them. What the model's
    forward has no argument for is left out, as Trainer does it. Raises UsageError where it is no iterable,
    InputError where it gives nothing that could be used.
    """
    if not isinstance(dataloader, Iterable) or isinstance(dataloader, (str, Mapping)):
        raise UsageError(
            f"`dataloader` is a {type(dataloader).__name__}; give an iterable of batches, as a DataLoader is."
        )
    known = inspect.signature(model.forward).parameters.keys()
    found = [_batch(given, n, known, model.device) for n, given in enumerate(islice(dataloader, count), 1)]
    if not found:
        raise InputError("`dataloader` gave no batch; give at least two, with labels to learn.")
    _check_alike(found)
    return tuple(found)


def with_targets(batches: Sequence[Batch], objective: Objective) -> tuple[Batch, ...]:
    """Those from which the objective can learn; the log counts the others.

    Raises InputError where there are none, and where labels have other rows than their tokens, or of a label
    for each token other tokens; of a model's own loss nobody knows what its labels belong to.
    """
    found = tuple(batch for batch in batches if objective.targets(batch.labels).any())
    if objective.rows_apart:
        for number, batch in enumerate(batches, 1):
            _check_beside_tokens(batch, number)
    if empty := len(batches) - len(found):
        _log.warning("left out %s whose labels hold no target", counted(empty, "batch", "batches"))
    if not found:
        raise InputError(
            "`dataloader` gave no batch with a target: all labels are below zero, or stand where nothing is "
            "foretold (a language model's first token); give at least two, with labels to learn."
        )
    return found


def _check_alike(batches: Sequence[Batch]) -> None:
    """Raises InputError where labels have no rows, or not as many dimensions as those of the first batch."""
    first = tuple(batches[0].labels.shape)
    for number, batch in enumerate(batches, 1):
        shape = tuple(batch.labels.shape)
        if not shape:
            raise InputError(
                f"`labels` of batch {number} of `dataloader` are a lone number; give one or several for each "
                f"row: collate rows with {_COLLATOR}."
            )
        if len(shape) != len(first):
            raise InputError(
                f"`labels` of batch {number} of `dataloader` have the shape {shape}, and those of batch 1 "
                f"{first}; collate all batches alike."
            )


def _check_beside_tokens(batch: Batch, number: int) -> None:
    labels, tokens = batch.labels, batch.inputs.get("input_ids")
    if tokens is not None and labels.shape != tokens.shape[: labels.ndim]:
        raise InputError(
            f"`labels` of batch {number} of `dataloader` have the shape {tuple(labels.shape)} beside "
            f"`input_ids` of {tuple(tokens.shape)}; collate rows with {_COLLATOR}."
        )


def _batch(given: Any, number: int, known: Iterable[str], device: torch.device) -> Batch:
    if not isinstance(given, Mapping):
        raise InputError(
            f"batch {number} of `dataloader` is a {type(given).__name__}, not a mapping of tensors; collate "
            f"rows with {_COLLATOR}."
        )
    tensors = {name: given[name].to(device) for name in given if isinstance(given[name], Tensor)}
    labels = tensors.pop("labels", None)
    if labels is None:
        raise InputError(
            f"batch {number} of `dataloader` has {sorted(given)}, and no tensor of `labels` to learn from; "
            f"collate rows with {_COLLATOR}, or rename the column. Models whose targets have other names, as "
            "those that answer by a start and an end in the text, cannot be scored."
        )
    return Batch({name: tensor for name, tensor in tensors.items() if name in known}, labels)
