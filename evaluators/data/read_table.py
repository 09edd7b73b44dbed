"""Reading TSV, CSV, JSON lines and Parquet files: labelled texts, or rows of a language model."""

from __future__ import annotations

import csv
import io
import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from spaces.counted import counted
from spaces.errors import InputError, UsageError
from spaces.foreign import foreign

from .passages import Passages
from .text_table import TextTable

__all__ = ["Columns", "read_columns", "read_table"]

_logger = logging.getLogger(__name__)
Columns = Mapping[str, Sequence[object]]
"""Of every column by its name one value a row, None where it is missing."""

# MRPC's header, and what the rest of GLUE calls the same columns.
_ALIASES: Final[Mapping[str, str]] = {"sentence1": "#1 String", "sentence2": "#2 String", "label": "Quality"}
_EXACT: Final = 2.0**53  # above it not every whole number is a double
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
) -> TextTable | Passages:
    """The rows of a .tsv, .csv, .jsonl, .json (an object a line) or .parquet file, labels as str.

    Where neither argument is given, the columns prompt and completion, or text without a label beside it,
    are rows of a language model; all others are labelled texts.

    TSV is read as GLUE writes it: a quote is a character like any other. MRPC's columns also answer to
    sentence1, sentence2 and label. text_columns: one, or two for pairs; without it the first of
    sentence1,sentence2 / premise,hypothesis / question1,question2 / question,sentence / sentence / text
    that is there. label_column: ``label`` unless given. Labels of all formats lose blanks around them, which
    the log counts; whole numbers of the typed formats lose their decimal point, true and false are 1 and 0.
    Texts stay as they are.

    Raises UsageError on an unknown extension and on a column that is not there; InputError on a file that
    is missing, empty, not UTF-8 or malformed, on two columns of one name, and on rows without a label or a
    text.
    """
    path = Path(path)
    columns = read_columns(path)
    if text_columns is None and label_column is None and (found := _passages(path, columns)):
        return found
    names = _text_columns(path, columns, text_columns)
    texts = [_strings(path, columns, name) for name in names]
    labels = _strings(path, columns, _find(path, columns, "label" if label_column is None else label_column))
    _refuse_missing(path, "a label", [label is None for label in labels])
    _refuse_missing(path, "a text", [None in row for row in zip(*texts, strict=True)])
    return TextTable(tuple(zip(*texts, strict=True)), _stripped(path, labels))


def read_columns(path: Path) -> Columns:
    """All columns of a file, in its order, at least one row of them; raises as ``read_table`` does."""
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise UsageError(f"{path} has the extension {path.suffix!r}; use one of {', '.join(_READERS)}.")
    columns = reader(path, _bytes(path))
    if not columns or not len(next(iter(columns.values()))):
        raise InputError(f"{path} has no rows; give a file with at least one row of data.")
    return columns


def _passages(path: Path, columns: Columns) -> Passages | None:
    """Rows of a language model; None where the columns are not of that kind."""
    if "prompt" in columns and "completion" in columns:
        prompts, learned, what = _strings(path, columns, "prompt"), "completion", "a completion"
    elif "text" in columns and not {"label", _ALIASES["label"]} & set(columns):
        prompts, learned, what = [None] * len(columns["text"]), "text", "a text"
    else:
        return None
    completions = _strings(path, columns, learned)
    _refuse_missing(path, what, [one is None for one in completions])
    return Passages(tuple(one or "" for one in prompts), tuple(one or "" for one in completions))


def _stripped(path: Path, labels: Sequence[str | None]) -> tuple[str, ...]:
    """The labels without blanks around them, all of them there; the log says how many had some."""
    names = tuple(label.strip() for label in labels if label is not None)
    if changed := sum(name != label for name, label in zip(names, labels, strict=True)):
        _logger.warning("%s: blanks around labels were taken off; rows: %d of %d", path, changed, len(names))
    return names


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


def _read_tsv(path: Path, content: bytes) -> Columns:
    return _from_records(path, (line.split("\t") for line in _lines(_text(path, content)) if line))


def _read_csv(path: Path, content: bytes) -> Columns:
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


def _from_records(path: Path, records: Iterable[Sequence[str]]) -> Columns:
    header, *rows = records
    _refuse_repeats(path, header)
    for number, row in enumerate(rows, start=1):
        if len(row) != len(header):
            raise InputError(
                f"{path}: row {number} has {counted(len(row), 'field')} and the header {len(header)}; "
                "mend or drop it."
            )
    return {name: [row[i] for row in rows] for i, name in enumerate(header)}


def _read_json_lines(path: Path, content: bytes) -> Columns:
    records: list[dict[str, object]] = []

    def unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        _refuse_repeats(path, [name for name, _ in pairs])
        return dict(pairs)

    for number, line in enumerate(_lines(_text(path, content)), start=1):
        if not line.strip():
            continue
        with foreign(f"{path}: line {number} is not JSON", "write one object a line."):
            record = json.loads(line, object_pairs_hook=unambiguous)
        if not isinstance(record, dict):
            raise InputError(
                f"{path}: line {number} is a JSON {type(record).__name__}; write one object a line."
            )
        records.append(record)
    names = dict.fromkeys(name for record in records for name in record)
    return {name: [record.get(name) for record in records] for name in names}


def _read_parquet(path: Path, content: bytes) -> Columns:
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


_READERS: Final[Mapping[str, Callable[[Path, bytes], Columns]]] = {
    ".tsv": _read_tsv,
    ".csv": _read_csv,
    ".jsonl": _read_json_lines,
    ".json": _read_json_lines,
    ".parquet": _read_parquet,
}


def _text_columns(path: Path, columns: Columns, given: Sequence[str] | None) -> list[str]:
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
        "with `text_columns`."
    )


def _find(path: Path, columns: Columns, name: str) -> str:
    """The column's name in the file."""
    for candidate in (name, _ALIASES.get(name, name)):
        if candidate in columns:
            return candidate
    raise UsageError(
        f"{path} has no column {name!r}; its columns are {list(columns)}. "
        "Choose with `text_columns` and `label_column`."
    )


def _strings(path: Path, columns: Columns, name: str) -> list[str | None]:
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
        elif isinstance(value, int):  # bool is an int
            strings.append(str(int(value)))
        elif isinstance(value, float):
            whole = value.is_integer() and abs(value) < _EXACT
            strings.append(str(int(value)) if whole else str(value))
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
