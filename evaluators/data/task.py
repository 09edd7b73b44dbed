"""A task: tokenised rows to train on, to select by and to report on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from transformers import PreTrainedTokenizerBase

from evaluators.objectives.task_objective import Labelled, TaskObjective
from spaces.counted import counted
from spaces.errors import InputError, UsageError
from spaces.foreign import foreign

from .cut_rows import cut_rows_note
from .decoding import Decoding
from .prompts import Prompts
from .rows import Rows
from .split import hash_order, split_by_text
from .spoken_ids import begun_note, begun_twice
from .text_table import TextTable

__all__ = [
    "VALIDATION_SHARE",
    "Task",
    "build_task",
    "build_training_task",
    "check_limits",
    "repeats",
]

_logger = logging.getLogger(__name__)
VALIDATION_SHARE = 0.1
"""Of the training rows, to choose by."""

_LONGEST: Final = 128  # tokens a row, unless told


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What candidates learn and how they are judged.

    objective: says both. train: to learn from. validation: cut from the training rows, to choose by. test: to
    report, once; neither has a row where nothing is to be judged. notes: sentences without which its numbers
    may be misread. test_notes: those of them that are of the test rows alone. prompts: of the rows that are
    reported on, for text to be generated; None where there are none. decoding: how that is usually done for
    this task. text_metrics: by which it is usually judged, names in ``TEXT_METRICS``; empty leaves the
    choice.
    """

    name: str
    objective: TaskObjective
    train: Rows
    validation: Rows
    test: Rows
    notes: tuple[str, ...] = ()
    prompts: Prompts | None = None
    decoding: Decoding = field(default_factory=Decoding)
    text_metrics: tuple[str, ...] = ()
    test_notes: tuple[str, ...] = ()


def build_task(
    name: str,
    labelled: Callable[[Sequence[str | float]], Labelled],
    train_table: TextTable,
    test_table: TextTable,
    tokenizer: PreTrainedTokenizerBase,
    *,
    max_length: int | None = None,
    train_rows: int | None = None,
    eval_rows: int | None = None,
) -> Task:
    """The task of two tables; about 10 % of the training rows become the validation part.

    Which part a row is in depends on a hash of its text alone, so equal texts share a part. Every part is
    in hash order, which depends on neither the file's order nor a seed; the caps keep the first rows of it.

    Args:
        name: what it is called.
        labelled: ``classification`` or ``regression``, given the labels of all training rows.
        train_table: to learn from and to choose by.
        test_table: to report on.
        tokenizer: the model's own.
        max_length: tokens a row, special tokens included, 128 unless given; also capped by what the tokenizer
            states.
        train_rows: cap on the training rows that remain.
        eval_rows: on the validation and the test part each.

    Raises InputError on an empty table, UsageError on a number that cannot mean anything here, and either
    where ``labelled`` and its objective do. What may mislead a reader is logged, and kept in ``Task.notes``.
    """
    check_limits(max_length=max_length, train_rows=train_rows, eval_rows=eval_rows)
    _check_tables(train_table, test_table)
    learned = labelled(train_table.labels)
    rest, part = split_by_text(_keys(train_table), share=VALIDATION_SHARE, salt="validation")
    tables = {
        "training": _first(train_table.take(rest), train_rows),
        "validation": _first(train_table.take(part), eval_rows),
        "evaluation": _first(test_table, eval_rows),
    }
    labels = {part: learned.objective.encoded(table.labels, part) for part, table in tables.items()}
    doubts = learned.objective.doubts(labels)
    known = (*tables["training"].texts, *tables["validation"].texts)
    repeated = [*repeats(known, tables["evaluation"].texts)]
    warnings = [*learned.warnings, *doubts, *repeated]
    _log_all(warnings)
    (train, validation, test), told = _tokenised(tables, labels, tokenizer, max_length)
    notes = (*warnings, *_log_told(told), *learned.remarks)
    doubts_of_test = learned.objective.doubts({"evaluation": labels["evaluation"]})
    of_test = (*doubts_of_test, *repeated, *told["evaluation"])
    return Task(name, learned.objective, train, validation, test, notes, test_notes=of_test)


def _log_all(warnings: Sequence[str]) -> None:
    for warning in warnings:
        _logger.warning("%s", warning)


def _log_told(told: Mapping[str, Sequence[str]]) -> list[str]:
    """The sentences of all parts, which are logged."""
    every = [one for part in told.values() for one in part]
    _log_all(every)
    return every


def build_training_task(
    name: str,
    labelled: Callable[[Sequence[str | float]], Labelled],
    table: TextTable,
    tokenizer: PreTrainedTokenizerBase,
    *,
    rows: int,
    max_length: int | None = None,
) -> Task:
    """A table's task without rows to judge by: the first ``rows`` that ``build_task`` would train on, alone.

    Other arguments, and what is raised, as of ``build_task``.
    """
    check_limits(max_length=max_length, rows=rows)
    _check_rows("training", table)
    learned = labelled(table.labels)
    rest, _ = split_by_text(_keys(table), share=VALIDATION_SHARE, salt="validation")
    tables = {"training": _first(table.take(rest), rows)}
    labels = {part: learned.objective.encoded(own.labels, part) for part, own in tables.items()}
    _log_all([*learned.warnings, *learned.objective.doubts(labels)])
    (train,), told = _tokenised(tables, labels, tokenizer, max_length)
    _log_told(told)
    return Task(name, learned.objective, train, train.take([]), train.take([]))


def check_limits(**limits: int | None) -> None:
    """Raises UsageError on the first number below 1; None is no limit."""
    for name, limit in limits.items():
        if limit is not None and limit < 1:
            raise UsageError(f"{name}={limit} must be at least 1; leave it out for the default.")


