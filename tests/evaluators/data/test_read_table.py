"""Files as users and GLUE write them, and what is wrong with those that cannot be read."""

from __future__ import annotations

import csv
import json
import logging
from pathlib import Path

import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators.data.passages import Passages
from evaluators.data.read_table import read_table
from evaluators.data.text_table import TextTable
from spaces.errors import InputError, UsageError
from tests.evaluators.data.written import write

GLUE = Path(__file__).resolve().parents[3] / "../shared/glue"
needs_glue = pytest.mark.skipif(
    not (GLUE / "MRPC" / "train.tsv").is_file(),
    reason="GLUE's files are not in ../shared/glue beside the checkout",
)
ROWS = [("a fine film", "1"), ('it says "no', "0")]


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


def test_the_kind_of_rows_is_found_from_the_columns_or_given(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.csv", "text,source\nso be it,7\n")
    labelled, said = TextTable((("so be it",),), ("7",)), Passages(("",), ("so be it",))
    assert read_table(path) == said
    assert read_table(path, label_column="source") == labelled
    assert read_table(write(path, "text,label\nso be it,7\n")) == labelled
    assert read_table(path, kind="language") == said
    assert read_table(path, completion_column="label") == Passages(("",), ("7",))
    with pytest.raises(UsageError, match="has no column 'label'"):
        read_table(write(path, "text,source\nso be it,7\n"), kind="labelled")


@pytest.mark.parametrize("columns", ["labels", "sentiment", "category", "target,id"])
def test_columns_beside_a_text_that_are_not_read_are_told_unless_the_kind_was_given(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, columns: str
) -> None:
    others = columns.split(",")
    path = write(tmp_path / "rows.csv", f"{columns},text\n{'7,' * len(others)}so be it\n")
    assert isinstance(read_table(path), Passages)
    (said,) = caplog.messages
    assert "'text' is learned as plain text" in said
    assert f"{', '.join(map(repr, others))} {'is' if len(others) == 1 else 'are'} not read" in said
    assert "`label_column`" in said
    caplog.clear()
    assert isinstance(read_table(path, label_column=others[0]), TextTable)
    assert isinstance(read_table(path, kind="language"), Passages)
    assert isinstance(read_table(path, completion_column="text"), Passages)
    assert not caplog.messages


@pytest.mark.parametrize(
    "columns", ["text", "prompt,completion,text", "instruction,output,text", "text,label"]
)
def test_of_columns_that_say_what_they_are_nothing_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, columns: str
) -> None:
    read_table(write(tmp_path / "rows.csv", f"{columns}\n{columns}\n"))
    assert not caplog.messages


@pytest.mark.parametrize("names", [[], ["a", "b", "c"]])
def test_one_or_two_text_columns_can_be_named(tmp_path: Path, names: list[str]) -> None:
    path = write(tmp_path / "rows.csv", "a,b,c,label\n1,2,3,4\n")
    with pytest.raises(UsageError, match=f"{len(names)} text columns .* are given; name one, or two"):
        read_table(path, text_columns=names)


@pytest.mark.parametrize("extension", ["tsv", "csv", "jsonl", "parquet"])
def test_a_cell_may_be_of_any_length(tmp_path: Path, extension: str) -> None:
    long = "word " * 60_000
    path = tmp_path / f"rows.{extension}"
    if extension == "parquet":
        pandas.DataFrame({"text": [long], "label": ["1"]}).to_parquet(path)
    elif extension == "jsonl":
        write(path, json.dumps({"text": long, "label": "1"}))
    else:
        separator = "," if extension == "csv" else "\t"
        write(path, f"text{separator}label\n{long}{separator}1\n")
    before = csv.field_size_limit()
    assert read_table(path).texts == ((long,),)
    assert csv.field_size_limit() == before


def test_the_csv_module_keeps_its_bound_where_reading_fails(tmp_path: Path) -> None:
    before = csv.field_size_limit()
    with pytest.raises(InputError, match="not well-formed"):
        read_table(write(tmp_path / "rows.csv", 'text,label\n"' + "a" * 200_000))
    assert csv.field_size_limit() == before


@pytest.mark.parametrize("extension", ["tsv", "csv", "jsonl", "parquet"])
def test_blanks_around_labels_make_no_class_and_are_counted(
    tmp_path: Path, extension: str, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [(" a b ", "yes"), ("c", " yes"), ("d", "yes\u00a0"), ("e", "no")]
    path = tmp_path / f"rows.{extension}"
    if extension == "parquet":
        pandas.DataFrame(rows, columns=["text", "label"]).to_parquet(path)
    elif extension == "jsonl":
        write(path, "\n".join(json.dumps({"text": text, "label": label}) for text, label in rows))
    else:
        lines = [("," if extension == "csv" else "\t").join(row) for row in [("text", "label"), *rows]]
        write(path, "\n".join(lines))
    with caplog.at_level(logging.WARNING, "evaluators"):
        table = read_table(path)
    assert table.labels == ("yes", "yes", "yes", "no")
    assert table.texts[0] == (" a b ",)
    assert f"{path}: blanks around labels were taken off; rows: 2 of 4" in caplog.text


@pytest.mark.parametrize("extension", ["tsv", "csv", "jsonl"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_lines_may_end_as_on_any_system(tmp_path: Path, extension: str, end: str, mark: str) -> None:
    lines = {
        "tsv": ["text\tlabel", "a b\t1", "c\t0"],
        "csv": ["text,label", "a b,1", "c,0"],
        "jsonl": ['{"text": "a b", "label": 1}', '{"text": "c", "label": 0}'],
    }[extension]
    table = read_table(write(tmp_path / f"rows.{extension}", mark + end.join([*lines, ""])))
    assert table.texts == (("a b",), ("c",))
    assert table.labels == ("1", "0")


@pytest.mark.parametrize(
    ("value", "label"),
    [
        ("9" * 400, "9" * 400),
        ("1e300", "1e+300"),
        ("1e22", "1e+22"),
        ("-0.0", "0"),
        ("false", "0"),
        ('"  x\\t"', "x"),
        ("1e400", "inf"),
    ],
)
def test_numbers_of_any_size_become_labels(tmp_path: Path, value: str, label: str) -> None:
    path = write(tmp_path / "rows.jsonl", f'{{"text": "a", "label": {value}}}')
    assert read_table(path).labels == (label,)


def test_true_and_false_are_labels_and_no_texts(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", '{"text": true, "label": false}')
    with pytest.raises(InputError, match="column 'text' holds a bool at row 1"):
        read_table(path, kind="labelled")


def test_parquet_booleans_and_categories_are_labels(tmp_path: Path) -> None:
    frame = pandas.DataFrame({"text": ["a", "b"], "label": [True, False]})
    frame.to_parquet(tmp_path / "rows.parquet")
    assert read_table(tmp_path / "rows.parquet").labels == ("1", "0")
    frame["label"] = pandas.Categorical(["yes", "no "])
    frame.to_parquet(tmp_path / "rows.parquet")
    assert read_table(tmp_path / "rows.parquet").labels == ("yes", "no")
