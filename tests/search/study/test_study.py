"""The command, as a user types it: end to end, killed and gone on with, grown, made anew from its table."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import optuna
import pytest
from filelock import FileLock
from pyarrow import parquet

from evaluators.store.benchmark_table import BenchmarkTable
from search.cli.run import main as run
from search.cli.study import main
from search.run.study_notes import Notes
from spaces.errors import InputError

TIMES = ("seconds", "peak_memory")


def rows(folder: Path) -> list[dict]:
    """The table's rows without what no two runs share."""
    table = parquet.read_table(folder / "table.parquet").to_pylist()
    return [{name: value for name, value in row.items() if name not in TIMES} for row in table]


def test_everything_that_was_promised_is_written(study, tmp_path, capsys):
    assert main([*study, "--metric", "f1"]) == 0
    printed, out = capsys.readouterr().out, tmp_path / "out"
    report = json.loads((out / "report.json").read_text())
    assert printed.startswith(report["verdict"])
    assert {path.name for path in out.iterdir()} >= {"table.parquet", "report.json", "report.html", "plots"}
    table = BenchmarkTable.read(out / "table.parquet")
    assert table.proxies == ("grad_norm", "snip")
    assert table.seeds == (0, 1)
    assert len(table.entries) == 12
    costs = np.array([entry.params for entry in table.entries])
    assert costs.min() >= 0.99 * 2 * table.space.params_per_rank
    assert [one["truth"] for one in report["reports"]] == ["metric", "loss"]
    assert {card["proxy"] for card in report["reports"][0]["cards"]} == {"grad_norm", "snip", "params"}
    notes = Notes.of(table)
    assert notes.positive_label == report["positive_label"] in ("0", "1")
    assert f"truth: validation f1 of '{notes.positive_label}'" in " ".join(printed.split())
    assert f"F1 is of the label '{notes.positive_label}'" in notes.remarks[-1]
    assert "http" not in (out / "report.html").read_text().replace("http-equiv", "")
    (name, short) = optuna.get_all_study_names(f"sqlite:///{out}/study.db")
    trials = optuna.load_study(study_name=name, storage=f"sqlite:///{out}/study.db").trials
    assert short == f"{name}, in short"
    for trial, entry in zip(trials, table.entries, strict=True):
        assert trial.value == pytest.approx(np.mean([one.metric for one in entry.runs]))
        assert {site: rank for site, rank in trial.params.items() if rank} == dict(entry.allocation.ranks)
        assert trial.user_attrs["snip"] == dict(entry.scores)["snip"]


