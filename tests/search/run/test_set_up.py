"""The Python API: every setting is an argument, and what it gives can be worked with."""

from __future__ import annotations

import gc
import json
import re
import weakref
from functools import partial

import filelock
import optuna
import pytest
import torch
from transformers import AutoModelForSequenceClassification

import search
from evaluators.adapters.adapter import load_adapter
from search.cli.run import main
from search.run.set_up import setup
from spaces.allocation import Allocation
from spaces.errors import UsageError


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
    assert type(scores) is search.SiteScores
    assert len(repr(scores)) < 500


def test_seeds_that_cannot_be_are_refused(bench):
    with pytest.raises(UsageError, match="`seeds=0` must be at least 1"):
        bench.fine_tune([], seeds=0)


def test_a_plan_above_the_budget_is_refused(bench):
    with pytest.raises(UsageError, match="plan 1 of `plans` costs 2,048 of a budget of 768 parameters"):
        bench.fine_tune([Allocation.of({"layers.1.q": 32})])


def test_a_search_is_that_of_the_command_and_goes_on_in_its_folder(bench, tmp_path):
    few = {"proposals": 2, "finalists": 1, "proxies": ["grad_norm"], "folder": tmp_path / "out"}
    result = bench.search(**few)
    written = json.loads((tmp_path / "out" / "result.json").read_text())
    assert written == json.loads(json.dumps(result.to_json()))
    assert (tmp_path / "out" / "adapter" / "rankscape.json").exists()
    again = bench.search(**few)
    assert again.baseline.metrics == result.baseline.metrics


