"""The task of questions with choices."""

from __future__ import annotations

import logging

import numpy as np
from transformers import PreTrainedTokenizerBase

from evaluators.objectives.choice_labels import choices_of
from evaluators.objectives.task_objective import TaskObjective
from spaces.counted import counted

from .choice_rows import rows_to_judge, rows_to_learn
from .questions import Questions
from .rows import Rows
from .split import hash_order, split_by_text
from .task import VALIDATION_SHARE, Task, check_limits, repeats
from .tokenised_passages import row_limit

__all__ = ["build_choice_task", "build_choice_training_task"]

_log = logging.getLogger(__name__)


def build_choice_task(
    name: str,
    objective: TaskObjective,
    train: Questions,
    test: Questions,
    tokenizer: PreTrainedTokenizerBase,
    *,
    max_length: int | None = None,
    train_rows: int | None = None,
    eval_rows: int | None = None,
) -> Task:
    """The task of these questions; about 10 % of those to train on become the validation part.

    They are chosen as ``build_task`` chooses rows, and the caps are of questions: to learn from there is a
    row of each, to judge by a row of each choice. What may mislead is logged, and kept in ``Task.notes``.

    Args:
        name: what it is called.
        objective: multiple choice.
        train: to learn from and to choose by.
        test: to report on.
        tokenizer: the model's own.
        max_length: tokens of a prompt with a choice, 1024 unless given; also capped by what the tokenizer
            states. Longer questions are left out.
        train_rows: cap on the training questions that remain.
        eval_rows: on the validation and the test part each.

    Raises InputError where a part has no question, UsageError on a number that cannot mean anything.
    """
    check_limits(max_length=max_length, train_rows=train_rows, eval_rows=eval_rows)
    limit = row_limit(tokenizer, max_length)
    rest, part = split_by_text(train.keys, share=VALIDATION_SHARE, salt="validation")
    own = _first(train.take(rest), train_rows)
    learned = rows_to_learn("training", own, tokenizer, limit)
    chosen, reported = _first(train.take(part), eval_rows), _first(test, eval_rows)
    repeated = tuple(repeats((*own.keys, *chosen.keys), reported.keys))
    for note in repeated:
        _log.warning("%s", note)
    validation = rows_to_judge("validation", chosen, tokenizer, limit)
    evaluation = rows_to_judge("evaluation", reported, tokenizer, limit)
    rows = f"a row to judge by is a choice: of {counted(_questions(validation), 'question')} to select by"
    too = f"a row to report on is one too: of {counted(_questions(evaluation), 'question')}"
    notes = (*repeated, rows, too)
    return Task(name, objective, learned, validation, evaluation, notes, test_notes=(*repeated, too))


def build_choice_training_task(
    name: str,
    objective: TaskObjective,
    questions: Questions,
    tokenizer: PreTrainedTokenizerBase,
    *,
    rows: int,
    max_length: int | None = None,
) -> Task:
    """A task without rows to judge by: the first ``rows`` that ``build_choice_task`` would train on, alone.

    Other arguments, and what is raised, as of that.
    """
    check_limits(max_length=max_length, rows=rows)
    rest, _ = split_by_text(questions.keys, share=VALIDATION_SHARE, salt="validation")
    limit = row_limit(tokenizer, max_length)
    train = rows_to_learn("training", _first(questions.take(rest), rows), tokenizer, limit)
    return Task(name, objective, train, train.take([]), train.take([]))


def _questions(rows: Rows) -> int:
    """How many the rows are choices of."""
    assert isinstance(rows.labels, tuple), "a choice has a label for each token"
    return len(np.unique(choices_of(rows.labels).questions))


def _first(questions: Questions, limit: int | None) -> Questions:
    """The first ``limit`` in hash order; all of them where it is None."""
    order = hash_order(questions.keys, [row.choices for row in questions.rows], salt="sample")
    return questions.take(order[:limit])
