"""What a table of an earlier version notes of itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from evaluators.store.benchmark_table import BenchmarkTable
from proxies.site_scores import per_unit_of_rank
from search.run.study_notes import Notes
from search.run.tabulated_oracle import TableChoice, TabulatedOracle
from spaces.errors import InputError
from spaces.find_sites import find_sites
from spaces.search_space import SearchSpace

RESULTS = Path(__file__).parents[3] / "results"


@pytest.mark.parametrize("table", sorted(RESULTS.glob("*/table.parquet")), ids=lambda path: path.parent.name)
def test_tables_of_earlier_versions_are_read(table):
    notes = Notes.of(BenchmarkTable.read(table))
    assert (notes.positive_label, notes.remarks) == (None, ())


@pytest.mark.parametrize("error", [0.0, 0.3, None])
def test_the_error_of_sketched_scores_is_kept_also_where_it_cannot_be_said(tiny_model, error):
    space = SearchSpace(find_sites(tiny_model("bert"), "lora[q]"), (0, 1))
    by_site = [1.0] * len(space.sites)
    scores = replace(per_unit_of_rank("grad_norm", "dense", space, by_site), error=error)
    kept = SimpleNamespace(space=space, notes=Notes((), 1.0, (), (), {"constant": (scores,)}).to_json())
    assert Notes.of(kept).site_scores["constant"][0].error == error


def test_which_rows_judged_is_kept_and_nothing_is_chosen_by_test_rows():
    table = BenchmarkTable.read(RESULTS / "study-mrpc-384" / "table.parquet")
    assert Notes.of(table).judged_by == "test"
    with pytest.raises(InputError, match="judged by test rows, by which a search may not choose"):
        TabulatedOracle.of(table, TableChoice())
    notes = replace(Notes.of(table), judged_by="validation").to_json()
    TabulatedOracle.of(replace(table, notes=notes), TableChoice())
