"""Reading labelled texts from TSV, CSV, JSON lines and Parquet files."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from spaces.counted import counted
from spaces.errors import InputError, UsageError

from .task import TextTable

__all__ = ["read_table"]

_Columns = Mapping[str, Sequence[object]]  # column name -> one value a row, None where it is missing

# MRPC's header, and what the rest of GLUE calls the same columns.
_ALIASES: Final[Mapping[str, str]] = {"sentence1": "#1 String", "sentence2": "#2 String", "label": "Quality"}
_GUESSES: Final = (
    ("sentence1", "sentence2"),
    ("premise", "hypothesis"),
    ("question1", "question2"),
    ("question", "sentence"),
    ("sentence",),
    ("text",),
)


def read_table(
    path: str | Path, *, text_columns: Sequence[str] | None = None, label_column: str | None = None
) -> TextTable:
    """The rows of a .tsv, .csv, .jsonl, .json (an object a line) or .parquet file, labels as str.

    TSV is read as GLUE writes it: a quote is a character like any other. MRPC's columns also answer to
    sentence1, sentence2 and label. text_columns: one, or two for pairs; without it the first of
    sentence1,sentence2 / premise,hypothesis / question1,question2 / question,sentence / sentence / text
    that is there. label_column: ``label`` unless given. Labels of TSV and CSV are as written; whole numbers
    of the typed formats lose their decimal point.

    Raises UsageError on an unknown extension and on a column that is not there; InputError on a file that
    is missing, empty, not UTF-8 or malformed, and on rows without a label or a text.
    """
    path = Path(path)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise UsageError(f"{path} has the extension {path.suffix!r}; use one of {', '.join(_READERS)}.")
    columns = reader(path, _bytes(path))
    if not columns or not len(next(iter(columns.values()))):
        raise InputError(f"{path} has no rows; give a file with at least one row of data.")
    names = _text_columns(path, columns, text_columns)
    texts = [_strings(path, columns, name) for name in names]
    labels = _strings(path, columns, _find(path, columns, label_column or "label"))
    _refuse_missing(path, "a label", [label is None for label in labels])
    _refuse_missing(path, "a text", [None in row for row in zip(*texts, strict=True)])
    return TextTable(tuple(zip(*texts, strict=True)), tuple(labels))  # type: ignore[arg-type]  # no None is left


def _bytes(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}; give the path of a data file.") from None
    if not content.strip():
        raise InputError(f"{path} is empty; give a file with at least one row of data.")
    return content


def _text(path: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")  # drops a byte-order mark
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 (byte {error.start}); save it as UTF-8.") from None


def _read_tsv(path: Path, content: bytes) -> _Columns:
    lines = (line.rstrip("\r") for line in _text(path, content).split("\n"))
    return _from_records(path, (line.split("\t") for line in lines if line))


def _read_csv(path: Path, content: bytes) -> _Columns:
    try:
        records = csv.reader(io.StringIO(_text(path, content), newline=""), strict=True)
        return _from_records(path, (record for record in records if record))
    except csv.Error as error:
        raise InputError(
            f"{path} is not well-formed CSV: {error}; write it again, or as JSON lines."
        ) from None


def _from_records(path: Path, records: Iterable[Sequence[str]]) -> _Columns:
    header, *rows = records
    if len(set(header)) != len(header):
        raise InputError(f"{path} has two columns of one name in its header {header}; rename one.")
    for number, row in enumerate(rows, start=1):
        if len(row) != len(header):
            raise InputError(
                f"{path}: row {number} has {counted(len(row), 'field')} and the header {len(header)}; "
                "mend or drop it."
            )
    return {name: [row[i] for row in rows] for i, name in enumerate(header)}


def _read_json_lines(path: Path, content: bytes) -> _Columns:
    records: list[dict[str, object]] = []
    for number, line in enumerate(_text(path, content).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:  # ValueError also of a number with thousands of digits
            reason = str(error).partition(":")[0]
            raise InputError(
                f"{path}: line {number} is not JSON ({reason}); write one object a line."
            ) from None
        if not isinstance(record, dict):
            raise InputError(
                f"{path}: line {number} is a JSON {type(record).__name__}; write one object a line."
            )
        records.append(record)
    names = dict.fromkeys(name for record in records for name in record)
    return {name: [record.get(name) for record in records] for name in names}


def _read_parquet(path: Path, content: bytes) -> _Columns:
    import pyarrow  # only for this one format
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.read_table(pyarrow.BufferReader(content))
    except (pyarrow.ArrowException, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise InputError(f"{path} is not a readable Parquet file: {reason}; write it again.") from None
    columns: dict[str, list[object]] = table.to_pydict()
    return columns


_READERS: Final[Mapping[str, Callable[[Path, bytes], _Columns]]] = {
    ".tsv": _read_tsv,
    ".csv": _read_csv,
    ".jsonl": _read_json_lines,
    ".json": _read_json_lines,
    ".parquet": _read_parquet,
}


def _text_columns(path: Path, columns: _Columns, given: Sequence[str] | None) -> list[str]:
    if given is not None:
        if len(given) not in (1, 2):
            raise UsageError(
                f"{counted(len(given), 'text column')} {list(given)} are given; name one, or two for pairs."
            )
        return [_find(path, columns, name) for name in given]
    for guess in _GUESSES:
        if all(name in columns or _ALIASES.get(name) in columns for name in guess):
            return [_find(path, columns, name) for name in guess]
    raise UsageError(
        f"{path} has the columns {list(columns)}, among which no text column can be guessed; name one or two "
        "with --text-columns."
    )


def _find(path: Path, columns: _Columns, name: str) -> str:
    """The column's name in the file."""
    for candidate in (name, _ALIASES.get(name, name)):
        if candidate in columns:
            return candidate
    raise UsageError(
        f"{path} has no column {name!r}; its columns are {list(columns)}. "
        "Choose with --text-columns and --label-column."
    )


def _strings(path: Path, columns: _Columns, name: str) -> list[str | None]:
    """A column's values as text, None where there is none or nothing but white space."""
    strings: list[str | None] = []
    for number, value in enumerate(columns[name], start=1):
        if value is None or value != value or (isinstance(value, str) and not value.strip()):
            strings.append(None)
        elif isinstance(value, str):
            if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
                raise InputError(
                    f"{path}: column {name!r} has half a character (a lone surrogate) at row {number}."
                )
            strings.append(value)
        elif isinstance(value, (int, float)):  # bool is an int
            strings.append(str(int(value)) if float(value).is_integer() else str(value))
        else:
            raise InputError(
                f"{path}: column {name!r} holds a {type(value).__name__} at row {number}; "
                "texts and labels must be strings or numbers."
            )
    return strings


def _refuse_missing(path: Path, what: str, missing: Sequence[bool]) -> None:
    if any(missing):
        raise InputError(
            f"{path}: {sum(missing)} of {counted(len(missing), 'row')} lack {what}, "
            f"the first is row {missing.index(True) + 1} (from 1 after any header); fill or drop them."
        )
