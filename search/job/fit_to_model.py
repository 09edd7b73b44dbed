"""What of a task and a space one model can take: asked of the model itself, before anything is scored."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest

import numpy as np
from transformers import PreTrainedModel

from evaluators.data.model_inputs import batch_of
from evaluators.data.rows import Rows, joined_labels
from evaluators.data.stated_positions import stated_positions
from evaluators.data.task import Task
from spaces.counted import counted
from spaces.errors import InputError
from spaces.hooks import Renorm
from spaces.probe import SLOTS, probe_sites
from spaces.readable import check_embeddable, check_padding
from spaces.site import Site

from .inputs import Inputs

__all__ = ["readable_inputs", "usable_sites"]

_ROWS_A_SLOT = 2
_LOOKED_AT = 256  # rows of a part among which the probe's are found
_LONG_ENOUGH = 8  # tokens, for a row in which anything can be told
_log = logging.getLogger(__name__)


def readable_inputs(inputs: Inputs, model: PreTrainedModel) -> Inputs:
    """The inputs as the model can read them; without token types where it knows too few.

    Raises InputError where the model is none for this task's objective, where a token, or the length of a
    row, is beyond it, and where padding changes what it says of a row. Rows that it can embed, but are longer
    than it was made for, are counted in the log.
    """
    task = inputs.task
    task.objective.check_model(model)
    try:
        _check_extremes(model, task)
    except InputError as error:
        untyped = _without_types(task)
        if untyped is task:
            raise _not_readable(inputs, error) from None
        try:
            _check_extremes(model, untyped)
        except InputError:
            raise _not_readable(inputs, error) from None
        _log.warning("token types are left out, which %s cannot embed: %s", inputs.title, error)
        task = untyped
    _check_padding(model, task)
    _tell_of_positions(inputs.title, model, task)
    return inputs if task is inputs.task else replace(inputs, task=task)


def usable_sites(
    task: Task, model: PreTrainedModel, sites: tuple[Site, ...], renorm: Renorm
) -> tuple[Site, ...]:
    """Those of the sites that can be trained on this task's rows, proved on some of them (``spaces.probe``).

    Raises InputError where some would mix candidates, where none is left, and on a head that cannot be
    trained.
    """
    pool = _distinct_rows(task)
    slots = np.resize(np.arange(len(pool)), (SLOTS, _ROWS_A_SLOT))
    picks = [slots]
    for slot in range(SLOTS):
        other = slots.copy()
        # one row twice, so that even where there are but two rows one of the slot's moves
        other[slot] = (slots[slot, 0] + 1) % len(pool)
        picks.append(other)
    whole = batch_of(model, pool, np.concatenate(picks, axis=None))  # padded to one length
    starts = range(0, len(whole), slots.size)
    first, *others = (whole.take(slice(start, start + slots.size)) for start in starts)
    return probe_sites(model, sites, task.objective, first, others, renorm=renorm)


def _check_extremes(model: PreTrainedModel, task: Task) -> None:
    """Raises InputError where the model cannot be run on the rows of each part that ask most of it, or on the
    shortest, alone."""
    parts = _parts(task)
    extremes = _joined([_extremes(rows) for rows in parts])
    check_embeddable(model, task.objective, batch_of(model, extremes, range(len(extremes))))
    for rows in parts:
        shortest = int(np.argmin([len(ids) for ids in rows.input_ids]))
        check_embeddable(model, task.objective, batch_of(model, rows, [shortest]))


def _parts(task: Task) -> list[Rows]:
    """Those that have rows."""
    return [rows for rows in (task.train, task.validation, task.test) if len(rows)]


def _extremes(rows: Rows) -> Rows:
    """The longest row, and those with the largest token id and token type."""
    measures = [[len(ids) for ids in rows.input_ids], [int(ids.max()) for ids in rows.input_ids]]
    if rows.token_type_ids is not None:
        measures.append([int(own.max()) for own in rows.token_type_ids])
    return rows.take(sorted({int(np.argmax(measure)) for measure in measures}))


def _check_padding(model: PreTrainedModel, task: Task) -> None:
    """On a few rows, padded to their own length and further, up to the longest row of the task."""
    rows = _distinct_rows(task)
    own = max(len(ids) for ids in rows.input_ids)
    longest = max(len(ids) for part in _parts(task) for ids in part.input_ids)
    lengths = {length for length in (own + 1, own + 2, own + 3, 2 * own, longest) if own < length <= longest}
    check_padding(
        model,
        task.objective,
        [batch_of(model, rows, [index]) for index in range(len(rows))],
        [batch_of(model, rows, range(len(rows)), least=length) for length in (own, *sorted(lengths))],
        comparable=task.objective.comparable,
        rounding=task.objective.rounding,
    )


def _tell_of_positions(title: str, model: PreTrainedModel, task: Task) -> None:
    """Rotary and relative positions have no table that would end, so that nothing fails where they do."""
    positions = stated_positions(model)
    lengths = [len(ids) for rows in _parts(task) for ids in rows.input_ids]
    if positions is not None and (longer := sum(length > positions for length in lengths)):
        _log.warning(
            f"{longer} of {counted(len(lengths), 'row')} ({longer / len(lengths):.1%}) have more than the "
            f"{counted(positions, 'token')} that {title} was made to read; lower `max_length`"
        )


def _distinct_rows(task: Task) -> Rows:
    """As many different rows as a probe has, where there are so many: short, but long enough, and of
    different lengths where there are such.

    Raises InputError where all are the same.
    """
    found: dict[bytes, Rows] = {}
    for rows in _parts(task):
        for index in range(min(len(rows), _LOOKED_AT)):
            if _teaches(rows, index):
                found.setdefault(rows.input_ids[index].tobytes(), rows.take([index]))
    if len(found) < 2:
        raise InputError(
            "the first rows of the task all have the same tokens, from which nothing can be learned; check "
            "the text columns, and that `max_length` is not too small for the texts to differ."
        )
    of_length: dict[int, list[Rows]] = {}
    for rows in found.values():
        of_length.setdefault(len(rows.input_ids[0]), []).append(rows)
    lengths = sorted(of_length, key=lambda length: (length < _LONG_ENOUGH, abs(length - _LONG_ENOUGH)))
    # one of each length, then a second of each
    turns = zip_longest(*(of_length[length] for length in lengths))
    order = [rows for turn in turns for rows in turn if rows is not None]
    return _joined(order[: SLOTS * _ROWS_A_SLOT])


def _teaches(rows: Rows, index: int) -> bool:
    """Whether anything of a row is to be learned; of a wrong choice nothing is."""
    return not isinstance(rows.labels, tuple) or bool((rows.labels[index] >= 0).any())


def _joined(parts: Sequence[Rows]) -> Rows:
    types = [part.token_type_ids for part in parts]
    return Rows(
        tuple(ids for part in parts for ids in part.input_ids),
        None if None in types else tuple(own for part in types for own in part or ()),
        joined_labels([part.labels for part in parts]),
    )


def _without_types(task: Task) -> Task:
    """The task itself where it has none."""
    if task.train.token_type_ids is None:
        return task
    train, validation, test = (
        replace(rows, token_type_ids=None) for rows in (task.train, task.validation, task.test)
    )
    return replace(task, train=train, validation=validation, test=test)


def _not_readable(inputs: Inputs, error: InputError) -> InputError:
    return InputError(
        f"{inputs.title} cannot take this task's rows: {error} Give the model its own tokenizer, or a "
        "smaller `max_length`."
    )
