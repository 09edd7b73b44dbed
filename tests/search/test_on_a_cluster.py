"""The commands on a Dask cluster, as a user types them: the tables of one machine."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("distributed", reason="the extra `cluster` is not installed")

from search.cli.rankscape import main
from tests.dask_processes import dask_scheduler

TIMES = {"seconds", "peak_memory", "costs", "command", "machine", "output", "folder", "provenance", "date"}


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory):
    with dask_scheduler(tmp_path_factory.mktemp("dask")) as scheduler, scheduler.workers([], []):
        yield scheduler


def timeless(value):
    """JSON without what no two runs share."""
    if isinstance(value, dict):
        return {name: timeless(one) for name, one in value.items() if name not in TIMES}
    return [timeless(one) for one in value] if isinstance(value, list) else value


PROPOSED = ["--proposals", "4", "--finalists", "2"]


@pytest.mark.parametrize(
    "command",
    [
        ["run", *PROPOSED],
        ["run", *PROPOSED, "--trials", "3", "--at-once", "2", "--rungs", "1"],
        ["study", "--allocations", "4", "--proxy", "grad_norm,snip", "--scoring-batches", "3"],
        ["compare", "--methods", "lora,hetero-dynamic,head"],
    ],
    ids=["run", "live", "study", "compare"],
)
def test_a_command_gives_there_what_it_gives_here(command, scheduler, model_folder, files, tmp_path, capsys):
    data = ["--model", str(model_folder), "--train-file", str(files / "train.tsv")]
    data += ["--eval-file", str(files / "dev.tsv"), "--budget", "r=2", "--seeds", "2", "--batch-size", "8"]
    data += ["--threads", "1", "--cohort-size", "2", "--lr", "1e-2", "--quiet", "--json"]
    found = []
    for place, where in {"here": [], "there": ["--dask", str(scheduler.file)]}.items():
        assert main([*command, *data, *where, "--output", str(tmp_path / place)]) == 0
        found.append(timeless(json.loads(capsys.readouterr().out)))
    assert found[0] == found[1]