def _check_tables(train: TextTable, test: TextTable) -> None:
    _check_rows("training", train)
    _check_rows("evaluation", test)
    if len(train.texts[0]) != len(test.texts[0]):
        raise InputError(
            f"training rows have {counted(len(train.texts[0]), 'text')} and evaluation rows "
            f"{len(test.texts[0])}; "
            "name the same columns in both."
        )


def _check_rows(part: str, table: TextTable) -> None:
    if not len(table):
        raise InputError(f"the {part} table has no rows; give a file with at least one row after its header.")


def _keys(table: TextTable) -> list[str]:
    return ["\0".join(row) for row in table.texts]


def _first(table: TextTable, limit: int | None) -> TextTable:
    """The first ``limit`` rows in hash order; all of them where it is None."""
    return table.take(hash_order(_keys(table), table.labels, salt="sample")[:limit])


def repeats(train: Iterable[Hashable], test: Iterable[Hashable]) -> Iterator[str]:
    """A sentence where texts that are reported on were learned from."""
    if found := len(set(train) & set(test)):
        verb = "is" if found == 1 else "are"
        yield f"{counted(found, 'text')} of the evaluation rows {verb} also among the training rows"


def _tokenised(
    tables: Mapping[str, TextTable],
    labels: Mapping[str, np.ndarray],
    tokenizer: PreTrainedTokenizerBase,
    max_length: int | None,
) -> tuple[list[Rows], dict[str, list[str]]]:
    """The tables' rows, tokenised in one batch, and of each part a sentence where some are cut, or begin with
    the begin-of-text token themselves.

    Token types that are 0 everywhere, as for single texts, are left out: that is what models take then.
    """
    texts = [row for table in tables.values() for row in table.texts]
    limit = _limit(len(texts[0]), tokenizer, max_length)
    ids, types = _encoding(texts, tokenizer, limit)
    if empty := sum(len(row) == 0 for row in ids):
        raise InputError(
            f"the tokenizer makes no token of {empty} of {counted(len(ids), 'row')}; drop those rows."
        )
    longer = _longer(texts, ids, tokenizer, limit)
    typed = any(row.any() for row in types)
    parts, told, start = [], {}, 0
    for part, table in tables.items():
        rows = slice(start, start := start + len(table))
        parts.append(Rows(tuple(ids[rows]), tuple(types[rows]) if typed else None, labels[part]))
        told[part] = begun_note(part, "row", [row[0] for row in table.texts], tokenizer)
        if cut := int(longer[rows].sum()):
            told[part].append(cut_rows_note(part, cut, len(table), tokenizer, limit))
    return parts, told


def _limit(width: int, tokenizer: PreTrainedTokenizerBase, max_length: int | None) -> int:
    """Tokens that a row of ``width`` texts may have; raises UsageError where none of a text would be left."""
    with _foreign_tokenizer():
        limit = min(_LONGEST if max_length is None else max_length, tokenizer.model_max_length)
        least = tokenizer.num_special_tokens_to_add(pair=width == 2) + width
    if limit < least:
        raise UsageError(
            f"`max_length={limit}` must be at least {least}: the special tokens and one token a text."
        )
    return int(limit)


def _longer(
    texts: Sequence[tuple[str, ...]],
    ids: Sequence[np.ndarray],
    tokenizer: PreTrainedTokenizerBase,
    limit: int,
) -> np.ndarray:
    """Which rows have more tokens than are left of them: (rows,) bool. Those that are full are read again."""
    full = np.array([len(row) == limit for row in ids], dtype=bool)
    if full.any():
        whole, _ = _encoding([texts[i] for i in np.flatnonzero(full).tolist()], tokenizer, None)
        full[full] = [len(row) > limit for row in whole]
    return full


def _encoding(
    texts: Sequence[tuple[str, ...]], tokenizer: PreTrainedTokenizerBase, limit: int | None
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """(tokens,) int64 ids of every row, and its token types, of none where the tokenizer has none.

    limit: the tokens behind which rows are cut; None keeps them whole. A row that begins with the
    begin-of-text token itself has it once.
    """
    ids, types = _encoded(texts, tokenizer, limit)
    twice = sorted(begun_twice([row[0] for row in texts], tokenizer))
    if twice:
        again = _encoded([texts[i] for i in twice], tokenizer, None if limit is None else limit + 1)
        for known, found in zip((ids, types), again, strict=True):
            for i, row in zip(twice, found, strict=False):  # no types of some tokenizers
                known[i] = row[1:]
    return ids, types


def _encoded(
    texts: Sequence[tuple[str, ...]], tokenizer: PreTrainedTokenizerBase, limit: int | None
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """What the tokenizer makes of the rows; arguments and values as of ``_encoding``."""
    with _foreign_tokenizer():
        encoding = tokenizer(
            [row[0] for row in texts],
            [row[1] for row in texts] if len(texts[0]) == 2 else None,
            truncation=limit is not None,
            max_length=limit,
            return_attention_mask=False,
            verbose=limit is not None,  # of its own maximum, which the whole rows may exceed
        )
        ids = [np.array(row, dtype=np.int64) for row in encoding["input_ids"]]
        types = [np.array(row, dtype=np.int64) for row in encoding.get("token_type_ids", ())]
    return ids, types


def _foreign_tokenizer() -> AbstractContextManager[None]:
    return foreign(
        "the model's tokenizer fails on the task's texts",
        "mend its tokenizer.json (an unknown token, its normalizer), or choose another model.",
    )
