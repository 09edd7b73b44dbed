"""Files that cannot be read as a table: one line that says what is wrong with them."""

from __future__ import annotations

import decimal
import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas
import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evaluators.data.read_table import read_table
from spaces.errors import InputError, UsageError
from tests.evaluators.data.written import write


@pytest.mark.parametrize("options", [{"text_columns": ["body"]}, {"label_column": "body"}])
def test_a_missing_column_is_refused_with_those_there_are(tmp_path: Path, options: dict[str, Any]) -> None:
    path = write(tmp_path / "rows.csv", "text,label,source\na,1,b\n")
    message = re.escape("no column 'body'; its columns are ['text', 'label', 'source']")
    with pytest.raises(UsageError, match=message):
        read_table(path, **options)


def test_text_columns_that_cannot_be_guessed_are_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.csv", "body,label\na,1\n")
    with pytest.raises(
        UsageError, match=re.escape("['body', 'label'], among which no text column can be guessed")
    ):
        read_table(path)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("prompt",), "prompt and no completion among them; name it with `completion_column`."),
        (("completion",), "completion and no prompt among them; name it with `prompt_column`."),
        (("question", "answer"), "a language model's with `prompt_column` and `completion_column`."),
    ],
)
def test_columns_of_a_language_model_are_named_as_such(
    tmp_path: Path, names: tuple[str, ...], said: str
) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps(dict.fromkeys(names, "x")))
    with pytest.raises(UsageError, match=re.escape(said)):
        read_table(tmp_path / "a.jsonl")


@pytest.mark.parametrize("name", ["rows.txt", "rows"])
def test_an_unknown_extension_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"use one of \.tsv, \.csv, \.jsonl, \.json, \.parquet"):
        read_table(write(tmp_path / name, "text,label\na,1\n"))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"none\.csv cannot be read: No such file or directory; give the path"
    ):
        read_table(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("name", "content"),
    [("rows.csv", ""), ("rows.tsv", " \n"), ("rows.jsonl", "\n\n"), ("rows.parquet", "")],
)
def test_an_empty_file_is_refused(tmp_path: Path, name: str, content: str) -> None:
    with pytest.raises(InputError, match="is empty; give a file with at least one row"):
        read_table(write(tmp_path / name, content))


@pytest.mark.parametrize("name", ["rows.csv", "rows.tsv", "rows.parquet"])
def test_a_header_without_rows_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name.endswith("parquet"):
        pandas.DataFrame({"text": [], "label": []}).to_parquet(path)
    else:
        write(path, "text\tlabel\n".replace("\t", "," if name.endswith("csv") else "\t"))
    with pytest.raises(InputError, match="has no rows; give a file with at least one row"):
        read_table(path)


@pytest.mark.parametrize("name", ["rows.csv", "rows.tsv", "rows.jsonl"])
def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"is not UTF-8 \(byte 5\); save it as UTF-8"):
        read_table(write(tmp_path / name, b"text,\xff\xfe"))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("rows.tsv", "text\tlabel\na\t1\nb\n", "row 2 has 1 field and the header 2"),
        ("rows.csv", "text,label\na,1,2\n", "row 1 has 3 fields and the header 2"),
        ("rows.csv", 'text,label\n"a,1\n', "is not well-formed CSV"),
        ("rows.csv", "text,text,label\na,b,1\n", "two columns of one name"),
        ("rows.jsonl", '{"text": "a", "label": 1}\n{"text"\n', "line 2 is not JSON"),
        ("rows.jsonl", '[{"text": "a", "label": 1}]', "line 1 is a JSON list; write one object a line"),
        (
            "rows.json",
            '{"text": "a",\n"label": 1}',
            "line 1 is not JSON .* write an array of objects, or one",
        ),
        ("rows.json", '[{"text": "a"}, ["b"]]', "item 2 is a JSON list; write an array of objects"),
        ("rows.json", '[{"text": "a"}, {"text": "b", "id": 1}]', "the items 1 and 2 has 'id' and the other"),
        ("rows.json", '[{"text": "a"}', "is not JSON"),
        ("rows.json", "[]", "has no rows"),
        ("rows.jsonl", '{"text": ["a"], "label": 1}', "column 'text' holds a list at row 1"),
        ("rows.parquet", "PAR1 not really", "is not a readable Parquet file"),
    ],
)
def test_a_malformed_file_is_refused_in_one_line(
    tmp_path: Path, name: str, content: str, message: str
) -> None:
    with pytest.raises(InputError, match=message) as error:
        read_table(write(tmp_path / name, content))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            '{"text": "a", "label": 1}\n{"text": "b"}\n{"text": "c", "label": null}\n',
            "2 of 3 rows lack a label",
        ),
        ('{"text": "a", "label": 1}\n{"text": " ", "label": 1}\n', "1 of 2 rows lack a text"),
        ('{"text": "a", "label": 1}\n{"text": "b", "label": NaN}\n', "1 of 2 rows lack a label"),
    ],
)
def test_rows_without_label_or_text_are_counted_and_the_first_is_named(
    tmp_path: Path, content: str, message: str
) -> None:
    with pytest.raises(InputError, match=f"{message}, the first is row 2"):
        read_table(write(tmp_path / "rows.jsonl", content))


