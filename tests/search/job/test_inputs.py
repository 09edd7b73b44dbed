"""What a command line makes of the task: its name, and whose F1 it is."""

from __future__ import annotations

import json
import logging

import pytest

import search.job.inputs
from evaluators.data.named_tasks import NAMED_TASKS
from evaluators.data.task import TextTable
from search.cli.options import options_of as read_options
from search.cli.run import RUN, main
from search.cli.run_options import SearchOptions
from search.job.inputs import load_inputs
from search.run.settings import SearchSettings
from spaces.errors import UsageError


@pytest.fixture
def options_of():
    """The options of a command line of ``search.run``."""
    return lambda argv: read_options(SearchOptions, RUN.read(argv), SearchSettings)


@pytest.fixture
def frauds(files, tmp_path):
    """The command line of a file whose every tenth row is labelled fraud, in a folder with an odd name."""
    folder = tmp_path / "bank\x1b[31m"
    folder.mkdir()
    for name, rows in (("train", 60), ("dev", 20)):
        lines = [f"good film n{i}\tlegit" if i % 10 else f"bad film n{i}\tfraud" for i in range(rows)]
        (folder / f"{name}.tsv").write_text("\n".join(["sentence\tlabel", *lines]))
    return ["--train-file", str(folder / "train.tsv"), "--eval-file", str(folder / "dev.tsv")]


def test_a_task_is_called_by_its_folder_and_file_or_as_typed(options_of, small, frauds, files):
    assert load_inputs(options_of(small)).task.name == f"{files.name}/train"
    assert load_inputs(options_of([*small, *frauds])).task.name == "bank\\x1b[31m/train"
    named = load_inputs(options_of([*small, "--task-name", "Betrug, 2 %"]))
    assert named.task.name == "Betrug, 2 %"


def test_a_path_in_the_working_folder_has_a_folder_too(options_of, small, files, monkeypatch):
    monkeypatch.chdir(files)
    here = ["--train-file", "train.tsv", "--eval-file", "dev.tsv"]
    assert load_inputs(options_of([*small, *here])).task.name == f"{files.name}/train"


def test_the_positive_label_comes_from_the_option_or_is_the_rarer_one(options_of, small, frauds):
    f1 = [*small, *frauds, "--metric", "f1"]
    assert load_inputs(options_of(f1)).task.objective.positive_label == "fraud"
    assert (
        load_inputs(options_of([*f1, "--positive-label", "legit"])).task.objective.positive_label == "legit"
    )
    with pytest.raises(UsageError, match="'1'` is none of the labels 'fraud', 'legit'"):
        load_inputs(options_of([*f1, "--positive-label", "1"]))
    with pytest.raises(UsageError, match="accuracy is of no one label among 'fraud', 'legit'"):
        load_inputs(options_of([*small, *frauds, "--positive-label", "fraud"]))


@pytest.mark.parametrize("name", ["mrpc", "qqp"])
@pytest.mark.parametrize("metric", ["f1", "accuracy_and_f1"])
def test_a_named_task_keeps_glue_s_class_1_although_it_is_the_commoner(
    options_of, model_folder, name, metric, monkeypatch
):
    pairs = tuple((f"good n{i}", "film") for i in range(50))
    table = TextTable(pairs, tuple("0" if i % 3 == 0 else "1" for i in range(50)))
    monkeypatch.setattr(search.job.inputs, "load_glue", lambda _: (table, table))
    argv = ["--model", str(model_folder), "--task", name, "--quiet"]
    assert NAMED_TASKS[name].positive_label == "1"
    assert load_inputs(options_of([*argv, "--metric", metric])).task.objective.positive_label == "1"
    other = load_inputs(options_of([*argv, "--metric", metric, "--positive-label", "0"]))
    assert other.task.objective.positive_label == "0"
    assert load_inputs(options_of(argv)).task.objective.metric == "accuracy"


def test_the_result_says_whose_f1_it_is_and_what_may_mislead(small, frauds, capsys, tmp_path, caplog):
    argv = [arg for arg in small if arg != "--quiet"]
    few = ["--finalists", "1", "--seeds", "1", "--trials", "1", "--proxy", "grad_norm", "--epochs", "0.2"]
    with caplog.at_level(logging.INFO, "search"):
        assert main([*argv, *frauds, *few, "--metric", "f1", "--eval-rows", "1", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["metric"], result["positive_label"]) == ("f1", "fraud")
    assert "F1 is of the label 'fraud', the rarer one, 10.0% of the training rows" in result["notes"][-1]
    assert "rows all have the label" in " ".join(result["notes"])
    assert json.loads((tmp_path / "out" / "result.json").read_text())["notes"] == result["notes"]
    assert "f1 of 'fraud'" in caplog.text