def test_a_killed_study_goes_on_and_ends_as_if_it_had_not_been_killed(study, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    command = [sys.executable, "-m", "search.study", *study[:-1]]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    running = subprocess.Popen([*command, str(killed)], env=environment, stderr=subprocess.DEVNULL)
    while running.poll() is None and not any(killed.glob("candidates/*.json")):
        time.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    running.wait()
    finished = {path: path.stat().st_mtime_ns for path in killed.glob("candidates/*.json")}
    assert 0 < len(finished) < 24
    assert not (killed / "table.parquet").exists()
    assert main([*study[:-1], str(killed)]) == 0
    assert main([*study[:-1], str(whole)]) == 0
    assert rows(killed) == rows(whole)
    assert {path: path.stat().st_mtime_ns for path in finished} == finished


def test_a_study_grows_in_its_folder_without_training_anything_twice(study, tmp_path, watched):
    assert main(study) == 0
    assert watched.study(study) == 0
    assert watched.trained == []
    grown = [*study, "--seeds", "3", "--site-truth", "only,without", "--site-rank", "2"]
    assert watched.study(grown) == 0
    table = BenchmarkTable.read(tmp_path / "out" / "table.parquet")
    assert [stratum.kind for stratum in table.strata] == ["budget", "only", "without"]
    assert table.seeds == (0, 1, 2)
    sites = len(table.space.sites)
    everyone = 3 * (12 + sites + sites + 1)
    assert len(watched.trained) == everyone - 24 - 3  # the uniform allocation stands in two strata


def test_a_line_that_asks_for_less_says_what_the_table_loses(study, tmp_path, caplog):
    assert main([*study, "--allocations", "4"]) == 0
    assert "lose" not in caplog.text
    assert main([*study, "--allocations", "3", "--seeds", "1"]) == 0
    assert "the table and the report lose 5 runs that were in them, as this line asks for less" in caplog.text
    assert len(rows(tmp_path / "out")) == 3


def test_several_budgets_name_the_study_and_the_default_one_does_not(study, tmp_path):
    without_budget = [word for word in study if word not in ("--budget", "r=2")]
    assert main([*without_budget, "--budgets", "r=1,r=2", "--allocations", "3", "--seeds", "1"]) == 0
    names = optuna.get_all_study_names(f"sqlite:///{tmp_path}/out/study.db")
    assert len(names) == 4
    assert all("r=1,r=2" in name and "2.3M" not in name for name in names)


def test_it_judges_by_the_rows_that_it_is_told_to_judge_by(study, files, tmp_path, capsys):
    """Other labels in the file to report on turn what is judged by it upside down, and move nothing else."""
    label = {"0": "1", "1": "0"}
    head, *lines = (files / "dev.tsv").read_text().split("\n")
    turned = tmp_path / "turned.tsv"
    turned.write_text("\n".join([head, *(f"{line[:-1]}{label[line[-1]]}" for line in lines)]))
    right = {}
    for rows in ("validation", "test"):
        for file in (files / "dev.tsv", turned):
            out = tmp_path / f"{rows}-{file.stem}"
            own = ["--eval-file", str(file), "--judge-by", rows, "--output", str(out)]
            assert main([*study, *own]) == 0
            table = BenchmarkTable.read(out / "table.parquet")
            right[rows, file] = np.array([[run.metric for run in one.runs] for one in table.entries])
    assert np.array_equal(right["validation", turned], right["validation", files / "dev.tsv"])
    assert right["test", turned] == pytest.approx(1 - right["test", files / "dev.tsv"])
    assert "truth: test accuracy" in " ".join(capsys.readouterr().out.split())
    with sqlite3.connect(tmp_path / "test-dev" / "study.db") as database:
        notes = database.execute("SELECT value_json FROM study_system_attributes").fetchall()
    assert any("mean accuracy on 30 test rows over 2 seeds" in text for (text,) in notes)


def test_budgets_and_scalings_are_strata_and_are_pooled_first(study, tmp_path, capsys):
    without_budget = [word for word in study if word not in ("--budget", "r=2")]
    assert main([*without_budget, "--budgets", "r=1,r=2", "--scalings", "alpha/r,constant", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    strata = [one["stratum"] for one in report["reports"] if one["truth"] == "loss"]
    assert strata[0] == "4 strata pooled"
    assert len(strata) == 5
    assert report["reports"][0]["allocations"] == 48


def test_a_report_is_made_anew_from_the_table_alone(study, tmp_path, capsys):
    assert main([*study, "--json"]) == 0
    first = json.loads(capsys.readouterr().out)
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "table.parquet").write_bytes((tmp_path / "out" / "table.parquet").read_bytes())
    (tmp_path / "mine").mkdir()
    renamed = tmp_path / "mine" / "my.parquet"
    renamed.write_bytes((copy / "table.parquet").read_bytes())
    for source in (copy, copy / "table.parquet", renamed):
        assert main(["--from", str(source), "--json", "--quiet"]) == 0
        assert json.loads(capsys.readouterr().out) == first
    assert main(["--from", str(copy), "--output", str(copy / "table.parquet" / "x"), "--quiet"]) == 1
    assert "cannot be written" in capsys.readouterr().err
    assert (copy / "report.html").read_bytes() == (tmp_path / "out" / "report.html").read_bytes()


def test_a_search_is_answered_by_the_table_of_a_study(study, tmp_path, capsys):
    assert main(study) == 0
    capsys.readouterr()
    argv = ["--table", str(tmp_path / "out" / "table.parquet"), "--output", str(tmp_path / "found")]
    few = ["--proposals", "4", "--finalists", "4", "--proxy", "all"]
    assert run([*argv, *few, "--json", "--quiet"]) == 0
    result = json.loads(capsys.readouterr().out)
    table = BenchmarkTable.read(tmp_path / "out" / "table.parquet")
    known = {
        tuple(sorted(dict(e.allocation.ranks).items())): [r.metric for r in e.runs] for e in table.entries
    }
    for finalist in [result["baseline"], *result["finalists"]]:
        assert known[tuple(sorted(finalist["allocation"].items()))] == list(finalist["metrics"].values())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--site-truth", "alone"], "only, without"),
        (["--lrs", "1e-3"], "--lr and --lrs"),
        (["--proxy", "magic"], "magic"),
        (["--proxy", "snip@init"], "snip@init"),
        (["--allocations", "0"], "--allocations 0"),
        (["--lrs", "0"], "--lrs"),
        (["--scalings", "alpha/r", "--scaling", "constant"], "--scaling and --scalings"),
        (["--site-truth", "only", "--site-rank", "33"], "--site-rank 33"),
        (["--from", "nowhere"], "--from nowhere is not there"),
        (["--from", "."], "leave out --allocations"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line_and_leaves_no_folder(
    study, tmp_path, capsys, arguments, said
):
    assert main([*study, *arguments]) in (1, 2)
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert said in error
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("rates", ["1e-3,fast", "0", "nan"])
def test_learning_rates_that_are_no_positive_numbers_are_refused(study, capsys, rates):
    without_rate = [word for word in study if word not in ("--lr", "1e-2")]
    assert main([*without_rate, "--lrs", rates]) == 2
    assert "--lrs" in capsys.readouterr().err


def test_a_study_that_has_no_table_yet_makes_no_report(tmp_path, capsys):
    assert main(["--from", str(tmp_path), "--quiet"]) == 1
    assert "has no table.parquet, which a study writes at its end; give one" in capsys.readouterr().err


def contents(path: Path) -> dict[str, bytes]:
    return {str(p.relative_to(path)): p.read_bytes() for p in path.rglob("*") if p.is_file()}


def test_a_report_is_written_over_nobody_s_files(study, tmp_path, capsys):
    """Into a folder of its own, or beside the table; never over plots and reports that others have made."""
    assert main(study) == 0
    source = str(tmp_path / "out")
    mine = tmp_path / "mine"
    for name in ("plots/holiday.png", "report.json", "thesis.txt"):
        (mine / name).parent.mkdir(parents=True, exist_ok=True)
        (mine / name).write_text("mine")
    (tmp_path / "beside").mkdir()
    shutil.copy(tmp_path / "out" / "table.parquet", tmp_path / "beside")
    (tmp_path / "beside" / "thesis.txt").write_text("mine")
    assert main([*study, "--output", str(tmp_path / "other"), "--seed", "5"]) == 0
    capsys.readouterr()
    for folder, argv in (
        (mine, ["--from", source, "--output", str(mine)]),
        (tmp_path / "beside", ["--from", str(tmp_path / "beside")]),
        (tmp_path / "other", ["--from", source, "--output", str(tmp_path / "other")]),
    ):
        before = contents(folder)
        assert main([*argv, "--quiet"]) == 2
        assert "choose another --output" in capsys.readouterr().err
        assert contents(folder) == before


def test_a_report_s_folder_is_that_of_its_table_and_foreign_plots_in_it_stay(study, tmp_path, capsys):
    assert main(study) == 0
    out, made = tmp_path / "out", tmp_path / "made"
    argv = ["--from", str(out), "--quiet", "--output", str(made)]
    assert main(argv) == 0
    (made / "plots" / "holiday.png").write_text("mine")
    (made / "plots" / "9-loss-forest.png").write_text("of an earlier report, with more strata")
    assert main(argv) == 0
    assert (made / "plots" / "holiday.png").read_text() == "mine"
    assert not (made / "plots" / "9-loss-forest.png").exists()
    assert main(["--from", str(out), "--quiet"]) == 0  # beside the table, in the study's own folder
    assert main(study) == 0
    capsys.readouterr()
    (tmp_path / "copy").mkdir()
    shutil.copy(out / "table.parquet", tmp_path / "copy")
    assert main(["--from", str(tmp_path / "copy"), "--quiet", "--output", str(made)]) == 2
    assert "other options (--from)" in capsys.readouterr().err


def test_a_report_is_not_written_into_a_folder_in_use(study, tmp_path, capsys):
    assert main(study) == 0
    capsys.readouterr()
    with FileLock(tmp_path / "out" / ".lock"):
        assert main(["--from", str(tmp_path / "out"), "--quiet"]) == 2
    assert "is in use by another run" in capsys.readouterr().err


def test_a_study_whose_every_run_failed_is_a_failure_with_its_reason(study, tmp_path, capsys):
    without_rate = [word for word in study if word not in ("--lr", "1e-2")]
    assert main([*without_rate, "--lr", "1e30"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: every fine-tuning run failed: the training loss became nan")
    assert not (tmp_path / "out" / "report.json").exists()
    assert list(tmp_path.glob("out/candidates/*.json"))


def test_a_model_that_changes_while_a_study_is_at_work_is_refused_before_its_table(
    study, change_weights, tmp_path, capsys, watched
):
    watched.after = change_weights
    assert watched.study(study) == 1
    assert "changed while the run in" in capsys.readouterr().err
    assert not (tmp_path / "out" / "table.parquet").exists()


@pytest.mark.parametrize(("name", "document"), [
    ("site_scores", "[]"),
    ("epochs", "1" + "0" * 400),
    ("remarks", "[" * 5000 + "]" * 5000),
    ("costs", "3"),
    ("facts", "null"),
])  # fmt: skip
def test_notes_of_any_shape_are_notes_or_one_error(study, tmp_path, name, document):
    assert main(study) == 0
    table = BenchmarkTable.read(tmp_path / "out" / "table.parquet")
    other = BenchmarkTable(table.space, table.metric, table.entries, {**table.notes, name: document})
    with pytest.raises(InputError, match="lacks what a study writes beside its rows"):
        Notes.of(other)
