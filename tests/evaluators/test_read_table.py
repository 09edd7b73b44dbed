"""Files as users and GLUE write them, and what is wrong with those that cannot be read."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators.read_table import read_table
from spaces.errors import InputError, UsageError

GLUE = Path(__file__).resolve().parents[2] / "../shared/glue"
needs_glue = pytest.mark.skipif(
    not (GLUE / "MRPC" / "train.tsv").is_file(),
    reason="GLUE's files are not in ../shared/glue beside the checkout",
)
ROWS = [("a fine film", "1"), ('it says "no', "0")]


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("extension", ["tsv", "csv", "jsonl", "json", "parquet", "TSV"])
def test_the_same_rows_come_from_every_format(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"rows.{extension}"
    if extension == "csv":
        write(path, 'id,text,label\n7,a fine film,1\r\n8,"it says ""no",0\n\n')
    elif extension.startswith("json"):
        lines = [json.dumps({"id": 7, "text": text, "label": int(label)}) for text, label in ROWS]
        write(path, "\n".join([lines[0], "", lines[1]]))
    elif extension == "parquet":
        pandas.DataFrame(
            {"text": [t for t, _ in ROWS], "label": [int(label) for _, label in ROWS]}
        ).to_parquet(path)
    else:
        write(path, "\ufeffid\ttext\tlabel\r\n" + "".join(f"7\t{text}\t{label}\r\n" for text, label in ROWS))
    table = read_table(path)
    assert table.texts == (("a fine film",), ('it says "no',))
    assert table.labels == ("1", "0")


def test_mrpc_columns_answer_to_their_names_and_to_the_usual_ones(tmp_path: Path) -> None:
    header = "\ufeffQuality\t#1 ID\t#2 ID\t#1 String\t#2 String\n"
    path = write(tmp_path / "mrpc.tsv", header + '1\t10\t20\tHe said " so .\tSo he said .\n')
    by_guess = read_table(path)
    assert by_guess.texts == (('He said " so .', "So he said ."),)
    assert by_guess.labels == ("1",)
    assert read_table(path, text_columns=["sentence1", "sentence2"], label_column="label") == by_guess
    assert read_table(path, text_columns=["#1 String", "#2 String"], label_column="Quality") == by_guess


@needs_glue
@pytest.mark.parametrize(
    ("name", "rows", "positive"),
    [("train", 3668, 2474), ("dev", 408, 279), ("test_labelled", 1725, 1147)],
)
def test_real_mrpc_is_read_whole(name: str, rows: int, positive: int) -> None:
    path = GLUE / "MRPC" / f"{name}.tsv"
    table = read_table(path)
    lines = path.read_text(encoding="utf-8-sig").split("\n")[1:]
    assert len(table) == sum(bool(line) for line in lines) == len([*table.texts])
    assert abs(len(table) - rows) <= 1
    assert table.labels.count("1") == sum(line.startswith("1\t") for line in lines)
    assert abs(table.labels.count("1") - positive) <= 1
    assert all(
        line.endswith("\t".join(pair)) for line, pair in zip(filter(None, lines), table.texts, strict=True)
    )


@needs_glue
def test_real_sst2_is_read_whole() -> None:
    table = read_table(GLUE / "SST-2" / "dev.tsv")
    assert len(table) == 872
    assert table.texts[0] == ("it 's a charming and often affecting journey . ",)
    assert set(table.labels) == {"0", "1"}


@pytest.mark.parametrize(
    ("header", "guessed"),
    [
        ("label,sentence2,sentence1", ("sentence1", "sentence2")),
        ("premise,hypothesis,label", ("premise", "hypothesis")),
        ("question1,question2,label", ("question1", "question2")),
        ("question,sentence,label", ("question", "sentence")),
        ("sentence,label,text", ("sentence",)),
        ("text,label,source", ("text",)),
    ],
)
def test_text_columns_are_guessed_from_the_header(
    tmp_path: Path, header: str, guessed: tuple[str, ...]
) -> None:
    path = write(tmp_path / "rows.csv", f"{header}\n{header}\n")  # the row's values are the columns' names
    assert read_table(path).texts == (guessed,)


@pytest.mark.parametrize(
    ("value", "label"),
    [("1", "1"), ("1.0", "1"), ("2.5", "2.5"), ("true", "1"), ('"yes"', "yes"), ("Infinity", "inf")],
)
def test_labels_become_text(tmp_path: Path, value: str, label: str) -> None:
    path = write(tmp_path / "rows.jsonl", f'{{"text": "a", "label": {value}}}')
    assert read_table(path).labels == (label,)


@given(st.lists(st.text(min_size=1).filter(str.strip), min_size=1, max_size=5))
def test_json_lines_keep_any_text(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    path = tmp_path_factory.mktemp("any") / "rows.jsonl"
    lines = [json.dumps({"text": text, "label": "x"}, ensure_ascii=False) for text in texts]
    path.write_text("\n".join(lines), encoding="utf-8", newline="")
    assert read_table(path).texts == tuple((text,) for text in texts)


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


@pytest.mark.parametrize("names", [[], ["a", "b", "c"]])
def test_one_or_two_text_columns_can_be_named(tmp_path: Path, names: list[str]) -> None:
    path = write(tmp_path / "rows.csv", "a,b,c,label\n1,2,3,4\n")
    with pytest.raises(UsageError, match=f"{len(names)} text columns .* are given; name one, or two"):
        read_table(path, text_columns=names)


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
        ("rows.json", '[{"text": "a", "label": 1}]', "line 1 is a JSON list; write one object a line"),
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
