"""Where the rows that settings name come from, and of which kind they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Final

from evaluators.data.corpora.load import load_corpus, load_quiz
from evaluators.data.corpora.quiz import QUIZ_DECODING, QUIZ_METRICS
from evaluators.data.corpora.registry import CORPORA, QUIZZES
from evaluators.data.decoding import Decoding
from evaluators.data.hub_rows import GIVE_FILES
from evaluators.data.named_tasks import NAMED_TASKS, NamedTask, find_task
from evaluators.data.passages import Passages
from evaluators.data.questions import Questions
from evaluators.data.read_table import read_table
from evaluators.data.text_table import TextTable
from spaces.errors import UsageError
from spaces.unknown_name import unknown_name

from .settings import DataSettings

__all__ = ["DEMO_TASK", "RawRows", "RowSource", "row_source"]

RawRows = TextTable | Passages | Questions
"""Labelled texts, a language model's rows, or questions with choices."""

DEMO_TASK: Final = "rotten_tomatoes"


@dataclass(frozen=True, slots=True)
class RowSource:
    """Rows that can be had.

    train: gives those to learn from. both: gives these and those to report on. named: what labels are; None
    where no name says it. embedded: whether they come with the ``demo`` extra. decoding, text_metrics: how
    text is usually made out, and judged.
    """

    train: Callable[[], RawRows]
    both: Callable[[], tuple[RawRows, RawRows]]
    named: NamedTask | None = None
    embedded: bool = False
    decoding: Decoding = field(default_factory=Decoding)
    text_metrics: tuple[str, ...] = ()


def row_source(data: DataSettings, tables: Callable[[str], tuple[TextTable, TextTable]]) -> RowSource:
    """That of a task's settings; nothing is read yet.

    tables: gives the labelled texts of a named task. Raises UsageError where there is no such task, or it is
    not for the objective that is asked for.
    """
    name = data.task or (None if data.train_file else DEMO_TASK)
    if data.objective == "multiple-choice" and name not in QUIZZES:
        raise UsageError(
            "`objective=multiple-choice` is of a `task` whose questions have choices: "
            f"{', '.join(QUIZZES)}; name one of them."
        )
    if name is None:
        return _had(data, partial(_read, data=data))
    if name in CORPORA:
        return _of_corpus(data, name)
    if name in QUIZZES and _in_words(data, name):
        return _of_quiz(data, name)
    if name not in (known := {*NAMED_TASKS, *CORPORA, *QUIZZES}):
        raise unknown_name("task", name, sorted(known), more=f", or {GIVE_FILES}")
    named = find_task(name)
    if data.train_file is not None:
        raise UsageError(
            f"`task={name!r}` and `train_file` exclude each other, but for what a language model answers in "
            f"words: {', '.join((*CORPORA, *QUIZZES))}; give one of the two."
        )
    _check_objective(data, name, "regression" if named.regression else "classification")
    return RowSource(lambda: tables(name)[0], lambda: tables(name), named, named.embedded)


def _in_words(data: DataSettings, name: str) -> bool:
    """Whether a quiz is to be answered in words: where it is no classifier's task, or its files are given."""
    if data.objective == "auto":
        return name not in NAMED_TASKS or data.train_file is not None
    return data.objective in ("multiple-choice", "causal-lm")


def _of_corpus(data: DataSettings, name: str) -> RowSource:
    _check_objective(data, name, "causal-lm")
    corpus = CORPORA[name]
    found = _had(data, partial(corpus.passages, name), partial(load_corpus, name))
    return replace(found, decoding=corpus.decoding, text_metrics=corpus.text_metrics)


def _of_quiz(data: DataSettings, name: str) -> RowSource:
    """Its questions; or, for who learns the next token, each with its right choice."""
    quiz = QUIZZES[name]
    embedded = quiz.published is None
    if data.objective != "causal-lm":
        asked = _had(data, partial(quiz.questions, name), partial(load_quiz, name))
        return replace(asked, embedded=embedded)

    def answered() -> tuple[Passages, Passages]:
        train, report = load_quiz(name)
        return train.answered, report.answered

    said = _had(data, lambda path: quiz.questions(name, path).answered, answered)
    return replace(said, embedded=embedded, decoding=QUIZ_DECODING, text_metrics=QUIZ_METRICS)


def _had(
    data: DataSettings,
    read: Callable[[Path], RawRows],
    load: Callable[[], tuple[RawRows, RawRows]] | None = None,
) -> RowSource:
    """Of the files that are given, or else what ``load`` gives."""
    train, report = data.train_file, data.eval_file
    if train is None or report is None:
        assert load is not None
        return RowSource(lambda: load()[0], load)
    return RowSource(lambda: read(train), lambda: (read(train), read(report)))


def _read(path: Path, data: DataSettings) -> TextTable | Passages:
    return read_table(
        path,
        kind=data.kind,
        text_columns=data.text_columns,
        label_column=data.label_column,
        prompt_column=data.prompt_column,
        completion_column=data.completion_column,
    )


def _check_objective(data: DataSettings, name: str, own: str) -> None:
    """Raises UsageError where another objective is asked of a named task than its own."""
    if data.objective not in ("auto", own):
        raise UsageError(
            f"`objective={data.objective}` is not that of `task={name}`, which is {own}; leave it out."
        )
