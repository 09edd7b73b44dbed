"""A table answers allocations, and comes back from disk as it was."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from evaluators.store.benchmark_table import BenchmarkTable, Entry, Stratum
from evaluators.training.candidate import Candidate, Evaluation
from spaces.allocation import Allocation
from spaces.errors import InputError
from spaces.search_space import SearchSpace
from spaces.site import Site, Tap

SPACE = SearchSpace(
    tuple(
        Site(f"layers.0.{role}", 0, role, "lora", 8, d_out, Tap(role, "in"), Tap(role, "out"))
        for role, d_out in {"q": 8, "v": 8, "fc1": 24}.items()
    ),
    (0, 2, 8),
)
EQUAL = Stratum("budget", 2_000, "alpha/r", 3e-3)
ALONE = Stratum("only", 2_000, "constant", 1e-3)
RANKS = st.lists(st.integers(0, 5), min_size=3, max_size=3)


def entry(ranks: Sequence[int], stratum: Stratum = EQUAL, seeds: Sequence[int] = (0, 1)) -> Entry:
    allocation = SPACE.allocation(ranks)
    runs = tuple(
        Evaluation(Candidate(allocation, s, stratum.learning_rate), 0.7, 0.6, None, (0.7,), 1.5, 100)
        for s in seeds
    )
    params = SPACE.params(allocation)
    return Entry(stratum, allocation, ("random",), params, (("params", float(params)),), runs)


def table(*entries: Entry, **notes: str) -> BenchmarkTable:
    return BenchmarkTable(SPACE, "accuracy", entries, notes)


def same(one: BenchmarkTable, other: BenchmarkTable) -> bool:
    """Whether all that two tables hold is equal; repr is exact for floats, and NaN equals NaN in it."""
    return (one.space, one.metric, dict(one.notes), repr(one.entries)) == (
        other.space,
        other.metric,
        dict(other.notes),
        repr(other.entries),
    )


def test_a_table_knows_its_strata_seeds_and_proxies() -> None:
    first, alone, second = entry([2, 2, 2]), entry([2, 0, 0], ALONE), entry([0, 4, 2])
    mixed = table(first, alone, second)
    assert mixed.strata == (EQUAL, ALONE)
    assert mixed.seeds == (0, 1)
    assert mixed.proxies == ("params",)
    assert mixed.of(EQUAL) == (first, second)
    assert mixed.of(ALONE) == (alone,)
    assert mixed.of(replace(ALONE, learning_rate=2e-3)) == ()


def test_an_allocation_is_found_in_its_own_stratum_only() -> None:
    both = table(entry([2, 0, 0]), entry([2, 0, 0], ALONE), entry([0, 3, 0], ALONE))
    assert both.find(EQUAL, SPACE.allocation([2, 0, 0])) is both.entries[0]
    assert both.find(ALONE, SPACE.allocation([2, 0, 0])) is both.entries[1]
    assert both.find(EQUAL, SPACE.allocation([0, 3, 0])) is None
    assert both.find(replace(EQUAL, scaling="constant"), SPACE.allocation([2, 0, 0])) is None


PLANS = st.lists(RANKS, min_size=1, max_size=12, unique_by=tuple)


@given(PLANS, RANKS, st.sets(st.integers(0, 11)))
def test_find_and_nearest_agree_with_a_scan(
    plans: list[list[int]], asked: list[int], tried: set[int]
) -> None:
    one = table(entry([1, 1, 1], ALONE), *(entry(plan) for plan in plans))
    found = one.find(EQUAL, SPACE.allocation(asked))
    assert (found is not None) == (asked in plans)
    assert found is None or found.allocation == SPACE.allocation(asked)

    left = [plan for place, plan in enumerate(plans) if place not in tried]
    apart_from = {SPACE.allocation(plan) for place, plan in enumerate(plans) if place in tried}
    if not left:
        with pytest.raises(InputError, match="no entry left"):
            one.nearest(EQUAL, SPACE.allocation(asked), apart_from=apart_from)
        return

    def distance(plan: list[int]) -> int:
        return sum(c * abs(a - b) for a, b, c in zip(asked, plan, (16, 16, 32), strict=True))

    nearest = one.nearest(EQUAL, SPACE.allocation(asked), apart_from=apart_from)
    assert nearest.allocation == SPACE.allocation(min(left, key=distance))  # min takes the first of several


def test_nearest_weighs_a_rank_by_its_parameters() -> None:
    # one rank of fc1 costs 8 + 24, two ranks of q cost no more, three do
    one = table(entry([2, 2, 3]), entry([5, 2, 2]))
    assert one.nearest(EQUAL, SPACE.allocation([2, 2, 2])) is one.entries[0]
    assert one.nearest(EQUAL, SPACE.allocation([3, 2, 2])) is one.entries[1]
    tie = table(entry([4, 2, 2]), entry([2, 2, 3]))
    assert tie.nearest(EQUAL, SPACE.allocation([2, 2, 2])) is tie.entries[0]


def test_nearest_says_what_there_is_where_none_is_left() -> None:
    one = table(entry([2, 2, 2]))
    with pytest.raises(InputError, match=r"no entry left of its 0 in 'one site alone.*\['2,000 parameters"):
        one.nearest(ALONE, SPACE.allocation([2, 2, 2]))
    with pytest.raises(InputError, match=r"no entry left of its 1 in '2,000 .*ask for fewer"):
        one.nearest(EQUAL, SPACE.allocation([0, 0, 2]), apart_from=[SPACE.allocation([2, 2, 2])])


def test_nearest_refuses_a_site_that_the_space_lacks() -> None:
    with pytest.raises(ValueError, match=r"\['layers.9.q'\] are not in this space"):
        table(entry([2, 2, 2])).nearest(EQUAL, Allocation.of({"layers.9.q": 2}))


TWO_PROXIES = replace(entry([0, 0, 2]), scores=(("params", 1.0), ("snip", 1.0)))


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ((), "there is none; give at least one"),
        ((entry([2, 2, 2]), entry([2, 2, 2])), "of random in '2,000 .*stands there twice; join the origins"),
        ((entry([2, 2, 2]), entry([0, 0, 2], seeds=(0, 2))), r"the seeds \[0, 2\] and .*first has \[0, 1\]"),
        ((entry([2, 2, 2]), entry([0, 0, 2], seeds=(0,))), r"the seeds \[0\] and .*first has \[0, 1\]"),
        ((entry([2, 2, 2]), TWO_PROXIES), r"the proxies \['params', 'snip'\] and .*first has \['params'\]"),
        ((replace(entry([2, 2, 2]), params=127),), "params=127 and costs 128; give what it costs"),
    ],
)
def test_entries_that_make_no_table_are_refused(entries: tuple[Entry, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        table(*entries)


def test_an_allocation_of_another_space_is_refused() -> None:
    smaller = SearchSpace(SPACE.sites[:2], SPACE.ranks)
    with pytest.raises(ValueError, match=r"\['layers.0.fc1'\] are not in this space of 2 sites"):
        BenchmarkTable(smaller, "accuracy", (entry([2, 2, 2]),))


FINITE = st.floats(allow_nan=False, allow_infinity=False)
ORIGINS = st.lists(st.text(min_size=1), min_size=1, max_size=3).map(tuple)


@st.composite
def tables(draw: st.DrawFn) -> BenchmarkTable:
    """Tables with strata mixed, failed runs, curves of any length and any float."""
    seeds = sorted(draw(st.sets(st.integers(0, 2**62), min_size=1, max_size=3)))
    proxies = draw(st.lists(st.sampled_from(["params", "grad_norm", "snip@warm"]), unique=True))
    keys = draw(
        st.lists(
            st.tuples(st.sampled_from([EQUAL, ALONE]), RANKS.map(SPACE.allocation)),
            min_size=1,
            max_size=5,
            unique=True,
        )
    )
    entries = []
    for stratum, allocation in keys:
        runs = tuple(
            Evaluation(
                Candidate(allocation, seed, stratum.learning_rate),
                draw(st.none() | FINITE),
                draw(st.none() | FINITE),
                draw(st.none() | st.text()),
                tuple(draw(st.lists(st.floats(), max_size=4))),
                draw(FINITE),
                draw(st.integers(0, 2**62)),
            )
            for seed in seeds
        )
        scores = tuple((proxy, draw(FINITE)) for proxy in proxies)
        cost = SPACE.params(allocation)
        entries.append(Entry(stratum, allocation, draw(ORIGINS), cost, scores, runs))
    notes = draw(st.dictionaries(st.text(), st.text(), max_size=2))
    return BenchmarkTable(SPACE, draw(st.text()), tuple(entries), notes)


@settings(deadline=None, max_examples=50)
@given(written=tables())
def test_a_table_comes_back_exactly(
    tmp_path_factory: pytest.TempPathFactory, written: BenchmarkTable
) -> None:
    path = tmp_path_factory.getbasetemp() / "exactly.parquet"
    written.write(path)
    assert same(BenchmarkTable.read(path), written)


def test_failures_and_curves_that_diverged_come_back(tmp_path: Path) -> None:
    whole = entry([2, 2, 2])
    failed = replace(whole.runs[1], metric=None, loss=None, failure="lower --lr", curve=(0.1, math.nan))
    written = table(replace(whole, runs=(whole.runs[0], failed)), study='{"a": 1}')
    written.write(tmp_path / "table.parquet")
    read = BenchmarkTable.read(tmp_path / "table.parquet")
    assert read.entries[0].runs[0] == whole.runs[0]
    back = read.entries[0].runs[1]
    assert (back.metric, back.loss, back.failure, back.curve[0]) == (None, None, "lower --lr", 0.1)
    assert math.isnan(back.curve[1])
    assert read.notes == {"study": '{"a": 1}'}


def test_equality_of_tables_is_not_vacuous() -> None:
    one = table(entry([2, 2, 2]))
    assert same(one, table(entry([2, 2, 2])))
    assert not same(one, table(entry([2, 2, 2]), note="{}"))
    assert not same(one, table(entry([2, 2, 2], seeds=(0, 2))))


def test_rows_may_lie_in_any_order(tmp_path: Path) -> None:
    one = table(entry([2, 2, 2]), entry([0, 4, 2]), entry([2, 0, 0], ALONE))
    one.write(tmp_path / "table.parquet")
    mixed = parquet.read_table(tmp_path / "table.parquet").take([5, 3, 1, 0, 4, 2])
    parquet.write_table(mixed, tmp_path / "mixed.parquet")
    read = BenchmarkTable.read(tmp_path / "mixed.parquet")
    assert read.entries == (one.entries[2], one.entries[1], one.entries[0])


def rows_of(path: Path, rows: Sequence[int]) -> Path:
    """A table of these of its four rows."""
    table(entry([2, 2, 2]), entry([0, 4, 2])).write(path)
    parquet.write_table(parquet.read_table(path).take(pa.array(rows, pa.int64())), path)
    return path


def unseal(path: Path) -> None:
    """Takes the checksum out, as it was not there in the first tables."""
    content = parquet.read_table(path)
    metadata = {key: text for key, text in content.schema.metadata.items() if key != b"rankscape.sha256"}
    parquet.write_table(content.replace_schema_metadata(metadata), path)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "there is none; give at least one"),
        ([0, 1, 2], r"the seeds \[0\] and the table's first has \[0, 1\]; give every entry the same"),
        ([0, 3], r"the seeds \[1\] and the table's first has \[0\]"),
        ([0, 1, 2, 3, 3], r"runs of the seeds \[0, 1, 1\]; give one run per seed"),
    ],
)
def test_rows_that_are_no_rectangle_of_allocations_and_seeds_are_refused(
    tmp_path: Path, rows: list[int], message: str
) -> None:
    path = rows_of(tmp_path / "table.parquet", rows)
    unseal(path)
    with pytest.raises(InputError, match=f"{re.escape(str(path))} holds .*{message}"):
        BenchmarkTable.read(path)


def test_rows_of_one_allocation_that_disagree_are_refused(tmp_path: Path) -> None:
    path = rows_of(tmp_path / "table.parquet", range(4))
    content = parquet.read_table(path)
    place = content.schema.get_field_index("score:params")
    content = content.set_column(place, content.schema.field(place), [[128.0, 128.0, 128.0, 129.0]])
    parquet.write_table(content, path)
    unseal(path)
    with pytest.raises(InputError, match=r"the seeds \[0\] and the table's first has \[0, 1\]"):
        BenchmarkTable.read(path)
