"""What a live search leaves for people beside its result: curves in TensorBoard's files, and its tables."""

from __future__ import annotations

import csv
import json
import logging

import pytest

from search.cli.compare import main as compare
from search.cli.run import main
from search.run.set_up import setup
from spaces.errors import UsageError

pytest.importorskip("tensorboard", reason="the extra `tensorboard` is not installed")
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

LIVE = ["--space", "lora[q]", "--trials", "3", "--rungs", "1", "--at-once", "3", "--finalists", "1"]
LIVE += ["--scaling", "alpha/r"]


def test_every_trial_and_finalist_has_its_curve_once_and_its_line(small, tmp_path, caplog):
    argv = [*small, *LIVE, "--proxy", "grad_norm", "--log", "tensorboard", "--json"]
    argv.remove("--quiet")
    with caplog.at_level(logging.INFO):
        assert main(argv) == 0
    out = tmp_path / "out"
    found = json.loads((out / "result.json").read_text())
    runs = sorted(path.name for path in (out / "logs").iterdir())
    trials = found["live"]["trials"]
    assert [name[:10] for name in runs if name.startswith("trial-")] == [
        f"trial-{one['number']:04d}" for one in trials
    ]
    assert len(runs) == len(trials) + 2 * 2  # a finalist and the baseline, over two seeds
    for name, one in zip([name for name in runs if name.startswith("trial-")], trials, strict=True):
        events = EventAccumulator(str(out / "logs" / name)).Reload()
        assert [point.step for point in events.Scalars("train/loss")] == [*range(1, one["step"] + 1)]
        judged = [point.value for point in events.Scalars("validation/loss")]
        assert judged == pytest.approx(one["losses"], rel=1e-6)
    assert any("; best loss" in line and line.startswith("searching: ") for line in caplog.messages)
    with (out / "result.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    assert float(rows[-1]["accuracy"]) == found["baseline"]["metric_mean"]  # to the last digit
    assert (out / "result.md").read_text().startswith("# ")


def test_a_log_does_not_decide_results(small, tmp_path, capsys):
    argv = [*small, "--space", "lora[q]", "--proxy", "grad_norm"]
    assert main([*argv, "--log", "tensorboard"]) == 0
    assert main(argv) == 0  # the same folder: its result is given back
    assert {path.name for path in (tmp_path / "out" / "logs").iterdir()}
    capsys.readouterr()


def test_every_arm_s_runs_are_called_by_it(small, tmp_path):
    arms, few = (
        ["lora", "lora@lora[q]", "head"],
        ["--seeds", "2", "--epochs", "1", "--threads", "1", "--quiet"],
    )
    argv = [
        *small[:10],
        *few,
        "--space",
        "lora[q,v]",
        "--methods",
        ",".join(arms),
        "--lrs",
        "1e-3,1e-2",
        "--log",
        "tensorboard",
    ]
    assert compare(argv) == 0
    runs = [path.name for path in (tmp_path / "out" / "logs").iterdir()]
    assert len(set(runs)) == len(runs)
    for arm in ("lora", "lora@lora-q", "head"):
        own = {name.rpartition("-")[0] for name in runs if name.startswith(f"{arm}-lr")}
        seeds = {name.rpartition("-seed")[2] for name in own}
        # at both rates with the tuning's seed, and two seeds at the one that was chosen
        assert len(own) == 2 + 2
        assert {"0", "1"} < seeds


def test_from_python_losses_lie_beside_what_is_kept(model_folder, files, tmp_path):
    bench = setup(
        model=model_folder,
        train=files / "train.tsv",
        eval=files / "dev.tsv",
        space="lora[q]",
        budget="r=1",
        seeds=2,
        device="cpu",
    )
    with pytest.raises(UsageError, match="`log=tensorboard` writes beside what is kept"):
        bench.fine_tune([], log="tensorboard")
    with pytest.raises(UsageError, match="`log='paper'` is unknown"):
        bench.fine_tune([], log="paper", folder=tmp_path / "none")
    assert not (tmp_path / "none").exists()
    result = bench.fine_tune([], log="tensorboard", folder=tmp_path / "kept")
    runs = sorted((tmp_path / "kept" / "logs").iterdir())
    assert [run.name.rpartition("-")[0] for run in runs] == ["uniform-seed0", "uniform-seed1"]
    for run, own in zip(runs, result.finalists[0].runs, strict=True):
        events = EventAccumulator(str(run)).Reload()
        losses = [point.value for point in events.Scalars("train/loss")]
        assert losses == pytest.approx(own.evaluation.curve, rel=1e-6)
