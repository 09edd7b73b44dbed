from __future__ import annotations

from pathlib import Path

import pytest

from evaluators.data.columns import Columns
from evaluators.data.message import Message
from evaluators.data.read_messages import holds_messages, read_messages
from spaces.errors import InputError

USER = {"role": "user", "content": "a"}


def column(*values: object) -> Columns:
    return Columns(Path("rows.jsonl"), {"messages": values})


def test_messages_are_read_row_by_row_and_what_is_null_in_them_is_not_there():
    found = read_messages(column([USER, {**USER, "tool_calls": None}], None), "messages")
    assert found == [(Message("user", "a"),) * 2, ()]


def test_a_column_of_lists_holds_messages():
    assert holds_messages(column(None, [USER]), "messages")
    assert not holds_messages(column(None, "a"), "messages")
    with pytest.raises(InputError, match="holds messages at row 2 and a text at row 1"):
        holds_messages(column("a", [USER]), "messages")


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ([{"from": "human", "value": "a"}], "row 1: a message is no role with a content"),
        (
            [{"role": "user", "content": [{"type": "text", "text": "a"}]}],
            "no role with a content, both of them",
        ),
        ([{"role": "user", "content": None}], "no role with a content"),
        (["a"], "no role with a content"),
        ([USER, {**USER, "role": "gpt"}], "the role 'gpt' is unknown; use one of assistant, developer"),
        ([{**USER, "tool_calls": [{}]}], "a message has 'tool_calls' besides role and content"),
        ([{**USER, "content": "\ud800"}], "half a character"),
        ({"role": "user"}, "holds a dict at row 1; give a list of messages"),
    ],
)
def test_what_is_no_message_of_text_is_refused_in_one_line(value, says):
    with pytest.raises(InputError, match=says) as error:
        read_messages(column(value), "messages")
    assert "\n" not in str(error.value)
