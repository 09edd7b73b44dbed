"""What a run's folder says, without what no two runs share: times, peaks of memory, whose and where it is."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import optuna
from pyarrow import parquet

from evaluators.store.whole_file import is_unfinished
from search.folder.lock import LOCK

__all__ = ["differences", "left_over", "told"]

_NOT_SHARED: Final = {  # numbers of this machine at this moment, and a place
    *("seconds", "seconds_per_run", "time", "overhead", "share_of_epoch", "output"),
    *("peak_memory", "peak memory", "peak_memory_bytes"),
    "token",  # of a folder, no other's
}
_IDENTITY: Final = "rankscape:identity"  # of a run in one folder, made of its token
_SEALS: Final = {"sha256", "checksum", "files"}  # of all that is said, times too
_NUMBER: Final = re.compile(r"\d[\d.,]*")
_TIMES: Final = re.compile(r"\d[\d.,]* ((s|ms|min|h|[kMG]i?B)\b|%)")
_LAST_CELL: Final = re.compile(r"\d+(?=</td>\s*</tr>)")  # of a row: seconds


def told(folder: Path) -> dict[str, object]:
    """What each file in a folder says, by its path there; of an Optuna file, what each study says."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != LOCK)
    return {path.relative_to(folder).as_posix(): _said_by(path) for path in files}


def differences(one: Mapping[str, object], other: Mapping[str, object]) -> list[str]:
    """Where two folders differ, a line each."""
    names = sorted(one.keys() | other.keys())
    return [
        f"{name}: {'is there once' if (name in one) != (name in other) else _first(one[name], other[name])}"
        for name in names
        if one.get(name) != other.get(name)
    ]


def left_over(folder: Path) -> list[str]:
    """Files that mean nothing by themselves: half written, or a database's of a transaction that is open."""
    return [
        path.relative_to(folder).as_posix()
        for path in sorted(folder.rglob("*"))
        if is_unfinished(path.name) or path.name.endswith((".part", ".tmp", "-journal", "-wal", "-shm"))
    ]


def _said_by(path: Path) -> object:
    content = path.read_bytes()
    kind = path.suffix or (".html" if content[:1] == b"<" else ".json" if content[:1] == b"{" else "")
    return _READERS.get(kind, _digest)(path)


def _first(one: object, other: object, where: str = "") -> str:
    """The first place where two values differ, and both values there."""
    if isinstance(one, dict) and isinstance(other, dict):
        keys = [key for key in {**one, **other} if one.get(key) != other.get(key)]
        return _first(one.get(keys[0]), other.get(keys[0]), f"{where}.{keys[0]}")
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        place = next(i for i, pair in enumerate(zip(one, other, strict=True)) if pair[0] != pair[1])
        return _first(one[place], other[place], f"{where}[{place}]")
    return f"{where} {str(one)[:120]!r}, not {str(other)[:120]!r}"


def _shared(value: Any) -> Any:
    """JSON without times."""
    if isinstance(value, dict):
        return {name: _shared(one) for name, one in value.items() if name not in _NOT_SHARED | _SEALS}
    return [_shared(one) for one in value] if isinstance(value, list | tuple) else value


def _json(path: Path) -> object:
    return _shared(json.loads(path.read_bytes()))


def _csv(path: Path) -> object:
    with path.open(newline="") as lines:
        return _shared(list(csv.DictReader(lines)))


def _text(path: Path) -> object:
    """Without its numbers, which a table beside it has to the last digit."""
    return [_words(line) for line in path.read_text().splitlines()]


def _words(text: str) -> str:
    return re.sub(r"[\s-]+", " ", _NUMBER.sub("#", text))


def _page(path: Path) -> object:
    """Lines of HTML without times, memory and shares of either; of plain text in it without numbers."""
    lines = _LAST_CELL.sub("#", path.read_text()).splitlines()
    return [_TIMES.sub("#", line) if "<" in line else _words(line) for line in lines]


def _parquet(path: Path) -> object:
    table = parquet.read_table(path)
    documents = {}
    for key, value in (table.schema.metadata or {}).items():
        try:
            documents[key.decode()] = _shared(json.loads(value))
        except ValueError:  # a checksum, or Arrow's own
            documents[key.decode()] = "no JSON"
    return {"rows": _shared(table.to_pylist()), "documents": documents}


def _studies(path: Path) -> object:
    """All studies of an Optuna file, and whether SQLite finds it in order."""
    with closing(sqlite3.connect(path)) as database:
        order = database.execute("PRAGMA integrity_check").fetchall()
    storage = f"sqlite:///{path}"
    said: dict[str, object] = {"in order": order}
    for name in optuna.get_all_study_names(storage):
        study = optuna.load_study(study_name=name, storage=storage)
        attributes = study._storage.get_study_system_attrs(study._study_id)
        said[name] = {
            "directions": [one.name for one in study.directions],
            "attributes": _shared(study.user_attrs),
            "notes": {key: _words(str(value)) for key, value in attributes.items() if key != _IDENTITY},
            "trials": [_trial(one) for one in study.get_trials(deepcopy=False)],
        }
    return said


def _trial(one: optuna.trial.FrozenTrial) -> dict[str, object]:
    return {
        "number": one.number,
        "state": one.state.name,
        "parameters": one.params,
        "values": one.values,
        "reports": {str(step): value for step, value in one.intermediate_values.items()},
        "attributes": _shared(one.user_attrs),
        "files": sorted(one.system_attrs),
    }


def _digest(path: Path) -> object:
    return hashlib.sha256(path.read_bytes()).hexdigest()


_READERS: Final[Mapping[str, Callable[[Path], object]]] = {
    ".json": _json,
    ".csv": _csv,
    ".md": _text,
    ".txt": _text,
    ".html": _page,
    ".parquet": _parquet,
    ".db": _studies,
}
