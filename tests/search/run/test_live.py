"""``rankscape run --trials``: trials are trained, stopped and told while the search goes on."""

from __future__ import annotations

import csv
import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest

from search.cli.run import main

LIVE = ["--space", "lora[q,v]", "--trials", "5", "--rungs", "1", "--at-once", "4", "--finalists", "1"]
CHOICES = ["--lrs", "1e-3,1e-2", "--scalings", "alpha/sqrt(r)", "--proxy", "grad_norm"]


def run_json(capsys, argv: list[str]) -> dict:
    assert main([*argv, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def without_times(found: object) -> object:
    """The same, but for seconds and peaks of memory, and where it lies."""
    if isinstance(found, dict):
        left_out = ("seconds", "peak_memory", "output")
        return {name: without_times(one) for name, one in found.items() if name not in left_out}
    return [without_times(one) for one in found] if isinstance(found, list) else found


def test_trials_are_judged_at_rungs_and_the_best_are_trained_anew(small, capsys, tmp_path):
    found = run_json(capsys, [*small, *LIVE, *CHOICES])
    live = found["live"]
    trials = live["trials"]
    first, last = live["rungs"]
    assert [trial["number"] for trial in trials] == list(range(len(trials)))
    assert sum(not trial["baseline"] for trial in trials) == 5
    names = {trial["proposer"] for trial in trials if trial["baseline"]}
    assert names == {"uniform+uniform[q,v]", "uniform[all]"}
    for trial in trials:
        assert trial["state"] in ("complete", "pruned")
        assert trial["step"] == (last if trial["state"] == "complete" else first)
        assert len(trial["losses"]) == (2 if trial["state"] == "complete" else 1)
    assert {trial["state"] for trial in trials} == {"complete", "pruned"}
    assert live["steps"] == sum(trial["step"] for trial in trials) < live["whole_steps"]
    seeds = {int(seed) for one in (found["baseline"], *found["finalists"]) for seed in one["metrics"]}
    assert live["seed"] not in seeds
    complete = sorted((one["losses"][-1], one["number"]) for one in trials if one["state"] == "complete")
    best = next(trials[number] for _, number in complete if trials[number]["baseline"])
    assert (found["baseline"]["learning_rate"], found["baseline"]["scaling"]) == (
        best["learning_rate"],
        best["scaling"],
    )
    assert found["baseline"]["proposer"] == best["proposer"]
    assert (tmp_path / "out" / "adapter" / "adapter_config.json").is_file()


def test_a_front_over_budgets_is_saved_point_by_point(small, capsys, tmp_path):
    few = ["--objectives", "loss,params", "--budget-min", "r=1", *CHOICES]
    found = run_json(capsys, [*small, *LIVE, *few])
    live, out = found["live"], tmp_path / "out"
    complete = [trial for trial in live["trials"] if trial["state"] == "complete"]
    values = {one["number"]: (one["losses"][-1], one["params"]) for one in complete}
    beaten = {
        number
        for number, own in values.items()
        if any(a <= own[0] and b <= own[1] and (a, b) != own for a, b in values.values())
    }
    assert {one["trial"] for one in live["front"]} == values.keys() - beaten
    assert len({trial["params"] for trial in live["trials"] if not trial["baseline"]}) > 2
    with (out / "front.csv").open() as file:
        table = csv.DictReader(file)
        rows = {int(row["trial"]): (float(row["loss"]), int(row["params"])) for row in table}
    assert table.fieldnames == ["trial", "proposer", "params", "learning_rate", "scaling", "loss"]
    assert rows == {one["trial"]: values[one["trial"]] for one in live["front"]}
    for one in live["front"]:
        assert (out / "front" / str(one["trial"]) / "adapter_config.json").is_file()
    assert (out / "front.png").stat().st_size > 5000


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--lrs", "1e-3"], "--lrs is of a live search, and none is asked for; add --trials."),
        (["--trials", "4", "--halving", "1"], "--halving 1 lets every trial go on"),
        (["--trials", "4", "--rungs", "9"], "judges trials after 1/19683 of their training"),
        (["--trials", "4", "--objectives", "params,loss"], "must be loss or metric"),
        (["--trials", "4", "--objectives", "loss,size"], "size"),
        (["--trials", "4", "--pruner", "median"], "median"),
        (["--trials", "4", "--budget-min", "r=9"], "--budget-min r=9 is above --budget r=2"),
        (["--trials", "4", "--budget-min", "1"], "Change --budget-min, or --space"),
        (["--trials", "4", "--evaluator", "supernet"], "exclude each other"),
    ],
)
def test_what_cannot_be_is_one_line(small, capsys, tmp_path, given, said):
    assert main([*small, *given]) == 2
    (line,) = capsys.readouterr().err.splitlines()[-1:]
    assert said in line
    assert not (tmp_path / "out").exists()


def test_a_search_that_diverges_at_one_rate_says_at_which_and_at_all_leaves_its_page(small, capsys, tmp_path):
    few = ["--space", "lora[q]", "--trials", "2", "--rungs", "1", "--at-once", "4", "--finalists", "1"]
    argv = [*small, *few, "--proxy", "grad_norm", "--sampler", "random", "--scaling", "alpha/r"]
    assert main([*argv, "--lrs", "1e29,1e30"]) == 1
    (line,) = capsys.readouterr().err.splitlines()[-1:]
    out = tmp_path / "out"
    assert "lower the learning rate of 1e+29" in line
    assert "--lr" not in line
    assert f"{out / 'report.html'} has all trials" in line
    assert "<h1>No result: no trial was trained to its end: " in (out / "report.html").read_text()
    place = argv.index("--output") + 1
    argv[place] = str(tmp_path / "half")
    assert main([*argv, "--lrs", "1e-3,1e30"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "trials at learning rate 1e+30: the training loss became nan" in said
    live = json.loads((tmp_path / "half" / "result.json").read_text())["live"]
    failed = [one for one in live["trials"] if one["state"] == "failed"]
    assert {one["learning_rate"] for one in failed} == {1e30}
    assert all(one["step"] > 0 and one["seconds"] > 0 for one in failed)


KILLED = [sys.executable, "-m", "search.run"]


def test_a_search_that_is_killed_again_and_again_finds_the_same(small, capsys, tmp_path):
    whole = without_times(run_json(capsys, [*small, *LIVE, *CHOICES]))
    place = small.index("--output") + 1
    argv = [*small[:place], str(tmp_path / "killed"), *small[place + 1 :], *LIVE, *CHOICES]
    rng, environment = random.Random(0), {**os.environ, "OMP_NUM_THREADS": "1"}
    kept = tmp_path / "killed" / "candidates"
    for _ in range(3):
        process = subprocess.Popen([*KILLED, *argv], env=environment, stderr=subprocess.DEVNULL)
        begun = len(list(kept.glob("*.json"))) if kept.exists() else 0
        wanted = begun + rng.randint(1, 9)
        while process.poll() is None and (not kept.exists() or len(list(kept.glob("*.json"))) < wanted):
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert without_times(run_json(capsys, argv)) == whole
