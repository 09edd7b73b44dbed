"""What of a task and a space one model can take: asked of the model itself, before anything is scored."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedModel

from evaluators.rows import Rows, padded_inputs
from evaluators.spread import base_model_on
from evaluators.task import Task
from spaces.errors import InputError
from spaces.hooks import Renorm
from spaces.probe import SLOTS, embeddable, probe_sites
from spaces.site import Site

from .inputs import Inputs

__all__ = ["embeddable_inputs", "usable_sites"]

_ROWS_A_SLOT = 2
_LOOKED_AT = 256  # training rows among which the probe's are found
_log = logging.getLogger(__name__)


@lru_cache(maxsize=8)
def embeddable_inputs(inputs: Inputs, device: str) -> Inputs:
    """The inputs, every row of which the model can embed; without token types where it knows too few.

    Asked once for all searches over the same inputs. Raises InputError where a token, or a row's length, is
    beyond the model.
    """
    model, task = base_model_on(inputs.source, device), inputs.task
    extremes = _extremes(task)
    try:
        embeddable(model, _batch(model, extremes, range(len(extremes))))
    except InputError as error:
        if extremes.token_type_ids is None:
            raise _not_embeddable(inputs, error) from None
        untyped = Rows(extremes.input_ids, None, extremes.labels)
        try:
            embeddable(model, _batch(model, untyped, range(len(untyped))))
        except InputError:
            raise _not_embeddable(inputs, error) from None
        _log.warning("token types are left out, which %s cannot embed: %s", inputs.base, error)
        return replace(inputs, task=_without_types(task))
    return inputs


@lru_cache(maxsize=64)
def usable_sites(inputs: Inputs, device: str, sites: tuple[Site, ...], renorm: Renorm) -> tuple[Site, ...]:
    """Those of the sites that can be trained on this task's rows, proved on some of them (``spaces.probe``).

    Raises InputError where some would mix candidates, where none is left, and on a head that cannot be
    trained.
    """
    model = base_model_on(inputs.source, device)
    pool = _distinct_rows(inputs.task)
    slots = np.resize(np.arange(len(pool)), (SLOTS, _ROWS_A_SLOT))
    picks = [slots]
    for slot in range(SLOTS):
        other = slots.copy()
        other[slot] = (slots[slot, 0] + 1) % len(
            pool
        )  # the same row twice, so that even of two rows one moves
        picks.append(other)
    whole = _batch(model, pool, np.concatenate(picks, axis=None))  # padded to one length
    batches = [
        {name: tensor[start : start + slots.size] for name, tensor in whole.items()}
        for start in range(0, len(picks) * slots.size, slots.size)
    ]
    return probe_sites(model, sites, batches[0], batches[1:], renorm=renorm)


def _extremes(task: Task) -> Rows:
    """Of every part the longest row, and those with the largest token id and token type."""
    chosen: list[np.ndarray] = []
    types: list[np.ndarray] = []
    for rows in (task.train, task.validation, task.test):
        measures = [[len(ids) for ids in rows.input_ids], [int(ids.max()) for ids in rows.input_ids]]
        if rows.token_type_ids is not None:
            measures.append([int(own.max()) for own in rows.token_type_ids])
        for index in sorted({int(np.argmax(measure)) for measure in measures}):
            chosen.append(rows.input_ids[index])
            if rows.token_type_ids is not None:
                types.append(rows.token_type_ids[index])
    return Rows(tuple(chosen), tuple(types) or None, np.zeros(len(chosen), dtype=np.int64))


def _distinct_rows(task: Task) -> Rows:
    """Up to as many different rows as a probe has; raises InputError where all are the same."""
    found: dict[bytes, tuple[Rows, int]] = {}
    for rows in (task.train, task.validation, task.test):
        for index in range(min(len(rows), _LOOKED_AT)):
            if len(found) < SLOTS * _ROWS_A_SLOT:
                found.setdefault(rows.input_ids[index].tobytes(), (rows, index))
    if len(found) < 2:
        raise InputError(
            "the first rows of the task all have the same tokens, from which nothing can be learned; check "
            "the text columns, and that --max-length is not too small for the texts to differ."
        )
    picked = [rows.take([index]) for rows, index in found.values()]
    typed = all(one.token_type_ids is not None for one in picked)
    return Rows(
        tuple(one.input_ids[0] for one in picked),
        tuple(one.token_type_ids[0] for one in picked if one.token_type_ids is not None) if typed else None,
        np.zeros(len(picked), dtype=np.int64),
    )


def _batch(model: PreTrainedModel, rows: Rows, indices: Sequence[int] | np.ndarray) -> Mapping[str, Tensor]:
    inputs = padded_inputs(rows, indices, pad_token_id=model.config.pad_token_id)
    return {name: torch.from_numpy(array).to(model.device) for name, array in inputs.items()}


def _without_types(task: Task) -> Task:
    train, validation, test = (
        replace(rows, token_type_ids=None) for rows in (task.train, task.validation, task.test)
    )
    return replace(task, train=train, validation=validation, test=test)


def _not_embeddable(inputs: Inputs, error: InputError) -> InputError:
    return InputError(
        f"{inputs.base} cannot take this task's rows: {error} Give the model its own tokenizer, or a smaller "
        "--max-length."
    )
