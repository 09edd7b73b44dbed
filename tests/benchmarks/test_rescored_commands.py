"""Both commands, from files that are committed to what they write down."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from benchmarks import rescored, rescored_runs
from evaluators.store.benchmark_table import BenchmarkTable

RESULTS = Path(__file__).parents[2] / "results"
LABELLED = ("sentence\tlabel", *(f"{'good' if i % 2 else 'bad'} film number {i}\t{i % 2}" for i in range(64)))


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "rows.tsv"
    path.write_text("\n".join(LABELLED))
    return [f"--{part}-file={path}" for part in ("train", "eval")]


def test_a_committed_table_is_judged_with_a_proxy_that_it_did_not_have(rows, tmp_path):
    table, out = RESULTS / "study-rotten-tomatoes" / "table.parquet", tmp_path / "out.json"
    rescored.main([str(table), *rows, "--proxies=root:params,l2_norm", f"--output={out}"])
    (stratum,) = json.loads(out.read_text())["strata"]
    kept = [one for one in BenchmarkTable.read(table).entries if one.stratum.kind == "budget"]
    assert stratum["allocations"] == len(kept)
    assert "seconds" in stratum["proxies"]["root:params"]
    assert "seconds" not in stratum["proxies"]["root:adam_signal"]
    assert stratum["proxies"]["root:adam_signal"]["rho"][0] == pytest.approx(
        0.75, abs=0.01
    )  # as its page says


def test_ways_of_committed_runs_are_judged_where_there_are_enough_of_them(rows, tmp_path):
    runs, out = RESULTS / "ladder" / "sst-2" / "runs.csv", tmp_path / "out.json"
    rescored_runs.main([str(runs), *rows, "--proxies=spread", f"--output={out}"])
    found = json.loads(out.read_text())["strata"]
    ways: dict[str, set[str]] = {}
    for row in csv.DictReader(runs.read_text().splitlines()):
        ways.setdefault(row["mean_rank"], set()).add(row["way"])
    enough = [rank for rank, names in ways.items() if len(names) >= 10]
    assert [one["stratum"] for one in found] == [f"mean rank {float(rank):g}" for rank in enough]
    assert all(one["seeds"] == 8 for one in found)
