"""Reading TSV, CSV, JSON lines, JSON arrays and Parquet files, column by column."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from spaces.counted import counted
from spaces.errors import InputError, UsageError
from spaces.foreign import foreign

from .columns import Columns

__all__ = ["read_columns"]

_Read = Mapping[str, Sequence[object]]  # column name -> one value a row, None where it is missing


def read_columns(path: Path) -> Columns:
    """The columns of a .tsv, .csv, .jsonl, .json (an array of objects, or an object a line) or .parquet file.

    TSV is read as GLUE writes it: a quote is a character like any other. Raises UsageError on an unknown
    extension; InputError on a file that is missing, empty, not UTF-8 or malformed, on two columns of one
    name, and on objects of an array that differ in their keys.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise UsageError(f"{path} has the extension {path.suffix!r}; use one of {', '.join(_READERS)}.")
    columns = reader(path, _bytes(path))
    if not columns or not len(next(iter(columns.values()))):
        raise InputError(f"{path} has no rows; give a file with at least one row of data.")
    return Columns(path, columns)


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
        text = content.decode("utf-8-sig")  # drops a byte-order mark
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 (byte {error.start}); save it as UTF-8.") from None
    if not text.strip():
        raise InputError(f"{path} is empty; give a file with at least one row of data.")
    return text


def _lines(text: str) -> list[str]:
    """Lines that end as on Unix or Windows, or, where none does, as on old Macs; a text may hold a CR."""
    return [line.rstrip("\r") for line in text.split("\n")] if "\n" in text else text.split("\r")


def _read_tsv(path: Path, content: bytes) -> _Read:
    return _from_records(path, (line.split("\t") for line in _lines(_text(path, content)) if line))


def _read_csv(path: Path, content: bytes) -> _Read:
    text = _text(path, content)
    try:
        with _fields_of_any_length(text):
            records = csv.reader(io.StringIO(text, newline=""), strict=True)
            return _from_records(path, [record for record in records if record])
    except csv.Error as error:
        raise InputError(
            f"{path} is not well-formed CSV: {error}; write it again, or as JSON lines."
        ) from None


@contextmanager
def _fields_of_any_length(text: str) -> Iterator[None]:
    """Meanwhile lifts the csv module's bound of 131,072 characters a field, one for the whole process."""
    before = csv.field_size_limit(max(csv.field_size_limit(), len(text)))
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _from_records(path: Path, records: Iterable[Sequence[str]]) -> _Read:
    header, *rows = records
    _refuse_repeats(path, header)
    for number, row in enumerate(rows, start=1):
        if len(row) != len(header):
            raise InputError(
                f"{path}: row {number} has {counted(len(row), 'field')} and the header {len(header)}; "
                "mend or drop it."
            )
    return {name: [row[i] for row in rows] for i, name in enumerate(header)}


def _read_json_lines(path: Path, content: bytes) -> _Read:
    return _from_lines(path, _text(path, content), "write one object a line.")


def _read_json(path: Path, content: bytes) -> _Read:
    text = _text(path, content)
    if not text.lstrip().startswith("["):
        return _from_lines(path, text, "write an array of objects, or one object a line.")
    with foreign(f"{path} is not JSON", "write an array of objects, or one object a line."):
        records = json.loads(text, object_pairs_hook=_unambiguous(path))
    for number, record in enumerate(records, start=1):
        if not isinstance(record, dict):
            raise InputError(f"{path}: item {number} is a JSON {_kind(record)}; write an array of objects.")
        if record.keys() != records[0].keys():
            other = sorted(record.keys() ^ records[0].keys())[0]
            raise InputError(
                f"{path}: one of the items 1 and {number} has {other!r} and the other has not; give every "
                "object of the array the same keys."
            )
    return {name: [record[name] for record in records] for name in (records[0] if records else ())}


def _from_lines(path: Path, text: str, remedy: str) -> _Read:
    records: list[dict[str, object]] = []
    for number, line in enumerate(_lines(text), start=1):
        if not line.strip():
            continue
        with foreign(f"{path}: line {number} is not JSON", remedy):
            record = json.loads(line, object_pairs_hook=_unambiguous(path))
        if not isinstance(record, dict):
            raise InputError(f"{path}: line {number} is a JSON {_kind(record)}; {remedy}")
        records.append(record)
    names = dict.fromkeys(name for record in records for name in record)
    return {name: [record.get(name) for record in records] for name in names}


def _unambiguous(path: Path) -> Callable[[list[tuple[str, Any]]], dict[str, Any]]:
    """Makes a dict of an object's pairs; raises InputError where two have one name."""

    def made(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        _refuse_repeats(path, [name for name, _ in pairs])
        return dict(pairs)

    return made


def _kind(value: object) -> str:
    return type(value).__name__


def _read_parquet(path: Path, content: bytes) -> _Read:
    import pyarrow  # only for this one format
    import pyarrow.parquet

    with foreign(f"{path} is not a readable Parquet file", "write it again."):
        table = pyarrow.parquet.ParquetFile(pyarrow.BufferReader(content)).read()
        names, values = list(table.column_names), [column.to_pylist() for column in table.columns]
    _refuse_repeats(path, names)
    return dict(zip(names, values, strict=True))


def _refuse_repeats(path: Path, names: Sequence[str]) -> None:
    if len(set(names)) != len(names):
        raise InputError(f"{path} has two columns of one name among {list(names)}; rename one.")


_READERS: Final[Mapping[str, Callable[[Path, bytes], _Read]]] = {
    ".tsv": _read_tsv,
    ".csv": _read_csv,
    ".jsonl": _read_json_lines,
    ".json": _read_json,
    ".parquet": _read_parquet,
}
