"""Rows to report on, cut from a training file that is large enough for both."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from evaluators.data.read_table import read_table
from evaluators.data.split import split_by_text
from evaluators.data.text_table import TextTable
from evaluators.store.whole_file import write_whole

__all__ = ["hold_out"]

_SHARE: Final = 0.05
_SALT: Final = "evidence"  # another than that of the rows to tune by, which are cut from the rest


def hold_out(train: Path, folder: Path) -> tuple[Path, Path]:
    """Two files in a folder: 95 % of the rows of a file of labelled texts, and the rest, to report on.

    Which rows these are depends on their texts alone; equal texts, in whatever case, are on one side.
    """
    table = read_table(train, kind="labelled")
    assert isinstance(table, TextTable), "labelled rows are texts"
    keys = ["\0".join(row).strip().lower() for row in table.texts]
    rest, reported = split_by_text(keys, share=_SHARE, salt=_SALT)
    folder.mkdir(parents=True, exist_ok=True)
    return _write(folder / "train.jsonl", table, rest), _write(folder / "report.jsonl", table, reported)


def _write(path: Path, table: TextTable, rows: Sequence[int]) -> Path:
    names = ("sentence",) if len(table.texts[0]) == 1 else ("sentence1", "sentence2")
    lines = (
        {**dict(zip(names, table.texts[row], strict=True)), "label": str(table.labels[row])} for row in rows
    )
    write_whole(path, "".join(f"{json.dumps(line)}\n" for line in lines))
    return path
