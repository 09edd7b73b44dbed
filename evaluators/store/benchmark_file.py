"""A benchmark table as a Parquet file: one row per allocation and seed, for any reader of Parquet.

| column | type | what it is |
|---|---|---|
| ``kind``, ``budget``, ``scaling``, ``learning_rate`` | string, int64, string, double | the stratum |
| ``allocation`` | int64 | number of the allocation within its stratum, from 0 |
| ``origins`` | list of strings | who drew it |
| ``params`` | int64 | trainable parameters of its wires |
| ``seed`` | int64 | of this run |
| ``rank:<site>`` | int32 | one per site of the space, 0 = off |
| ``score:<proxy>`` | double | one per proxy, larger is better |
| ``metric``, ``loss`` | double | on the validation rows; null where the run failed |
| ``beside:<metric>`` | double | one per other metric that the objective has; null where the run failed |
| ``failure`` | string | why it failed; null where it did not |
| ``curve`` | list of doubles | mean training loss of every step |
| ``seconds``, ``peak_memory`` | double, int64 | seconds and bytes, as ``Evaluation`` has them |

The schema's metadata hold ``rankscape.format_version``, ``rankscape.space`` and ``rankscape.metric`` as
JSON, each note under ``rankscape.note.<name>``, and under ``rankscape.sha256`` the checksum of all of this
and of the columns above, which the first tables did not have. Rows may lie in any order.
"""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from evaluators.training.beside import values_beside
from evaluators.training.candidate import Candidate, Evaluation
from spaces.allocation import Allocation
from spaces.counted import counted
from spaces.errors import InputError
from spaces.foreign import foreign
from spaces.search_space import SearchSpace
from spaces.space_record import space_from_json, space_to_json

from .benchmark_entry import Entry, Stratum
from .table_checksum import table_checksum
from .whole_file import whole_file

__all__ = ["TABLE_FORMAT_VERSION", "Contents", "read_contents", "write_contents"]

TABLE_FORMAT_VERSION: Final = 1

_OURS: Final = "rankscape."
_VERSION, _SPACE, _METRIC, _NOTE, _SEAL = (
    _OURS + key for key in ("format_version", "space", "metric", "note.", "sha256")
)
_log = logging.getLogger(__name__)
_RANK, _SCORE, _BESIDE = "rank:", "score:", "beside:"
_STRATUM: Final = {
    "kind": pa.string(),
    "budget": pa.int64(),
    "scaling": pa.string(),
    "learning_rate": pa.float64(),
}
_OF_ENTRY: Final = {
    "allocation": pa.int64(),
    "origins": pa.list_(pa.string()),
    "params": pa.int64(),
    "seed": pa.int64(),
}
_OF_RUN: Final = {
    "metric": pa.float64(),
    "loss": pa.float64(),
    "failure": pa.string(),
    "curve": pa.list_(pa.float64()),
    "seconds": pa.float64(),
    "peak_memory": pa.int64(),
}
_NULLABLE: Final = ("metric", "loss", "failure")

_Shared = tuple[Stratum, Allocation, tuple[str, ...], int, tuple[tuple[str, float], ...]]
_Row = dict[str, Any]  # what Parquet holds: a cell of a column's own type for each column


@dataclass(frozen=True, slots=True, eq=False)
class Contents:
    """What the file of a ``BenchmarkTable`` holds, whose fields these are; not checked as a whole."""

    space: SearchSpace
    metric: str
    entries: tuple[Entry, ...]
    notes: Mapping[str, str]


def write_contents(path: Path, contents: Contents) -> None:
    """Writes the file, whole or not at all. All entries must have the same proxies."""
    documents = {
        _VERSION: json.dumps(TABLE_FORMAT_VERSION),
        _SPACE: space_to_json(contents.space),
        _METRIC: json.dumps(contents.metric),
        **{_NOTE + name: note for name, note in contents.notes.items()},
    }
    fields = _fields(contents.space, contents.entries[0].proxies, _beside(contents))
    table = pa.Table.from_pylist(_rows(contents), schema=pa.schema(fields, metadata=documents))
    table = table.replace_schema_metadata({**documents, _SEAL: _checksum(documents, table)})
    with whole_file(path) as unfinished:
        parquet.write_table(table, unfinished, compression="zstd", write_page_checksum=True)


