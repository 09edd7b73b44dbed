"""Every format of a language model's rows, and what is wrong with those that cannot be read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from evaluators.data.alpaca import alpaca_prompt
from evaluators.data.message import Message
from evaluators.data.passages import Passages
from evaluators.data.read_columns import read_columns
from evaluators.data.read_passages import has_passages, read_passages
from spaces.errors import InputError, UsageError
from tests.evaluators.data.written import write

USER, REPLY = {"role": "user", "content": "1 + 1?"}, {"role": "assistant", "content": "2"}
ASKED, ANSWER = Message("user", "1 + 1?"), Message("assistant", "2")
FORMATS: list[tuple[list[dict[str, Any]], Passages]] = [
    ([{"text": "so be it"}], Passages(("",), ("so be it",))),
    (
        [{"prompt": "1 + 1 =", "completion": " 2"}, {"prompt": "", "completion": "so be it"}],
        Passages(("1 + 1 =", ""), (" 2", "so be it")),
    ),
    ([{"prompt": None, "completion": "so be it"}] * 2, Passages(("", ""), ("so be it",) * 2)),
    ([{"prompt": [USER], "completion": [REPLY]}], Passages(((ASKED,),), ((ANSWER,),))),
    ([{"messages": [USER, REPLY, USER]}], Passages(("",), ((ASKED, ANSWER, ASKED),))),
    (
        [
            {"instruction": "Add.", "input": "1, 1", "output": "2", "text": "all of it"},
            {"instruction": "Go on.", "input": "", "output": "3", "text": "all of it"},
        ],
        Passages((alpaca_prompt("Add.", "1, 1"), alpaca_prompt("Go on.")), ("2", "3")),
    ),
    ([{"instruction": "Go on.", "output": "3"}], Passages((alpaca_prompt("Go on."),), ("3",))),
]
NAMES = ["text", "prompted", "no prompt", "spoken", "messages", "alpaca", "no input"]


def written(path: Path, rows: list[dict[str, Any]]) -> Path:
    """The rows in the format that the file's ending says."""
    if path.suffix == ".parquet":
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
        return path
    whole = json.dumps(rows) if path.suffix == ".json" else "\n".join(map(json.dumps, rows))
    return write(path, whole)


def read(tmp_path: Path, rows: list[dict[str, Any]], extension: str = "jsonl", **named: str) -> Passages:
    return read_passages(read_columns(written(tmp_path / f"rows.{extension}", rows)), **named)


@pytest.mark.parametrize("extension", ["jsonl", "json", "parquet"])
@pytest.mark.parametrize(("rows", "passages"), FORMATS, ids=NAMES)
def test_a_format_is_found_from_its_columns(tmp_path, rows, passages, extension):
    columns = read_columns(written(tmp_path / f"rows.{extension}", rows))
    assert has_passages(columns)
    assert read_passages(columns) == passages


@pytest.mark.parametrize("names", ["text,label", "text,Quality", "sentence", "prompt", "instruction,input"])
def test_other_columns_are_none_of_a_language_model(tmp_path, names):
    path = write(tmp_path / "rows.csv", f"{names}\n" + ",".join("a" for _ in names.split(",")))
    assert not has_passages(read_columns(path))


def test_columns_may_be_named(tmp_path):
    rows = [{"question": "a", "answer": "b", "prompt": "c", "completion": "d"}]
    assert read(tmp_path, rows, prompt_column="question") == Passages(("a",), ("d",))
    assert read(tmp_path, rows, completion_column="answer") == Passages(("c",), ("b",))
    both = {"prompt_column": "question", "completion_column": "answer"}
    assert read(tmp_path, rows, **both) == Passages(("a",), ("b",))
    talk = [{"conversation": [USER, REPLY]}]
    assert read(tmp_path, talk, completion_column="conversation") == Passages(("",), ((ASKED, ANSWER),))


@pytest.mark.parametrize(
    ("named", "says"),
    [
        ({"prompt_column": "question"}, r"no column 'completion'; its columns are \['question', 'answer'\]"),
        ({"completion_column": "reply"}, "no column 'reply'; .* `prompt_column` and `completion_column`"),
        ({"prompt_column": "ask", "completion_column": "answer"}, "no column 'ask'"),
        ({}, "a language model's cannot be guessed; name them with `completion_column`"),
    ],
)
def test_a_column_that_is_not_there_is_named(tmp_path, named, says):
    with pytest.raises(UsageError, match=says):
        read(tmp_path, [{"question": "a", "answer": "b"}], **named)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (
            [{"prompt": "a", "completion": "b"}, {"prompt": "c", "completion": " "}],
            "1 of 2 rows lack a completion, the first is row 2",
        ),
        (
            [{"prompt": "a", "completion": "b"}, {"prompt": "c", "completion": True}],
            "column 'completion' holds a bool at row 2; write as text what is to be read or said",
        ),
        (
            [{"prompt": "a", "completion": "b"}, {"prompt": None, "completion": "d"}],
            "1 of 2 rows lack a prompt, if only an empty text, the first is row 2",
        ),
        ([{"prompt": "", "completion": "b"}, {"completion": "d"}], "1 of 2 rows lack a prompt"),
        (
            [{"prompt": [USER], "completion": [REPLY]}, {"prompt": None, "completion": [REPLY]}],
            "1 of 2 rows lack a prompt",
        ),
        ([{"prompt": False, "completion": "b"}], "column 'prompt' holds a bool at row 1"),
        ([{"text": True}], "column 'text' holds a bool at row 1"),
        (
            [{"instruction": "a", "input": True, "output": "b"}],
            "column 'input' holds a bool at row 1",
        ),
        ([{"instruction": "", "output": "b"}], "1 of 1 row lack an instruction"),
        ([{"messages": [USER]}], "1 of 1 row lack an answer of the assistant"),
        ([{"messages": [USER, {**REPLY, "content": " "}]}], "lack an answer of the assistant"),
        ([{"messages": []}], "lack an answer of the assistant"),
        ([{"messages": "user: a"}], "column 'messages' holds a str at row 1; give a list of messages"),
        ([{"prompt": [], "completion": [REPLY]}], "column 'prompt'|lack a prompt"),
        (
            [{"prompt": "a", "completion": [REPLY]}],
            "'completion' holds messages, but column 'prompt' holds",
        ),
        (
            [{"prompt": [USER], "completion": "b"}],
            "'prompt' holds messages, but column 'completion' holds",
        ),
        (
            [{"prompt": "a", "completion": "b"}, {"prompt": [USER], "completion": [REPLY]}],
            "column 'completion' holds messages at row 2 and a text at row 1",
        ),
        ([{"messages": [USER, REPLY], "tools": "[{}]"}], "has the column 'tools', which is not handed"),
    ],
)
def test_rows_that_cannot_be_learned_are_refused_in_one_line(tmp_path, rows, says):
    with pytest.raises(InputError, match=says) as error:
        read(tmp_path, rows)
    assert "\n" not in str(error.value)
