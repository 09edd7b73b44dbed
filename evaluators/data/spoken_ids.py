"""The tokens of what is said: of texts by the tokenizer alone, of conversations through its chat template."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from transformers import PreTrainedTokenizerBase

from spaces.counted import counted
from spaces.errors import InputError, UsageError
from spaces.foreign import foreign
from spaces.printable import printable

from .message import ASSISTANT, Message, Said, read_aloud

__all__ = [
    "Spoken",
    "begun_note",
    "begun_twice",
    "check_chat_template",
    "check_generation_marks",
    "opening_ids",
    "spoken_ids",
    "text_ids",
    "turn_ends",
]

_MARKS: Final = re.compile(r"\{%[-+]?\s*generation\s*[-+]?%\}")
_SHOWN: Final = 60  # characters of a conversation by which a person may find it
_BROKEN: Final = "mend its tokenizer.json (an unknown token, its normalizer), or choose another model."
_UNFIT: Final = "mend the messages, or its chat_template."
_PROBE: Final = "qzxjkv"  # an answer that no template writes itself


@dataclass(frozen=True, slots=True, eq=False)
class Spoken:
    """ids: (tokens,) int64. by_assistant: (tokens,) bool, which of them the assistant says; None where it was
    not asked."""

    ids: np.ndarray
    by_assistant: np.ndarray | None = None


def text_ids(texts: Sequence[Said], tokenizer: PreTrainedTokenizerBase) -> list[np.ndarray]:
    """(tokens,) int64 of each text, with the special tokens that the tokenizer puts around one.

    A text that begins with the begin-of-text token itself, as one that a chat template wrote, gets no second.
    """
    begun = begun_twice(texts, tokenizer)
    return [row[1:] if i in begun else row for i, row in enumerate(_around(texts, tokenizer))]


def begun_note(part: str, noun: str, texts: Sequence[Said], tokenizer: PreTrainedTokenizerBase) -> list[str]:
    """A sentence about texts that begin with the begin-of-text token themselves. noun: for one of them."""
    begun = len(begun_twice(texts, tokenizer))
    if not begun:
        return []
    verb = "begins" if begun == 1 else "begin"
    return [
        f"{begun} of {counted(len(texts), noun)} of the {part} part {verb} with {tokenizer.bos_token!r}, "
        "which the tokenizer puts in front as well; it is there once"
    ]


def begun_twice(texts: Sequence[Said], tokenizer: PreTrainedTokenizerBase) -> set[int]:
    """The places of texts that would have the begin-of-text token twice: their own, and the tokenizer's."""
    token, begin = tokenizer.bos_token, tokenizer.bos_token_id
    own = [i for i, text in enumerate(texts) if token and isinstance(text, str) and text.startswith(token)]
    if not own or _around([""], tokenizer)[0][:1].tolist() != [begin]:
        return set()
    rows = _around([texts[i] for i in own], tokenizer)
    return {i for i, row in zip(own, rows, strict=True) if row[:2].tolist() == [begin, begin]}


def _around(texts: Sequence[Said], tokenizer: PreTrainedTokenizerBase) -> list[np.ndarray]:
    """The tokens of each text as the tokenizer gives them."""
    if not texts:
        return []
    with foreign("the model's tokenizer fails on the task's texts", _BROKEN):
        encoding = tokenizer(list(texts), return_attention_mask=False)
        return [np.array(row, dtype=np.int64) for row in encoding["input_ids"]]


def spoken_ids(
    conversation: Sequence[Message],
    tokenizer: PreTrainedTokenizerBase,
    *,
    answering: bool = False,
    assistant: bool = False,
) -> Spoken:
    """The tokens of a conversation as the chat template writes it.

    Args:
        conversation: at least one message.
        tokenizer: the model's own; ``check_chat_template`` says whether it has a template.
        answering: whether it ends with the mark that the assistant speaks next.
        assistant: whether it is asked what the assistant says.

    Raises InputError where the tokenizer or its template fails.
    """
    begins = printable(read_aloud(tuple(conversation)))[:_SHOWN]
    with foreign(f"the tokenizer's chat template fails on the conversation {begins!r}...", _UNFIT):
        encoding: Any = tokenizer.apply_chat_template(
            _as_templates_take_it(conversation),
            tokenize=True,
            return_dict=True,
            add_generation_prompt=answering,
            return_assistant_tokens_mask=assistant,
        )
        ids = np.array(encoding["input_ids"], dtype=np.int64)
        mask = np.array(encoding["assistant_masks"], dtype=bool) if assistant else None
    return Spoken(ids, mask)


def turn_ends(question: Sequence[Message], tokenizer: PreTrainedTokenizerBase) -> tuple[int, ...]:
    """The token by which the chat template closes an answer to this: the first special or added one that it
    writes behind what is said; none where it writes none, and a turn ends in plain text or not at all.

    It need not be the end-of-text token, as it is not in the checkpoints of many base models.
    """
    with foreign("the tokenizer's chat template fails on an answer", _UNFIT):
        _, behind = _around_an_answer(question, tokenizer)
        ids = tokenizer(behind, add_special_tokens=False)["input_ids"]
    marks = {id for id, token in tokenizer.added_tokens_decoder.items() if token.content.strip()}
    marks.discard(tokenizer.unk_token_id)
    return tuple(id for id in ids if id in marks)[:1]


def opening_ids(question: Sequence[Message], tokenizer: PreTrainedTokenizerBase) -> np.ndarray | None:
    """(tokens,) int64 of all that the chat template writes in front of an answer to this, where that is more
    than the question with the mark that the assistant speaks next, as where it writes an empty thought.

    None where nothing but blanks is between that mark and what is said, or the template writes the mark
    otherwise.
    """
    with foreign("the tokenizer's chat template fails on an answer", _UNFIT):
        before, _ = _around_an_answer(question, tokenizer)
        talk = _as_templates_take_it(question)
        due = str(tokenizer.apply_chat_template(talk, tokenize=False, add_generation_prompt=True))
        if not before.startswith(due) or not before[len(due) :].strip():
            return None
        return np.array(tokenizer(before, add_special_tokens=False)["input_ids"], dtype=np.int64)


def _around_an_answer(question: Sequence[Message], tokenizer: PreTrainedTokenizerBase) -> tuple[str, str]:
    """What the chat template writes before and behind an answer to this; nothing where it writes none."""
    talk = _as_templates_take_it([*question, Message(ASSISTANT, _PROBE)])
    before, said, behind = str(tokenizer.apply_chat_template(talk, tokenize=False)).rpartition(_PROBE)
    return (before, behind) if said else ("", "")


def _as_templates_take_it(conversation: Sequence[Message]) -> list[dict[str, str]]:
    return [{"role": message.role, "content": message.content} for message in conversation]


def check_chat_template(tokenizer: PreTrainedTokenizerBase) -> str:
    """The template that conversations are written by; raises InputError where the tokenizer has none."""
    try:
        return str(tokenizer.get_chat_template())
    except ValueError:
        raise InputError(
            "the model's tokenizer has no chat template, by which messages could be written; choose a model "
            "that was trained to chat, or give texts: `prompt_column` and `completion_column`."
        ) from None


def check_generation_marks(tokenizer: PreTrainedTokenizerBase) -> None:
    """Raises UsageError where the template does not mark what the assistant says."""
    if not _MARKS.search(check_chat_template(tokenizer)):
        raise UsageError(
            "`assistant_only_loss` needs a chat template that marks what the assistant says, between "
            "{% generation %} and {% endgeneration %}, and the tokenizer's has no such marks; add them to "
            "its chat_template, or leave `assistant_only_loss` out."
        )
