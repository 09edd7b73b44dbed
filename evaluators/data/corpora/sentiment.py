"""What a sentence says of a film: a question that every user of the ``demo`` extra has the rows of."""

from __future__ import annotations

from evaluators.data.questions import Question

from .entry import CorpusEntry, text_in

__all__ = ["sentiment_question"]


def sentiment_question(entry: CorpusEntry) -> Question:
    """Whether a sentence is meant well, asked as lm-evaluation-harness asks SST-2 (lm_eval/tasks/glue/sst2).

    >>> asked = sentiment_question({"text": "a film of quiet grace .", "label": "1"})
    >>> print(asked.prompt + asked.choices[asked.right])
    a film of quiet grace .
    Question: Is this sentence positive or negative?
    Answer: positive
    """
    asked = f"{text_in(entry, 'text').strip()}\nQuestion: Is this sentence positive or negative?\nAnswer:"
    return Question(asked, (" negative", " positive"), int(entry["label"]))
