"""The commands on a Dask cluster, as a user types them: the tables of one machine."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("distributed", reason="the extra `cluster` is not installed")

from search.cli.rankscape import main
from tests.dask_processes import dask_scheduler

TIMES = {"seconds", "peak_memory", "costs", "overhead", "command", "output", "folder", "date"}


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory):
    with dask_scheduler(tmp_path_factory.mktemp("dask")) as scheduler, scheduler.workers([], []):
        yield scheduler


def timeless(value):
    """JSON without what no two runs share."""
    if isinstance(value, dict):
        return {name: timeless(one) for name, one in value.items() if name not in TIMES}
    return [timeless(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    "command",
    [
        ["run", "--proposals", "4", "--finalists", "2", "--trials", "3", "--at-once", "2", "--rungs", "1"],
        ["study", "--allocations", "4", "--proxy", "grad_norm,snip", "--scoring-batches", "3"],
        ["compare", "--methods", "lora,hetero-dynamic,head"],
    ],
    ids=["run", "study", "compare"],
)
def test_a_command_gives_there_what_it_gives_here(command, scheduler, model_folder, files, tmp_path, capsys):
    data = ["--model", str(model_folder), "--train-file", str(files / "train.tsv")]
    data += ["--eval-file", str(files / "dev.tsv"), "--budget", "r=2", "--seeds", "2", "--batch-size", "8"]
    data += ["--threads", "1", "--cohort-size", "2", "--lr", "1e-2", "--quiet", "--json"]
    data += ["--scaling", "alpha/r"] if command[0] == "run" else []  # a live search would try another, too
    found = []
    for place, where in {"here": [], "there": ["--dask", str(scheduler.file)]}.items():
        assert main([*command, *data, *where, "--output", str(tmp_path / place)]) == 0
        found.append(timeless(json.loads(capsys.readouterr().out)))
    assert found[0] == found[1]


def test_a_live_search_there_is_told_how_many_train_at_once(scheduler, model_folder, files, tmp_path, capsys):
    """Workers may still be coming when it begins."""
    argv = ["run", "--trials", "3", "--halving", "0", "--model", str(model_folder), "--quiet"]
    argv += ["--train-file", str(files / "train.tsv"), "--eval-file", str(files / "dev.tsv")]
    argv += ["--budget", "r=2", "--dask", str(scheduler.file)]
    assert main([*argv, "--output", str(tmp_path / "out")]) == 2
    assert "--at-once is missing: a cluster's workers come and go" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