def read_contents(path: Path) -> Contents:
    """Reads what ``write_contents`` wrote.

    A log line says where there is no checksum to tell whether it is that. Raises InputError where the file is
    no Parquet, not one of ours, of another format version, without one of its columns, with values that no
    entry can have, or with others than were written.
    """
    table = _read_parquet(path)
    documents = _documents(path, table.schema)
    _check_version(path, documents)
    try:
        space = space_from_json(documents[_SPACE])
        metric = str(json.loads(documents[_METRIC]))
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise InputError(
            f"{path} has metadata that cannot be read ({reason}); run the study again."
        ) from None
    proxies, beside = _named(table, _SCORE), _named(table, _BESIDE)
    fields = _fields(space, proxies, beside)
    _check_columns(path, table.schema, fields)
    _check_nulls(path, table, fields)
    try:
        entries = _entries(table, space, proxies, beside)
    except ValueError as error:
        raise InputError(f"{path} holds a row that no study writes: {error} Run the study again.") from None
    _check_seal(path, documents, table.select([field.name for field in fields]))
    notes = {key.removeprefix(_NOTE): note for key, note in documents.items() if key.startswith(_NOTE)}
    return Contents(space, metric, entries, notes)


def _named(table: pa.Table, prefix: str) -> tuple[str, ...]:
    """What the columns of this prefix are of."""
    return tuple(name.removeprefix(prefix) for name in table.column_names if name.startswith(prefix))


def _beside(contents: Contents) -> tuple[str, ...]:
    """Names of the metrics that stand beside the task's own in any run."""
    return tuple(values_beside(run for entry in contents.entries for run in entry.runs))


def _fields(space: SearchSpace, proxies: Sequence[str], beside: Sequence[str]) -> list[pa.Field]:
    types = {
        **_STRATUM,
        **_OF_ENTRY,
        **{_RANK + site.name: pa.int32() for site in space.sites},
        **{_SCORE + proxy: pa.float64() for proxy in proxies},
        **_OF_RUN,
        **{_BESIDE + name: pa.float64() for name in beside},
    }
    nullable = (*_NULLABLE, *(_BESIDE + name for name in beside))
    return [pa.field(name, type_, nullable=name in nullable) for name, type_ in types.items()]


def _rows(contents: Contents) -> list[_Row]:
    numbers: defaultdict[Stratum, int] = defaultdict(int)
    rows = []
    for entry in contents.entries:
        stratum, number = entry.stratum, numbers[entry.stratum]
        numbers[stratum] += 1
        shared = {
            "kind": stratum.kind,
            "budget": stratum.max_params,
            "scaling": stratum.scaling,
            "learning_rate": stratum.learning_rate,
            "allocation": number,
            "origins": entry.origins,
            "params": entry.params,
            **{_RANK + site.name: 0 for site in contents.space.sites},
            **{_RANK + site: rank for site, rank in entry.allocation.ranks},
            **{_SCORE + proxy: score for proxy, score in entry.scores},
        }
        rows += [
            {
                **shared,
                "seed": run.candidate.seed,
                **{name: getattr(run, name) for name in _OF_RUN},
                **{_BESIDE + name: value for name, value in run.beside},
            }
            for run in entry.runs
        ]
    return rows


def _read_parquet(path: Path) -> pa.Table:
    with (
        foreign(f"{path} is not a readable Parquet file", "name the table.parquet of a study."),
        parquet.ParquetFile(path, page_checksum_verification=True) as file,
    ):
        return file.read()


def _documents(path: Path, schema: pa.Schema) -> dict[str, str]:
    """Our own of the schema's metadata; a foreign writer's may be of any bytes."""
    own = {key: text for key, text in (schema.metadata or {}).items() if key.startswith(_OURS.encode())}
    try:
        return {key.decode(): text.decode() for key, text in own.items()}
    except UnicodeDecodeError as error:
        raise InputError(f"{path} has metadata that are not text ({error}); run the study again.") from None


