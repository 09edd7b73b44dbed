"""The rows of a corpus, or the questions of a quiz, where no files are given: from the hub, or embedded."""

from __future__ import annotations

from collections.abc import Callable

from evaluators.data.demo import demo_tables
from evaluators.data.passages import Passages
from evaluators.data.questions import Questions
from evaluators.data.split import split_by_text
from evaluators.data.text_table import TextTable
from spaces.hub import hub_answers

from .entry import CorpusEntry
from .published import published_entries
from .registry import CORPORA, QUIZZES

__all__ = ["load_corpus", "load_quiz"]

_REPORT_SHARE = 0.05
"""Of a data set without a part to report on."""


def load_corpus(name: str, *, reachable: Callable[[], bool] = hub_answers) -> tuple[Passages, Passages]:
    """The rows of a corpus to learn from and to report on; raises InputError where they cannot be had.

    Where the data set has no part to report on, one is cut by a stable hash of the prompts.
    name: one of ``CORPORA``. reachable: whether the hub can be asked.
    """
    corpus = CORPORA[name]
    train, report = published_entries(name, corpus.published, reachable=reachable)
    where = f"{corpus.published.dataset} as {name}"
    rows = corpus.read(train, where)
    if report is not None:
        return rows, corpus.read(report, where)
    rest, part = split_by_text(rows.keys, share=_REPORT_SHARE, salt="report")
    return rows.take(rest), rows.take(part)


def load_quiz(name: str, *, reachable: Callable[[], bool] = hub_answers) -> tuple[Questions, Questions]:
    """The questions of a quiz to learn from and to report on; raises InputError where they cannot be had.

    name: one of ``QUIZZES``. reachable: whether the hub can be asked.
    """
    quiz = QUIZZES[name]
    if quiz.published is None:
        train, test = demo_tables()
        return quiz.read(_entries(train), name), quiz.read(_entries(test), name)
    parts = published_entries(name, quiz.published, reachable=reachable)
    where = f"{quiz.published.dataset} as {name}"
    return quiz.read(parts[0], where), quiz.read(parts[1] or [], where)


def _entries(table: TextTable) -> list[CorpusEntry]:
    return [{"text": text, "label": label} for (text,), label in zip(table.texts, table.labels, strict=True)]
