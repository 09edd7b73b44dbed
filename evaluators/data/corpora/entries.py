"""The entries of a corpus' file: the rows of a table, or what a JSON document holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, TypeVar

from evaluators.data.read_columns import read_columns
from spaces.errors import InputError
from spaces.foreign import foreign
from spaces.foreign_json import anything, read_json

from .entry import CorpusEntry
from .triples import webnlg_entries

__all__ = ["Entries", "array_entries", "numbered", "table_entries", "webnlg_file"]

Entries = Callable[[Path], Sequence[CorpusEntry]]
"""Those of a file; raises InputError where it cannot be read."""

_Read = TypeVar("_Read")
_RELEASE: Final = "give the file of the corpus' own release"


def numbered(
    entries: Sequence[CorpusEntry], read: Callable[[CorpusEntry], _Read], where: str, layout: str
) -> Iterator[tuple[int, _Read]]:
    """What is read of every entry, with its number from 1.

    where: they are from, layout: what an entry has: for the InputError where one cannot be read.
    """
    for number, entry in enumerate(entries, start=1):
        with foreign(f"{where}: entry {number} cannot be read", f"an entry has {layout}."):
            found = read(entry)
        yield number, found


def table_entries(path: Path) -> list[dict[str, object]]:
    """The rows of a file with columns, by their names; raises as ``read_columns`` does."""
    columns = read_columns(path).values
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def array_entries(path: Path) -> list[CorpusEntry]:
    """The objects of a JSON array, whatever each of them has."""
    document = read_json(path, anything, remedy=_RELEASE)
    if not isinstance(document, list):
        raise InputError(f"{path} is a JSON {type(document).__name__}; give an array of objects.")
    return document


def webnlg_file(path: Path) -> list[CorpusEntry]:
    """The entries of a file of WebNLG's JSON release."""
    document = read_json(path, anything, remedy=_RELEASE)
    with foreign(f"{path} is not laid out as webnlg", 'give {"entries": [{"1": {...}}, ...]}.'):
        return webnlg_entries(document)