def _check_version(path: Path, documents: Mapping[str, str]) -> None:
    if _VERSION not in documents:
        raise InputError(
            f"{path} is no benchmark table: its Parquet metadata lack {_VERSION}; name the table.parquet of "
            "a study, as it was written (pandas does not keep the metadata)."
        )
    if documents[_VERSION] != json.dumps(TABLE_FORMAT_VERSION):
        raise InputError(
            f"{path} has format_version={documents[_VERSION]}, this version of rankscape reads "
            f"{TABLE_FORMAT_VERSION}; install the version that wrote it, or run the study again."
        )


def _check_columns(path: Path, schema: pa.Schema, fields: Sequence[pa.Field]) -> None:
    lacking = [field.name for field in fields if schema.names.count(field.name) != 1]
    if lacking:
        raise InputError(
            f"{path} lacks the columns {lacking[:3]} ({len(lacking)} in all), or has them twice; it needs "
            f"each of its {counted(len(fields), 'column')} once. Run the study again."
        )
    for field in fields:
        found = schema.field(field.name).type
        if found != field.type:
            raise InputError(
                f"{path} has {found} in column {field.name!r}, which must be {field.type}; "
                "run the study again."
            )


def _check_nulls(path: Path, table: pa.Table, fields: Sequence[pa.Field]) -> None:
    for field in fields:
        nulls = table.column(field.name).null_count
        if nulls and not field.nullable:
            raise InputError(
                f"{path} lacks {nulls} of {counted(table.num_rows, 'value')} in column {field.name!r}; only "
                f"{', '.join(_NULLABLE)} may be null. Run the study again."
            )


def _check_seal(path: Path, documents: Mapping[str, str], table: pa.Table) -> None:
    """Raises InputError where the columns and documents are not those whose checksum is among them."""
    if _SEAL not in documents:
        _log.info("%s has no checksum: whether it is as it was written cannot be told", path)
    elif documents[_SEAL] != _checksum(documents, table):
        raise InputError(
            f"{path} is damaged: it holds other values than were written; run the study again in its folder, "
            "which trains nothing twice."
        )


def _checksum(documents: Mapping[str, str], table: pa.Table) -> str:
    """Of all documents but the checksum's own."""
    own = {key: text for key, text in documents.items() if key != _SEAL}
    return table_checksum(table, own, order=(*_STRATUM, "allocation", "seed"))


def _entries(
    table: pa.Table, space: SearchSpace, proxies: Sequence[str], beside: Sequence[str]
) -> tuple[Entry, ...]:
    """Rows that differ in their runs alone, made one entry; in the order of their first rows.

    Time and memory are those of the table, with one allocation for all rows of equal ranks. Raises ValueError
    on values that no entry can have.
    """
    names = [site.name for site in space.sites]
    ranks = np.column_stack([table.column(_RANK + name).to_numpy() for name in names])
    allocations: dict[bytes, Allocation] = {}
    runs: dict[_Shared, list[Evaluation]] = {}
    for own, row in zip(ranks, table.drop_columns([_RANK + name for name in names]).to_pylist(), strict=True):
        stratum = Stratum(row["kind"], row["budget"], row["scaling"], row["learning_rate"])
        if (key := own.tobytes()) not in allocations:
            allocations[key] = space.allocation(own)
        allocation = allocations[key]
        scores = tuple((proxy, row[_SCORE + proxy]) for proxy in proxies)
        candidate = Candidate(allocation, row["seed"], stratum.learning_rate)
        known = {**{name: row[name] for name in _OF_RUN}, "curve": tuple(row["curve"])}
        other = tuple((name, value) for name in beside if (value := row[_BESIDE + name]) is not None)
        run = Evaluation(candidate, **known, beside=other)
        shared = stratum, allocation, tuple(row["origins"]), row["params"], scores
        runs.setdefault(shared, []).append(run)
    by_seed = {shared: sorted(own, key=lambda run: run.candidate.seed) for shared, own in runs.items()}
    return tuple(Entry(*shared, tuple(own)) for shared, own in by_seed.items())
