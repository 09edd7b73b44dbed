"""The command trains what is missing, all blocks at once or one by one, and writes what is known."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def conducted(*words: str | Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "benchmarks.evidence", *map(str, words)]
    subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True)


def runs_of(results: Path) -> list[tuple[str, ...]]:
    with (results / "length" / "tiny" / "runs.csv").open(newline="") as file:
        return [(row["way"], row["seed"], row["loss"], row["ranks"]) for row in csv.DictReader(file)]


def test_blocks_at_once_are_blocks_one_by_one_and_a_report_trains_nothing(
    model_folder: Path, files: Path, tmp_path: Path
) -> None:
    task = ("--model", model_folder, "--train-file", files / "train.tsv", "--eval-file", files / "dev.tsv")
    given = ("length", *task, "--blocks", "2", "--epochs", "1", "--title", "tiny", "--results", tmp_path)
    conducted(*given, "--work", tmp_path / "together", "--together", "--cohort-size", "1")
    together, made = runs_of(tmp_path), tmp_path / "length" / "tiny" / "made.json"
    assert len(together) == 4 * 8
    assert json.loads(made.read_text())["rows"]["report"] == 30
    conducted(*given, "--work", tmp_path / "apart", "--cohort-size", "1")
    assert runs_of(tmp_path) == together
    made.unlink()
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "apart" / "candidates").iterdir()}
    conducted(*given, "--work", tmp_path / "apart", "--report")
    assert runs_of(tmp_path) == together
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "apart" / "candidates").iterdir()} == kept
    assert not made.exists()
