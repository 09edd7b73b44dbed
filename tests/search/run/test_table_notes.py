"""What a table of an earlier version notes of itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluators.store.benchmark_table import BenchmarkTable
from search.run.table_notes import Notes

RESULTS = Path(__file__).parents[3] / "results"


@pytest.mark.parametrize("table", sorted(RESULTS.glob("*/table.parquet")), ids=lambda path: path.parent.name)
def test_tables_of_earlier_versions_are_read(table):
    notes = Notes.of(BenchmarkTable.read(table))
    assert (notes.positive_label, notes.remarks) == (None, ())
