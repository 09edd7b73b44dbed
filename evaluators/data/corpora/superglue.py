"""BoolQ, CommitmentBank and COPA of SuperGLUE, as questions with choices.

Prompts and choices are those of lm-evaluation-harness (lm_eval/tasks/super_glue), by which results of
language models are usually stated.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from evaluators.data.questions import Question

from .entry import CorpusEntry, text_in

__all__ = ["boolq_question", "cb_question", "copa_question"]

_SAID: Final[Mapping[str, str]] = MappingProxyType(
    {"entailment": " True", "contradiction": " False", "neutral": " Neither"}
)
_CONNECTED_BY: Final[Mapping[str, str]] = MappingProxyType({"cause": "because", "effect": "therefore"})


def boolq_question(entry: CorpusEntry) -> Question:
    """Whether it is so, by a passage; its label is a truth value, or 0 or 1 as on the hub.

    >>> entry = {"question": "is the sky blue", "passage": "By day it is.", "label": True}
    >>> boolq_question(entry)
    Question(prompt='By day it is.\\nQuestion: is the sky blue?\\nAnswer:', choices=(' no', ' yes'), right=1)
    """
    asked = f"{text_in(entry, 'passage')}\nQuestion: {text_in(entry, 'question')}?\nAnswer:"
    return Question(asked, (" no", " yes"), _whole(entry["label"]))


def cb_question(entry: CorpusEntry) -> Question:
    """Whether a premise commits its speaker to a hypothesis; its label is a word, or 0, 1 or 2 as on the hub.

    >>> cb_question({"premise": "It rains.", "hypothesis": "it is dry", "label": "contradiction"}).right
    1
    """
    premise, hypothesis = text_in(entry, "premise"), text_in(entry, "hypothesis")
    asked = f"{premise}\nQuestion: {hypothesis}. True, False, or Neither?\nAnswer:"
    label = entry["label"]
    right = list(_SAID).index(label) if isinstance(label, str) else _whole(label)
    return Question(asked, tuple(_SAID.values()), right)


def copa_question(entry: CorpusEntry) -> Question:
    """Which of two sentences is the cause, or the effect, of a premise.

    >>> choices = {"choice1": "It froze.", "choice2": "It was dry."}
    >>> copa_question({"premise": "I slipped.", **choices, "question": "cause", "label": 0})
    Question(prompt='I slipped because', choices=(' it froze.', ' it was dry.'), right=0)
    """
    asked = f"{text_in(entry, 'premise').strip()[:-1]} {_CONNECTED_BY[entry['question']]}"
    choices = (text_in(entry, "choice1"), text_in(entry, "choice2"))
    return Question(asked, tuple(f" {one[0].lower()}{one[1:]}" for one in choices), _whole(entry["label"]))


def _whole(label: Any) -> int:
    """A label that is a number; raises ValueError on another, among them -1, which hides what is right."""
    if (number := int(label)) != (label if not isinstance(label, str) else number):
        raise ValueError(f"label {label!r} is no whole number")
    return number
