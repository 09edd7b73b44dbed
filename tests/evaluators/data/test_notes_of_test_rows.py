"""Whoever looks at no test rows can leave out what is said of them alone, of whatever kind they are."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from evaluators.data.choice_task import build_choice_task
from evaluators.data.language_task import build_language_task
from evaluators.data.passages import Passages
from evaluators.data.questions import Question, Questions
from evaluators.data.task import Task
from evaluators.data.text_table import TextTable
from evaluators.objectives.causal_lm import CausalLM
from evaluators.objectives.multiple_choice import MultipleChoice
from tests.evaluators.data.letters import tokenizer_of_letters
from tests.evaluators.data.small_task import built

SHORT = [f"{one}{other}" for one in "abcdefgh" for other in "abcdefgh"]
LONG = ["abcdefgh", "hgfedcba", *SHORT[:2]]


def of_labels(test: list[str]) -> Task:
    train = TextTable(tuple((text,) for text in SHORT), ("0", "1") * 32)
    return built("accuracy", train, TextTable(tuple((text,) for text in test), ("0",) * 4), LETTERS, **LIMIT)


def of_language(test: list[str]) -> Task:
    rows = [
        Passages(tuple(text[0] for text in own), tuple(text[1:] for text in own)) for own in (SHORT, test)
    ]
    return build_language_task("t", CausalLM(), *rows, LETTERS, **LIMIT)


def of_choices(test: list[str]) -> Task:
    rows = [Questions(tuple(Question(text, ("a", "b"), 0) for text in own)) for own in (SHORT, test)]
    return build_choice_task("t", MultipleChoice(), *rows, LETTERS, **LIMIT)


LETTERS = tokenizer_of_letters()
LIMIT = {"max_length": 4}


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (
            of_labels,
            (
                "the evaluation rows all have the label '0': accuracy is best there for a model that always "
                "predicts it",
                "2 texts of the evaluation rows are also among the training rows",
                "cut 2 of 4 rows (50.0%) of the evaluation part behind 4 tokens; raise `max_length` to keep "
                "them whole",
            ),
        ),
        (
            of_language,
            (
                "cut 2 of 4 rows (50.0%) of the evaluation part behind 4 tokens; raise `max_length` to keep "
                "them whole",
                "2 texts of the evaluation rows are also among the training rows",
                "2 of 2 questions to report on are among those learned from",
            ),
        ),
        (
            of_choices,
            (
                "2 texts of the evaluation rows are also among the training rows",
                "a row to report on is one too: of 2 questions",
            ),
        ),
    ],
)
def test_what_is_said_of_the_test_rows_alone_is_among_the_notes(
    build: Callable[[list[str]], Task], said: tuple[str, ...]
) -> None:
    task = build(LONG)
    assert task.test_notes == said
    assert set(said) <= set(task.notes)
    others = [note for note in task.notes if note not in said]
    assert not [note for note in others if "evaluation" in note or "report on" in note]
