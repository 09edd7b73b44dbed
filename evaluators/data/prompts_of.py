"""What the rows of a language model ask, each question once, with all answers that are known to it."""

from __future__ import annotations

import logging

from transformers import PreTrainedTokenizerBase

from spaces.counted import counted

from .message import Said, read_aloud
from .passages import Passages
from .prompts import Prompts
from .spoken_ids import turn_ends
from .tokenised_passages import question_ids

__all__ = ["prompts_of"]

_log = logging.getLogger(__name__)


def prompts_of(
    rows: Passages, known: Passages, tokenizer: PreTrainedTokenizerBase, *, limit: int
) -> Prompts | None:
    """The distinct questions of the rows in their order; None where they ask nothing, as plain texts do.

    References have no white space around them, and are said but once each.

    Args:
        rows: what asks.
        known: rows, those among them, whose answers to the same questions are references.
        tokenizer: the model's own.
        limit: tokens. A question of as many leaves no room for an answer, as in a row; it is left out, and
            counted in the log, even where none remains.
    """
    references: dict[Said, dict[str, None]] = {}
    for question, answer in zip(known.questions, known.answers, strict=True):
        references.setdefault(question, {})[answer] = None
    first = {question: place for place, question in reversed([*enumerate(rows.questions)]) if question}
    if not first:
        return None
    asked = rows.take(sorted(first.values()))
    ids = question_ids(asked, tokenizer)
    kept = [place for place, own in enumerate(ids) if len(own) < limit]
    if long := len(ids) - len(kept):
        _log.warning(
            f"left out {long} of {counted(len(ids), 'prompt')} to answer: no room is left for an answer "
            f"within {counted(limit, 'token')}"
        )
    questions = asked.questions
    return Prompts(
        tuple(ids[place] for place in kept),
        tuple(read_aloud(questions[place]) for place in kept),
        tuple(tuple(references[questions[place]]) for place in kept),
        turn_ends(questions[0], tokenizer) if not isinstance(questions[0], str) else None,
    )
