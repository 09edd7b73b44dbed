"""The Parquet file of a table is what its documentation says, and nothing else passes for one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from evaluators.store.benchmark_entry import Entry, Stratum
from evaluators.store.benchmark_file import Contents, read_contents, write_contents
from evaluators.training.candidate import Candidate, Evaluation
from spaces.errors import InputError
from spaces.search_space import SearchSpace
from spaces.site import Site, Tap
from spaces.space_record import space_to_json

SPACE = SearchSpace(
    tuple(
        Site(f"layers.0.{role}", 0, role, "lora", 8, 8, Tap(role, "in"), Tap(role, "out")) for role in "qv"
    ),
    (0, 2, 8),
)
EQUAL = Stratum("budget", 80, "alpha/r", 3e-3)
ALONE = Stratum("only", 48, "constant", 1e-3)


def entry(stratum: Stratum, ranks: tuple[int, int], *origins: str) -> Entry:
    allocation = SPACE.allocation(ranks)
    good = Evaluation(Candidate(allocation, 3, stratum.learning_rate), 0.75, 0.5, None, (0.7, 0.6), 1.5, 100)
    bad = Evaluation(Candidate(allocation, 5, stratum.learning_rate), None, None, "lower --lr", (), 0.0, 0)
    scores = (("params", 80.0), ("snip@warm", -0.1))
    return Entry(stratum, allocation, origins, SPACE.params(allocation), scores, (good, bad))


ENTRIES = (  # strata mixed; ranks 3 and 5 are not of the grid
    entry(EQUAL, (2, 3), "uniform"),
    entry(ALONE, (0, 3), "layers.0.v"),
    entry(EQUAL, (5, 0), "random", "snip@warm/exact"),
)
CONTENTS = Contents(SPACE, "accuracy", ENTRIES, {"options": '{"seeds": 2}', "costs": "[]"})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_contents(tmp_path / "table.parquet", CONTENTS)
    return tmp_path / "table.parquet"


def test_any_reader_of_parquet_sees_the_documented_columns(path: Path) -> None:
    table = parquet.read_table(path)
    assert table.num_rows == 6
    assert [(field.name, str(field.type), field.nullable) for field in table.schema] == [
        ("kind", "string", False),
        ("budget", "int64", False),
        ("scaling", "string", False),
        ("learning_rate", "double", False),
        ("allocation", "int64", False),
        ("origins", "list<element: string>", False),
        ("params", "int64", False),
        ("seed", "int64", False),
        ("rank:layers.0.q", "int32", False),
        ("rank:layers.0.v", "int32", False),
        ("score:params", "double", False),
        ("score:snip@warm", "double", False),
        ("metric", "double", True),
        ("loss", "double", True),
        ("failure", "string", True),
        ("curve", "list<element: double>", False),
        ("seconds", "double", False),
        ("peak_memory", "int64", False),
    ]


def test_other_metrics_are_columns_of_their_own_and_null_where_a_run_failed(tmp_path: Path) -> None:
    (first, *rest), path = ENTRIES, tmp_path / "beside.parquet"
    good, bad = first.runs
    told = replace(first, runs=(replace(good, beside=(("perplexity", 2.7), ("token_accuracy", 0.4))), bad))
    written = replace(CONTENTS, entries=(told, *rest))
    write_contents(path, written)
    assert parquet.read_table(path).to_pydict()["beside:perplexity"] == [2.7] + [None] * 5
    read = read_contents(path)
    assert {(one.stratum, one.allocation): one for one in read.entries} == {
        (one.stratum, one.allocation): one for one in written.entries
    }


def test_there_is_a_row_for_each_allocation_and_seed(path: Path) -> None:
    columns = parquet.read_table(path).to_pydict()
    assert columns["kind"] == ["budget", "budget", "only", "only", "budget", "budget"]
    assert columns["budget"] == [80, 80, 48, 48, 80, 80]
    assert columns["allocation"] == [0, 0, 0, 0, 1, 1]
    assert columns["origins"][-1] == ["random", "snip@warm/exact"]
    assert columns["params"] == [80, 80, 48, 48, 80, 80]
    assert columns["seed"] == [3, 5, 3, 5, 3, 5]
    assert columns["rank:layers.0.q"] == [2, 2, 0, 0, 5, 5]
    assert columns["rank:layers.0.v"] == [3, 3, 3, 3, 0, 0]
    assert columns["score:snip@warm"] == [-0.1] * 6
    assert columns["metric"] == [0.75, None] * 3
    assert columns["loss"] == [0.5, None] * 3
    assert columns["failure"] == [None, "lower --lr"] * 3
    assert columns["curve"] == [[0.7, 0.6], []] * 3
    assert columns["seconds"] == [1.5, 0.0] * 3
    assert columns["peak_memory"] == [100, 0] * 3


def test_the_metadata_hold_the_space_the_metric_and_the_notes(path: Path) -> None:
    metadata = parquet.read_schema(path).metadata
    assert len(metadata.pop(b"rankscape.sha256")) == 64
    assert metadata == {
        b"rankscape.format_version": b"1",
        b"rankscape.space": space_to_json(SPACE).encode(),
        b"rankscape.metric": b'"accuracy"',
        b"rankscape.note.options": b'{"seeds": 2}',
        b"rankscape.note.costs": b"[]",
    }


def test_what_was_written_is_read(path: Path) -> None:
    read = read_contents(path)
    assert (read.space, read.metric, read.entries, read.notes) == (
        SPACE,
        "accuracy",
        ENTRIES,
        CONTENTS.notes,
    )


def test_further_columns_do_no_harm(path: Path) -> None:
    table = parquet.read_table(path)
    parquet.write_table(table.append_column("mine", pa.array(range(6))), path)
    assert read_contents(path).entries == ENTRIES


def test_a_file_that_could_not_be_written_whole_leaves_the_old_one(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = path.read_bytes()

    def half(table: object, file: Path, **_: object) -> None:
        file.write_bytes(before[: len(before) // 2])
        raise KeyboardInterrupt

    monkeypatch.setattr(parquet, "write_table", half)
    for target in (path, path.with_name("new.parquet")):
        with pytest.raises(KeyboardInterrupt):
            write_contents(target, replace(CONTENTS, metric="f1"))
    assert path.read_bytes() == before
    assert not path.with_name("new.parquet").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "Parquet"), (b"seed,metric\n1,0.5\n", "magic bytes"), (None, "directory")],
)
def test_what_is_not_parquet_is_refused(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path if content is None else tmp_path / "table.parquet"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=f"is not a readable Parquet file .*{message}.*; name the table"):
        read_contents(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none.parquet is not a readable .*; name the table.parquet of"):
        read_contents(tmp_path / "none.parquet")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_file_cut_short_is_refused(path: Path, share: float) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(InputError, match="is not a readable Parquet file"):
        read_contents(path)


@pytest.mark.parametrize("column", range(18))
def test_a_value_that_rotted_on_disk_is_not_read_as_another(path: Path, column: int) -> None:
    chunk = parquet.read_metadata(path).row_group(0).column(column)
    last = (chunk.dictionary_page_offset or chunk.data_page_offset) + chunk.total_compressed_size - 1
    content = bytearray(path.read_bytes())
    content[last] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"is not a readable Parquet file .*CRC"):
        read_contents(path)


def test_no_flipped_byte_changes_what_is_read(path: Path) -> None:
    """Page checksums leave out the footer, where the ranks' statistics, the schema and the notes are."""
    whole, refused = path.read_bytes(), 0
    for position in range(0, len(whole), 23):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 4]) + whole[position + 1 :])
        try:
            read = read_contents(path)
        except InputError:
            refused += 1
            continue
        assert (read.space, read.metric, read.entries) == (SPACE, "accuracy", ENTRIES)
        assert read.notes == CONTENTS.notes
    assert refused > 100


