"""A language model's rows among a file's columns: which of TRL's formats they are, and what they say."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

from spaces.errors import InputError, UsageError
from spaces.printable import quoted_names

from .alpaca import alpaca_prompt
from .columns import Columns
from .labelled_rows import has_labels
from .message import ASSISTANT, Message
from .passages import Passages
from .read_messages import holds_messages, read_messages

__all__ = ["has_passages", "read_passages", "tell_of_unread"]

_log = logging.getLogger(__name__)
_PAIRS: Final = (("prompt", "completion"), ("messages",), ("instruction", "output"))
_UNREAD: Final = ("tools", "chat_template_kwargs")  # columns that TRL hands to the chat template


def has_passages(columns: Columns) -> bool:
    """Whether the columns are called as those of a language model's rows, and not as labelled texts."""
    return _paired(columns) or ("text" in columns and not has_labels(columns))


def tell_of_unread(columns: Columns) -> None:
    """Logs the columns beside one of texts that is taken for plain language: any of them may have labels."""
    others = [name for name in columns.names if name != "text"]
    if _paired(columns) or not others:
        return
    noun, verb, which = ("column", "is", "it") if len(others) == 1 else ("columns", "are", "one of them")
    _log.warning(
        f"{columns.path}: the column 'text' is learned as plain text, and the {noun} {quoted_names(others)} "
        f"{verb} not read; where {which} has labels, name it with `label_column`"
    )


def read_passages(
    columns: Columns, *, prompt_column: str | None = None, completion_column: str | None = None
) -> Passages:
    """The rows as a language model learns them.

    Where no column is named, they are the first of prompt and completion / messages / instruction, input and
    output as Alpaca asks them / text that is there. Prompts, completions and messages may be texts or lists
    of messages with a role and a content.

    prompt_column: ``prompt`` where that is there, or none. completion_column: ``completion``.
    Raises UsageError on a column that is not there; InputError on a row without anything to learn, and on
    messages that cannot be read.
    """
    if prompt_column is None and completion_column is None:
        return _guessed(columns)
    completion = completion_column or "completion"
    prompt = "prompt" if prompt_column is None and "prompt" in columns else prompt_column
    for name in (completion, prompt):
        if name is not None and name not in columns:
            raise UsageError(
                f"{columns.path} has no column {name!r}; its columns are {columns.names}. Choose with "
                "`prompt_column` and `completion_column`."
            )
    return _prompted(columns, prompt, completion)


def _paired(columns: Columns) -> bool:
    """Whether columns are there that only a language model's rows have."""
    return any(all(name in columns for name in names) for names in _PAIRS)


def _guessed(columns: Columns) -> Passages:
    if "prompt" in columns and "completion" in columns:
        return _prompted(columns, "prompt", "completion")
    if "messages" in columns:
        return _prompted(columns, None, "messages")
    if "instruction" in columns and "output" in columns:
        return _alpaca(columns)
    if "text" in columns:
        return _prompted(columns, None, "text")
    raise UsageError(
        f"{columns.path} has the columns {columns.names}, among which a language model's cannot be guessed; "
        "name them with `completion_column` and `prompt_column`."
    )


def _prompted(columns: Columns, prompt: str | None, completion: str) -> Passages:
    if holds_messages(columns, completion):
        return _spoken(columns, prompt, completion)
    if completion == "messages":
        read_messages(columns, completion)  # says what is wrong with what it holds instead
    completions = _needed(columns, completion)
    if prompt is None:
        return Passages(("",) * len(completions), completions)
    if holds_messages(columns, prompt):
        raise _unlike(columns, prompt, completion)
    prompts = columns.texts(prompt)
    null = [value is None or value != value for value in columns.values[prompt]]
    if not all(null):  # where all are, the rows are plain texts
        columns.refuse_missing(f"{_one(prompt)}, if only an empty text", null)
    return Passages(tuple(one or "" for one in prompts), completions)


def _spoken(columns: Columns, prompt: str | None, completion: str) -> Passages:
    for name in _UNREAD:
        if name in columns and any(columns.values[name]):
            raise InputError(
                f"{columns.path} has the column {name!r}, which is not handed to the chat template here; "
                "take it out."
            )
    if prompt is not None and not holds_messages(columns, prompt):
        raise _unlike(columns, completion, prompt)
    completions = read_messages(columns, completion)
    columns.refuse_missing("an answer of the assistant", [not _answers(one) for one in completions])
    if prompt is None:
        return Passages(("",) * len(completions), tuple(completions))
    prompts = read_messages(columns, prompt)
    columns.refuse_missing("a prompt", [not one for one in prompts])
    return Passages(tuple(prompts), tuple(completions))


def _alpaca(columns: Columns) -> Passages:
    instructions, learned = _needed(columns, "instruction"), _needed(columns, "output")
    inputs = columns.texts("input") if "input" in columns else [None] * len(learned)
    prompts = (alpaca_prompt(*row) for row in zip(instructions, (one or "" for one in inputs), strict=True))
    return Passages(tuple(prompts), learned)


def _needed(columns: Columns, name: str) -> tuple[str, ...]:
    """A text of every row."""
    texts = columns.texts(name)
    columns.refuse_missing(_one(name), [one is None for one in texts])
    return tuple(one for one in texts if one is not None)


def _one(name: str) -> str:
    """What a row of a column has, with its article."""
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def _answers(conversation: Sequence[Message]) -> bool:
    """Whether the assistant says something, last of all something that is no white space."""
    said = [message.content for message in conversation if message.role == ASSISTANT]
    return bool(said) and bool(said[-1].strip())


def _unlike(columns: Columns, spoken: str, text: str) -> InputError:
    return InputError(
        f"{columns.path}: column {spoken!r} holds messages, but column {text!r} holds texts; give "
        "both of one kind."
    )
