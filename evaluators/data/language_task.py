"""The task of texts, or of prompts with completions: what a language model learns, and is judged by."""

from __future__ import annotations

import logging
from collections.abc import Hashable, Iterable, Iterator

from transformers import PreTrainedTokenizerBase

from evaluators.objectives.task_objective import TaskObjective
from spaces.counted import counted
from spaces.errors import InputError

from .passages import Passages
from .prompts_of import prompts_of
from .split import hash_order, split_by_text
from .task import VALIDATION_SHARE, Task, check_limits, repeats
from .tokenised_passages import USUAL_LOSS, LossOn, row_limit, tokenised_passages

__all__ = ["build_language_task", "build_language_training_task"]

_log = logging.getLogger(__name__)


def build_language_task(
    name: str,
    objective: TaskObjective,
    train: Passages,
    test: Passages,
    tokenizer: PreTrainedTokenizerBase,
    *,
    max_length: int | None = None,
    loss_on: LossOn = USUAL_LOSS,
    train_rows: int | None = None,
    eval_rows: int | None = None,
) -> Task:
    """The task of these rows; about 10 % of those to train on become the validation part.

    Rows are chosen as ``build_task`` chooses them; those of one prompt share a part and are
    neighbours in it. ``Task.prompts`` are those of the test part, each with its references from all of
    ``test``: the cap is of rows, and may fall between two of one prompt. What may mislead is logged, and kept
    in ``Task.notes``.

    Args:
        name: what it is called.
        objective: of a language model.
        train: to learn from and to choose by.
        test: to report on.
        tokenizer: the model's own.
        max_length: tokens a row, 1024 unless given; also capped by what the tokenizer states.
        loss_on: which tokens are learned.
        train_rows: cap on the training rows that remain.
        eval_rows: on the validation and the test part each.

    Raises InputError where a part has nothing to learn, UsageError on a number that cannot mean anything.
    """
    check_limits(max_length=max_length, train_rows=train_rows, eval_rows=eval_rows)
    if train.form != test.form:
        raise InputError(
            f"training rows are {train.form} and evaluation rows {test.form}; give both the same columns."
        )
    rest, part = split_by_text(train.keys, share=VALIDATION_SHARE, salt="validation")
    parts = {
        "training": _first(train.take(rest), train_rows),
        "validation": _first(train.take(part), eval_rows),
        "evaluation": _first(test, eval_rows),
    }
    known, reported = [parts["training"], parts["validation"]], parts["evaluation"]
    repeated = (
        *repeats([text for part in known for text in part.whole], reported.whole),
        *_asked_before([question for part in known for question in part.questions], reported),
    )
    for note in repeated:
        _log.warning("%s", note)
    tokenised = tokenised_passages(parts, tokenizer, max_length=max_length, loss_on=loss_on)
    train_part, validation_part, test_part = (tokenised.rows[part] for part in parts)
    prompts = prompts_of(parts["evaluation"], test, tokenizer, limit=row_limit(tokenizer, max_length))
    notes = (*(note for part in parts for note in tokenised.notes[part]), *repeated)
    of_test = (*tokenised.notes["evaluation"], *repeated)
    return Task(name, objective, train_part, validation_part, test_part, notes, prompts, test_notes=of_test)


def build_language_training_task(
    name: str,
    objective: TaskObjective,
    passages: Passages,
    tokenizer: PreTrainedTokenizerBase,
    *,
    rows: int,
    max_length: int | None = None,
    loss_on: LossOn = USUAL_LOSS,
) -> Task:
    """A task without rows to judge by: the first ``rows`` that ``build_language_task`` would train on, alone.

    Other arguments, and what is raised, as of that.
    """
    check_limits(max_length=max_length, rows=rows)
    rest, _ = split_by_text(passages.keys, share=VALIDATION_SHARE, salt="validation")
    parts = {"training": _first(passages.take(rest), rows)}
    tokenised = tokenised_passages(parts, tokenizer, max_length=max_length, loss_on=loss_on)
    train = tokenised.rows["training"]
    return Task(name, objective, train, train.take([]), train.take([]))


def _asked_before(known: Iterable[Hashable], test: Passages) -> Iterator[str]:
    """A sentence where questions that are reported on were learned from, whatever was answered."""
    asked = set(filter(None, test.questions))
    if found := len(asked.intersection(known)):
        verb = "is" if found == 1 else "are"
        yield f"{found} of {counted(len(asked), 'question')} to report on {verb} among those learned from"


def _first(passages: Passages, limit: int | None) -> Passages:
    """The first ``limit`` rows in hash order; all of them where it is None."""
    return passages.take(hash_order(passages.keys, passages.completions, salt="sample")[:limit])