def drop(column: str) -> Callable[[pa.Table], pa.Table]:
    return lambda table: table.drop_columns([column])


def put(column: str, values: list[object], type_: pa.DataType) -> Callable[[pa.Table], pa.Table]:
    """Puts a column of ``values``, repeated to the table's length, in the place of what was there."""

    def change(table: pa.Table) -> pa.Table:
        own = pa.array((values * table.num_rows)[: table.num_rows], type_)
        return table.set_column(table.schema.get_field_index(column), pa.field(column, type_), own)

    return change


def describe(**documents: str | bytes | None) -> Callable[[pa.Table], pa.Table]:
    """Changes the metadata of these names, None takes them out."""
    changes = {f"rankscape.{name}".encode(): text for name, text in documents.items()}

    def change(table: pa.Table) -> pa.Table:
        return table.replace_schema_metadata(
            {key: text for key, text in {**table.schema.metadata, **changes}.items() if text is not None}
        )

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda table: table.replace_schema_metadata(None),
            "no benchmark table: .*lack rankscape.format_ver",
        ),
        (describe(format_version=None), "lack rankscape.format_version; name the table.parquet of"),
        (describe(format_version="2"), "has format_version=2, this version of rankscape reads 1; install"),
        (
            describe(space=None),
            r"metadata that cannot be read \(KeyError: 'rankscape.space'\); run the study",
        ),
        (describe(metric=None), r"cannot be read \(KeyError: 'rankscape.metric'\)"),
        (describe(metric="accuracy"), r"cannot be read \(JSONDecodeError.*; run the study again"),
        (describe(space="{}"), r"cannot be read \(InputError: a search space cannot be read from '{}'"),
        (describe(metric=b"\xff"), "has metadata that are not text .*; run the study again"),
        (drop("seed"), r"lacks the columns \['seed'\] \(1 in all\).*needs each of its 18 columns once. Run"),
        (drop("rank:layers.0.v"), r"lacks the columns \['rank:layers.0.v'\]"),
        (drop("curve"), r"lacks the columns \['curve'\]"),
        (lambda t: t.append_column("loss", t["loss"]), r"\['loss'\] \(1 in all\), or has them twice"),
        (put("params", [1.0], pa.float64()), "has double in column 'params', which must be int64; run the"),
        (put("curve", [0.5], pa.float64()), "has double in column 'curve', which must be list<"),
        (
            put("score:params", [1.0, None], pa.float64()),
            "lacks 3 of 6 values in column 'score:params'; only",
        ),
        (
            put("origins", [None], pa.list_(pa.string())),
            "lacks 6 of 6 values in column 'origins'; only metric",
        ),
        (
            put("kind", ["best"], pa.string()),
            "holds a row that no study writes: kind='best' .* Run the study",
        ),
        (put("rank:layers.0.q", [-1], pa.int32()), "no study writes: rank -1 at layers.0.q must be >= 1"),
        (put("score:params", [float("nan")], pa.float64()), "params=nan; scores must be finite"),
        (put("budget", [47], pa.int64()), "costs 80 parameters, above the stratum's 47"),
        (put("seed", [3], pa.int64()), r"runs of the seeds \[3, 3\]; give one run per seed"),
        (put("loss", [0.25, None], pa.float64()), "is damaged: it holds other values than were written; run"),
        (put("curve", [[0.7], []], pa.list_(pa.float64())), "is damaged: it holds other values"),
        (put("failure", [None, "lower"], pa.string()), "is damaged: it holds other values"),
        (describe(metric='"f1"'), "is damaged: it holds other values"),
        (describe(**{"note.costs": "[1]"}), "is damaged: it holds other values"),
    ],
)
def test_a_file_that_was_changed_is_refused_with_its_reason(
    path: Path, change: Callable[[pa.Table], pa.Table], message: str
) -> None:
    parquet.write_table(change(parquet.read_table(path)), path)
    with pytest.raises(InputError, match=f"^{re.escape(str(path))} .*{message}"):
        read_contents(path)


def test_the_helpers_alone_change_nothing_that_matters(path: Path) -> None:
    for change in (describe(metric=json.dumps("accuracy")), put("seconds", [1.5, 0.0], pa.float64())):
        parquet.write_table(change(parquet.read_table(path)), path)
        assert read_contents(path).entries == ENTRIES


def test_a_table_from_before_there_were_checksums_is_read_and_said_to_be_unverified(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    parquet.write_table(describe(sha256=None)(parquet.read_table(path)), path)
    assert read_contents(path).entries == ENTRIES
    assert "table.parquet has no checksum: whether it is as it was written cannot be told" in caplog.text
