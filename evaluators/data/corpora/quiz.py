"""How questions with choices are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from evaluators.data.decoding import Decoding
from evaluators.data.questions import Question, Questions
from spaces.errors import InputError

from .entries import Entries, numbered
from .entry import CorpusEntry
from .published import Published

__all__ = ["QUIZ_DECODING", "QUIZ_METRICS", "Quiz"]

QUIZ_METRICS: Final = ("exact_match",)
"""By which an answer that was generated, instead of chosen, is judged."""

QUIZ_DECODING: Final = Decoding(max_new_tokens=16)


@dataclass(frozen=True, slots=True)
class Quiz:
    """A task whose entries are questions with choices, for a language model to answer.

    entries: those of a file. question: of one entry; it may raise anything where that is not laid out as it
    should be. layout: what an entry has, for a message. published: where it is on the hub; None where it
    comes with the ``demo`` extra.
    """

    entries: Entries
    question: Callable[[CorpusEntry], Question]
    layout: str
    published: Published | None

    def questions(self, name: str, path: Path) -> Questions:
        """The questions of a file, in its order. name: the task's, for messages.

        Raises InputError where the file cannot be read, is laid out otherwise, or hides what is right.
        """
        return self.read(self.entries(path), f"{path} as {name}")

    def read(self, entries: Sequence[CorpusEntry], where: str) -> Questions:
        """The same of entries. where: they are from, for messages."""
        found = tuple(question for _, question in numbered(entries, self.question, where, self.layout))
        if not found:
            raise InputError(f"{where}: there is no question; give some.")
        return Questions(found)