@pytest.mark.parametrize("extension", ["tsv", "csv", "jsonl"])
def test_a_byte_order_mark_alone_is_an_empty_file(tmp_path: Path, extension: str) -> None:
    with pytest.raises(InputError, match="is empty; give a file"):
        read_table(write(tmp_path / f"rows.{extension}", "\ufeff\n\n"))


def test_two_columns_of_one_name_are_refused_in_every_format(tmp_path: Path) -> None:
    parquet = tmp_path / "rows.parquet"
    columns = [pyarrow.array(["a"]), pyarrow.array(["b"]), pyarrow.array(["1"])]
    pyarrow.parquet.write_table(pyarrow.Table.from_arrays(columns, ["text", "text", "label"]), parquet)
    write(tmp_path / "rows.csv", "text,text,label\na,b,1\n")
    write(tmp_path / "rows.tsv", "text\ttext\tlabel\na\tb\t1\n")
    write(tmp_path / "rows.jsonl", '{"text": "a", "text": "b", "label": 1}\n')
    for extension in ("csv", "tsv", "jsonl", "parquet"):
        with pytest.raises(InputError, match="two columns of one name among"):
            read_table(tmp_path / f"rows.{extension}")


@pytest.mark.parametrize(
    "value", ["[1]", "{}", "[]", "9" * 5000, "[" * 100_000, '"\\ud800"', "null", '""', '" "', "NaN"]
)
def test_values_that_are_no_label_are_one_line(tmp_path: Path, value: str) -> None:
    path = write(tmp_path / "rows.jsonl", f'{{"text": "a", "label": {value}}}')
    with pytest.raises(InputError, match=re.escape(str(path))) as error:
        read_table(path)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 500


@pytest.mark.parametrize(
    "column",
    [
        pyarrow.array([[1], [2]]),
        pyarrow.array([{"a": 1}, {"a": 2}]),
        pyarrow.array([b"a", b"b"]),
        pyarrow.array([2**62, -(2**62)], pyarrow.timestamp("ms")),  # beyond Python's years
        pyarrow.array([decimal.Decimal("1.5"), decimal.Decimal("2")]),
    ],
    ids=lambda column: str(column.type),
)
def test_parquet_types_that_are_no_label_are_one_line(tmp_path: Path, column: Any) -> None:
    path = tmp_path / "rows.parquet"
    table = pyarrow.Table.from_arrays([pyarrow.array(["a", "b"]), column], ["text", "label"])
    pyarrow.parquet.write_table(table, path)
    with pytest.raises(InputError, match=re.escape(str(path))) as error:
        read_table(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("extension", ["tsv", "csv", "jsonl", "json", "parquet"])
@given(
    content=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_rows_or_one_error(tmp_path: Path, extension: str, content: bytes) -> None:
    for before in (b"", b"text,label\n", b"text\tlabel\n", b'{"text": "a", "label": '):
        with suppress(InputError):
            read_table(write(tmp_path / f"rows.{extension}", before + content))


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_parquet_file_is_rows_or_one_error(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "rows.parquet"
    pandas.DataFrame({"text": ["a", "b"] * 20, "label": [True, False] * 20}).to_parquet(path)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with suppress(InputError):
        read_table(write(path, bytes(content[: data.draw(st.integers(1, len(content)))])))


def test_a_line_that_is_too_much_for_json_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise MemoryError

    path = tmp_path / "a.jsonl"
    path.write_text("{}\n")
    monkeypatch.setattr(json, "loads", fails)
    with pytest.raises(InputError, match=r"line 1 is not JSON \(MemoryError\); write one object a line\.$"):
        read_table(path)