def test_without_a_folder_nothing_is_kept(bench, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    result = bench.search(proposals=0, finalists=1, proxies=["grad_norm"], evaluator="supernet")
    assert result.output is None
    assert "saved in" not in result.table()
    assert list((tmp_path / "here").iterdir()) == []


def test_a_notebook_can_free_its_model(bench):
    model = weakref.ref(bench.job.model)
    bench.release()
    gc.collect()
    assert model() is None


FEW = {"proposals": 1, "finalists": 1, "proxies": ["grad_norm"], "allocators": ["greedy"], "samplers": []}


def test_a_folder_in_which_a_run_is_at_work_is_refused_and_left_as_it_was(bench, tmp_path):
    (tmp_path / "out").mkdir()
    with filelock.FileLock(tmp_path / "out" / ".lock"):
        for work in (partial(bench.search, **FEW), partial(bench.fine_tune, [])):
            with pytest.raises(UsageError, match="is in use by another run; choose another `folder`"):
                work(folder=tmp_path / "out")
        assert [path.name for path in (tmp_path / "out").iterdir()] == [".lock"]


def test_a_folder_of_something_else_is_refused(bench, tmp_path):
    bench.search(**FEW, folder=tmp_path / "out")
    with pytest.raises(UsageError, match=r"a run with other options \(`finalists`\); .* another `folder`"):
        bench.search(**{**FEW, "finalists": 2}, folder=tmp_path / "out")
    with pytest.raises(UsageError, match=r"holds a run of search\.run; choose another `folder`"):
        bench.fine_tune([], folder=tmp_path / "out")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").touch()
    with pytest.raises(UsageError, match="is not a run of this program; choose another `folder`"):
        bench.search(**FEW, folder=tmp_path / "mine")


def test_plans_that_are_fine_tuned_in_a_folder_may_grow_and_are_not_trained_twice(bench, tmp_path):
    plan = Allocation.of({"layers.1.q": 4})
    first = bench.fine_tune([], seeds=1, folder=tmp_path / "out")
    both = bench.fine_tune([plan], seeds=2, folder=tmp_path / "out")
    assert both.baseline.metrics[:1] == first.baseline.metrics
    assert both.baseline.runs[0].evaluation.seconds == first.baseline.runs[0].evaluation.seconds


def test_the_command_looks_up_what_the_same_search_has_found(bench, model_folder, files, tmp_path, capsys):
    result = bench.search(**FEW, folder=tmp_path / "out")
    data = ["--model", model_folder, "--train-file", files / "train.tsv", "--eval-file", files / "dev.tsv"]
    job = ["--space", "lora[q,v]", "--budget", "r=2", "--scoring-batches", "2", "--seeds", "2"]
    few = ["--proposals", "1", "--finalists", "1", "--proxy", "grad_norm", "--allocator", "greedy"]
    argv = [*data, *job, *few, "--sampler", "", "--output", tmp_path / "out", "--json"]
    assert main([*map(str, argv)]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(result.to_json()))


def test_the_study_goes_to_the_storage_that_is_named(bench, tmp_path):
    address = f"sqlite:///{tmp_path}/mine.db"
    result = bench.search(**FEW, storage=address, study_name="mine")
    names = optuna.get_all_study_names(address)
    assert sorted(names) == ["mine, finalists", "mine, finalists, in short", "mine, proposals"]
    (*_, last) = optuna.load_study(study_name="mine, finalists", storage=address).trials
    assert last.user_attrs["parameters"] == result.finalists[-1].proposal.params
    with pytest.raises(UsageError, match="a study 'mine, finalists' of another search"):
        bench.search(**FEW, storage=address, study_name="mine")


def test_a_storage_that_is_none_is_refused(bench):
    with pytest.raises(UsageError, match=r"`storage` needs a driver that is not installed \(nosuch\); write"):
        bench.search(**FEW, storage="nosuch://secret@place")


def test_messages_name_the_arguments_that_were_given(bench, files):
    with pytest.raises(
        UsageError, match="`proxies` names nothing; name at least one, or leave `proxies` out"
    ):
        bench.search(proxies=[])
    with pytest.raises(UsageError, match="`evaluator=magic` is unknown; choose one of"):
        bench.search(evaluator="magic")
    with pytest.raises(UsageError, match=r"`budget_min=1\.5` is not a positive number of parameters"):
        bench.search(trials=4, budget_min=1.5)
    with pytest.raises(UsageError, match="`train` and `eval` go together"):
        setup(train=files / "train.tsv")


def test_a_setup_that_fails_leaves_the_threads_of_the_process(model_folder, files):
    before = torch.get_num_threads()
    data = {"model": model_folder, "train": files / "train.tsv", "eval": files / "dev.tsv"}
    with pytest.raises(UsageError, match="is not a positive number"):
        setup(**data, budget="much", threads=before + 1, device="cpu")
    assert torch.get_num_threads() == before


@pytest.mark.parametrize(
    ("plans", "says"),
    [
        (Allocation.of({"layers.1.q": 1}), "`plans` is a lone Allocation; give a list of allocations"),
        (None, "`plans` is a lone NoneType"),
        (["x"], "plan 1 of `plans` is a str; give an allocation"),
        ([Allocation.of({"layers.9.q": 1})], "plan 1 of `plans` names layers.9.q, and no such site"),
        (
            [Allocation.of({"layers.1.q": 1}), Allocation.of({"layers.0.v": 32, "layers.1.q": 33})],
            "plan 2 of `plans` has rank 33 at layers.1.q, where 32 is full rank already; lower it.",
        ),
    ],
)
def test_what_are_no_plans_is_refused(bench, plans, says):
    with pytest.raises(UsageError, match=re.escape(says)):
        bench.fine_tune(plans)


def test_lone_names_are_names(bench):
    result = bench.search(proposals=0, finalists=1, proxies="grad_norm", allocators="greedy", samplers=())
    assert [one.proxy for one in result.scores] == ["grad_norm"]
    with pytest.raises(UsageError, match=re.escape("`proxies=['snip']` must be names, or each a Proxy")):
        bench.score(["snip"])


@pytest.mark.parametrize("seeds", ["2", 1.5, True, -1])
def test_seeds_that_are_no_count_are_refused(bench, seeds):
    with pytest.raises(UsageError, match=f"`seeds={seeds!r}` must be"):
        bench.fine_tune([], seeds=seeds)


def test_a_folder_that_is_a_file_is_refused(bench, tmp_path):
    (tmp_path / "file").write_text("mine")
    for work in (partial(bench.search, **FEW), partial(bench.fine_tune, [])):
        with pytest.raises(UsageError, match="is not a run of this program; choose another `folder`"):
            work(folder=tmp_path / "file")
        with pytest.raises(UsageError, match="`folder` is a int; give a path"):
            work(folder=3)
