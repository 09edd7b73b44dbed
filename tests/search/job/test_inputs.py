"""What settings make of the task: its name, and whose F1 it is."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from evaluators.data.named_tasks import NAMED_TASKS
from evaluators.data.task import Task
from evaluators.data.text_table import TextTable
from search.cli.run import main
from search.job.inputs import load_inputs, load_training_inputs
from search.job.settings import DataSettings, ModelSettings
from spaces.errors import UsageError


@pytest.fixture
def task_of(model_folder, files):
    """The task of some settings of data; that of the small files where they name no others."""

    def task_of(**data: object) -> Task:
        own = {"train_file": files / "train.tsv", "eval_file": files / "dev.tsv", **data}
        return load_inputs(ModelSettings(model=str(model_folder)), DataSettings(**own)).task

    return task_of


@pytest.fixture
def frauds(files, tmp_path):
    """Files whose every tenth row is labelled fraud, in a folder with an odd name."""
    folder = tmp_path / "bank\x1b[31m"
    folder.mkdir()
    for name, rows in (("train", 60), ("dev", 20)):
        lines = [f"good film n{i}\tlegit" if i % 10 else f"bad film n{i}\tfraud" for i in range(rows)]
        (folder / f"{name}.tsv").write_text("\n".join(["sentence\tlabel", *lines]))
    return {"train_file": folder / "train.tsv", "eval_file": folder / "dev.tsv"}


def test_a_task_is_called_by_its_folder_and_file_or_as_typed(task_of, frauds, files):
    assert task_of().name == f"{files.name}/train"
    assert task_of(**frauds).name == "bank\\x1b[31m/train"
    assert task_of(**frauds, task_name="Betrug, 2 %").name == "Betrug, 2 %"


def test_a_path_in_the_working_folder_has_a_folder_too(task_of, files, monkeypatch):
    monkeypatch.chdir(files)
    assert task_of(train_file=Path("train.tsv"), eval_file=Path("dev.tsv")).name == f"{files.name}/train"


def test_the_positive_label_comes_from_the_option_or_is_the_rarer_one(task_of, frauds):
    assert task_of(**frauds, metric="f1").objective.positive_label == "fraud"
    assert task_of(**frauds, metric="f1", positive_label="legit").objective.positive_label == "legit"
    with pytest.raises(UsageError, match="'1'` is none of the labels 'fraud', 'legit'"):
        task_of(**frauds, metric="f1", positive_label="1")
    with pytest.raises(UsageError, match="accuracy is of no one label among 'fraud', 'legit'"):
        task_of(**frauds, positive_label="fraud")


@pytest.mark.parametrize("name", ["mrpc", "qqp"])
@pytest.mark.parametrize("metric", ["f1", "accuracy_and_f1"])
def test_a_named_task_keeps_glue_s_class_1_although_it_is_the_commoner(model_folder, name, metric):
    pairs = tuple((f"good n{i}", "film") for i in range(50))
    table = TextTable(pairs, tuple("0" if i % 3 == 0 else "1" for i in range(50)))

    def task_of(**data):
        model = ModelSettings(model=str(model_folder))
        return load_inputs(model, DataSettings(task=name, **data), tables=lambda _: (table, table)).task

    assert NAMED_TASKS[name].positive_label == "1"
    assert task_of(metric=metric).objective.positive_label == "1"
    assert task_of(metric=metric, positive_label="0").objective.positive_label == "0"
    assert task_of().objective.metric == "accuracy"


def test_the_result_says_whose_f1_it_is_and_what_may_mislead(small, frauds, capsys, tmp_path, caplog):
    argv = [arg for arg in small if arg != "--quiet"]
    own = ["--train-file", str(frauds["train_file"]), "--eval-file", str(frauds["eval_file"])]
    few = ["--finalists", "1", "--seeds", "1", "--proposals", "1", "--proxy", "grad_norm", "--epochs", "0.2"]
    with caplog.at_level(logging.INFO, "search"):
        assert main([*argv, *own, *few, "--metric", "f1", "--eval-rows", "1", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["metric"], result["positive_label"]) == ("f1", "fraud")
    assert "F1 is of the label 'fraud', the rarer one, 10.0% of the training rows" in result["notes"][-1]
    assert "rows all have the label" in " ".join(result["notes"])
    assert json.loads((tmp_path / "out" / "result.json").read_text())["notes"] == result["notes"]
    assert "f1 of 'fraud'" in caplog.text


def test_training_rows_alone_are_the_first_of_those_that_a_run_trains_on(task_of, model_folder, files):
    data = DataSettings(train_file=files / "train.tsv", eval_file=files / "nobody reads this")
    alone = load_training_inputs(ModelSettings(model=str(model_folder)), data, rows=10).task
    whole = task_of()
    assert [ids.tolist() for ids in alone.train.input_ids] == [
        ids.tolist() for ids in whole.train.input_ids[:10]
    ]
    assert alone.train.labels.tolist() == whole.train.labels[:10].tolist()
    assert (len(alone.validation), len(alone.test)) == (0, 0)


def test_of_a_named_task_they_are_the_same(task_of, model_folder):
    model = ModelSettings(model=str(model_folder))
    table = TextTable(tuple((f"w{n} good film",) for n in range(40)), ("0", "1") * 20)
    tables = {"tables": lambda _: (table, table)}
    alone = load_training_inputs(model, DataSettings(task="sst2"), rows=5, **tables).task
    whole = load_inputs(model, DataSettings(task="sst2"), **tables).task
    assert [ids.tolist() for ids in alone.train.input_ids] == [
        ids.tolist() for ids in whole.train.input_ids[:5]
    ]
