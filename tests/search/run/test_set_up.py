"""The Python API: every setting is an argument, and what it gives can be worked with."""

from __future__ import annotations

import gc
import inspect
import json
import weakref
from dataclasses import fields

import pytest
from transformers import AutoModelForSequenceClassification

import search
from evaluators.adapters.adapter import load_adapter
from search.job.settings import (
    DataSettings,
    MachineSettings,
    ModelSettings,
    ScoringSettings,
    SpaceSettings,
    TrainingSettings,
)
from search.run.set_up import setup
from spaces.allocation import Allocation
from spaces.errors import UsageError

KINDS = (SpaceSettings, ModelSettings, DataSettings, ScoringSettings, TrainingSettings, MachineSettings)
ARGUMENTS = {"train_file": "train", "eval_file": "eval"}


@pytest.fixture
def bench(model_folder, files):
    return setup(
        model=model_folder,
        train=files / "train.tsv",
        eval=files / "dev.tsv",
        space="lora[q,v]",
        budget="r=2",
        scoring_batches=2,
        seeds=2,
        device="cpu",
    )


def test_every_setting_is_an_argument_with_its_default():
    arguments = inspect.signature(setup).parameters
    settings = {ARGUMENTS.get(one.name, one.name): one.default for kind in KINDS for one in fields(kind)}
    assert {name: one.default for name, one in arguments.items() if name != "progress"} == settings


def test_arguments_reach_their_settings(model_folder, files):
    other = setup(
        model=model_folder,
        train=files / "train.tsv",
        eval=files / "dev.tsv",
        space="lora[q]",
        budget="r=1",
        epochs=0.5,
        batch_size=8,
        lr=0.1,
        seed=3,
        max_length=16,
        train_rows=20,
        scaling="constant",
        cohort_size=3,
        device="cpu",
    )
    job = other.job
    assert (job.recipe.epochs, job.recipe.batch_size, job.learning_rate) == (0.5, 8, 0.1)
    assert (job.seeds, len(job.task.train), job.machine.cohort_size) == ((3, 4, 5), 20, 3)
    assert (job.title, job.recipe.scaling.rule) == ("lora[q]", "constant")


def test_plans_are_fine_tuned_beside_uniform_and_the_best_is_saved(bench, model_folder, tmp_path):
    scores = bench.score("grad_norm", "spectrum")
    plans = [bench.uniform(), *(search.greedy(one, budget=bench.budget) for one in scores)]
    result = bench.fine_tune(plans, seeds=1)
    assert [str(one) for one in result.baseline.proposal.proposers] == ["uniform"]
    assert {finalist.proposal.allocation for finalist in result.finalists} == set(plans)
    assert all(len(finalist.runs) == 1 for finalist in result.finalists)
    assert "plan 2" in result.table()
    assert result.to_json()["output"] is None
    result.best.save(tmp_path / "adapter")
    model = AutoModelForSequenceClassification.from_pretrained(model_folder, num_labels=2)
    load_adapter(tmp_path / "adapter", model)


def test_the_same_plan_twice_is_one_finalist_and_uniform_is_always_there(bench):
    plan = Allocation.of({"layers.1.q": 4})
    result = bench.fine_tune([plan, plan], seeds=1)
    names = [[str(one) for one in finalist.proposal.proposers] for finalist in result.finalists]
    assert names == [["uniform"], ["plan 1", "plan 2"]]


def test_what_is_found_is_short_to_look_at(bench):
    result = bench.fine_tune([Allocation.of({"layers.1.q": 4})], seeds=1)
    assert all(len(repr(one)) < 2_000 for one in (result, result.best, result.best.run, result.problem))
    (scores,) = bench.score("grad_norm")
    assert len(repr(scores)) < 500


def test_seeds_that_cannot_be_are_refused(bench):
    with pytest.raises(UsageError, match="`seeds=0` must be at least 1"):
        bench.fine_tune([], seeds=0)


def test_a_plan_above_the_budget_is_refused(bench):
    with pytest.raises(UsageError, match="plan 1 of `plans` costs 2,048 of a budget of 768 parameters"):
        bench.fine_tune([Allocation.of({"layers.1.q": 32})])


def test_a_search_is_that_of_the_command_and_goes_on_in_its_folder(bench, tmp_path):
    few = {"trials": 2, "finalists": 1, "proxies": ["grad_norm"], "folder": tmp_path / "out"}
    result = bench.search(**few)
    written = json.loads((tmp_path / "out" / "result.json").read_text())
    assert written == json.loads(json.dumps(result.to_json()))
    assert (tmp_path / "out" / "adapter" / "rankscape.json").exists()
    again = bench.search(**few)
    assert again.baseline.metrics == result.baseline.metrics


def test_without_a_folder_nothing_is_kept(bench, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    result = bench.search(trials=0, finalists=1, proxies=["grad_norm"], supernet=True)
    assert result.output is None
    assert "saved in" not in result.table()
    assert list((tmp_path / "here").iterdir()) == []


def test_a_notebook_can_free_its_model(bench):
    model = weakref.ref(bench.job.model)
    bench.release()
    gc.collect()
    assert model() is None
