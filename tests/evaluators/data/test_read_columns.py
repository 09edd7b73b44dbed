from __future__ import annotations

import json
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from evaluators.data.read_columns import read_columns
from tests.evaluators.data.written import write

ROWS = [{"text": "a", "n": 1}, {"n": 2, "text": "b\nc"}]
WRITTEN = ["".join(json.dumps(row) + "\n" for row in ROWS), json.dumps(ROWS), json.dumps(ROWS, indent=2)]


@pytest.mark.parametrize("content", [*WRITTEN, "\ufeff \n" + WRITTEN[1]])
def test_json_is_an_array_of_objects_or_an_object_a_line(tmp_path: Path, content: str) -> None:
    columns = read_columns(write(tmp_path / "rows.json", content))
    assert columns.values == {"text": ["a", "b\nc"], "n": [1, 2]}


def test_what_is_nested_in_parquet_is_as_in_json(tmp_path: Path) -> None:
    talks = [[{"role": "user", "content": "a"}], [{"role": "assistant", "content": None}] * 2]
    path, lines = tmp_path / "rows.parquet", "".join(json.dumps({"messages": talk}) + "\n" for talk in talks)
    pyarrow.parquet.write_table(pyarrow.table({"messages": talks}), path)
    assert read_columns(path).values == {"messages": talks}
    assert read_columns(write(tmp_path / "rows.jsonl", lines)).values == {"messages": talks}
