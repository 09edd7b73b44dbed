"""What a live search leaves for people beside its result: curves in TensorBoard's files, and its tables."""

from __future__ import annotations

import csv
import json
import logging

import pytest

from search.cli.run import main

pytest.importorskip("tensorboard", reason="the extra `tensorboard` is not installed")
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

LIVE = ["--space", "lora[q]", "--trials", "3", "--rungs", "1", "--at-once", "3", "--finalists", "1"]


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
