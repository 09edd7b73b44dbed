"""``search.run --evaluator supernet``: finalists are cut from a super-network per seed, not trained."""

from __future__ import annotations

import json
import logging

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from transformers import AutoModelForSequenceClassification, PreTrainedTokenizerFast

from evaluators.adapters.adapter import load_adapter
from search.allocation.random_allocation import random_allocation
from search.allocation.uniform import uniform_allocation
from search.cli.ground_of import machine_given
from search.cli.run import RUN, main
from search.cli.search_in import workbench_given
from search.job.job import Job
from search.job.prepare import prepare
from search.job.progress import silent
from search.job.settings import ScoringSettings, SpaceSettings, TrainingSettings
from search.run.supernet_oracle import SupernetOracle
from search.run.trained import TrainedOracle
from search.sampling.proposals import Proposal
from search.sampling.proposer import UNIFORM
from spaces.allocation import Allocation
from tests.search.run_files import OF_A_RUN
from tests.search.watched import interrupt_after

SUPERNET = ["--evaluator", "supernet"]
BRIEF = [*SUPERNET, "--space", "lora[q,v]", "--proxy", "grad_norm", "--allocator", "topk"]
PLANTED = [*SUPERNET, "--space", "lora[q,v,fc1]", "--ranks", "0,1,2,4,8"]


def run_json(capsys, argv: list[str]) -> dict:
    assert main([*argv, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def proposal_of(allocation: Allocation) -> Proposal:
    return Proposal(allocation, (UNIFORM,), 0, ())


def job_of(argv: list[str]) -> Job:
    return workbench_given(RUN.read(argv), machine_given, silent).job


def test_a_search_trains_one_super_network_per_seed_and_nothing_else(
    small, capsys, caplog, tmp_path, watched
):
    with caplog.at_level(logging.INFO):
        assert watched.run([*small, *BRIEF, "--finalists", "5", "--json"]) == 0
    result, trained = json.loads(capsys.readouterr().out), watched.candidates
    assert "supernet every site at its highest rank, 8 at most, once for each seed; finalists" in caplog.text
    assert len(result["finalists"]) == 5
    assert [candidate.seed for candidate in trained] == [0, 1]
    top = dict.fromkeys(result["space"]["sites"], result["space"]["ranks"][-1])
    assert all(dict(candidate.allocation.ranks) == top for candidate in trained)
    for one in (result["baseline"], *result["finalists"]):
        assert set(one["metrics"]) == {"0", "1"}
        assert one["params"] <= result["budget"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == OF_A_RUN


def test_the_saved_adapter_gives_the_reported_test_metric(small, capsys, model_folder, files, tmp_path):
    result = run_json(
        capsys, [*small, *SUPERNET, "--proxy", "grad_norm", "--allocator", "topk", "--epochs", "4"]
    )
    model = AutoModelForSequenceClassification.from_pretrained(model_folder, num_labels=2).eval()
    load_adapter(tmp_path / "out" / "adapter", model)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(model_folder)
    rows = [line.split("\t") for line in (files / "dev.tsv").read_text().splitlines()[1:]]
    with torch.no_grad():
        logits = model(**tokenizer([text for text, _ in rows], padding=True, return_tensors="pt")).logits
    accuracy = float((logits.argmax(1) == torch.tensor([int(label) for _, label in rows])).float().mean())
    assert result["best"]["saved_test"] == pytest.approx(accuracy, abs=1e-6)
    record = json.loads((tmp_path / "out" / "adapter" / "rankscape.json").read_text())
    assert record["allocation"] == result["best"]["allocation"]


def test_an_interrupted_run_goes_on_without_training_twice(small, capsys, tmp_path, watched):
    argv = [*small, *BRIEF, "--cohort-size", "1"]
    watched.done = interrupt_after(1)
    assert watched.run(argv) == 130
    assert "interrupted; this goes on: python -m search.run" in capsys.readouterr().err
    assert len(list((tmp_path / "out" / "candidates").glob("*.json"))) == 1
    assert watched.run([*argv, "--json"]) == 0
    resumed = json.loads(capsys.readouterr().out)
    assert [candidate.seed for candidate in watched.candidates] == [0, 1]
    whole = run_json(capsys, [*argv, "--output", str(tmp_path / "whole")])
    for key in ("baseline", "finalists"):
        ours, theirs = np.atleast_1d(resumed[key]), np.atleast_1d(whole[key])
        assert [one["metrics"] for one in ours] == [one["metrics"] for one in theirs]
    assert resumed["best"]["test"] == whole["best"]["test"]


def test_how_many_are_evaluated_at_once_changes_nothing(small, tmp_path):
    losses = []
    for size in ("1", "5"):
        job, rng = job_of([*small, *PLANTED, "--cohort-size", size]), np.random.default_rng(0)
        drawn = [random_allocation(job.space, job.max_params, rng=rng) for _ in range(3)]
        allocations = [uniform_allocation(job.space, job.max_params), *drawn]
        runs = SupernetOracle(TrainedOracle(job)).runs(
            [proposal_of(one) for one in allocations], tmp_path / "networks", silent
        )
        assert [[run.evaluation.candidate.seed for run in own] for own in runs] == [[0, 1]] * 4
        assert [run.allocation for own in runs for run in own] == [a for a in allocations for _ in range(2)]
        losses.append([[run.evaluation.loss for run in own] for own in runs])
    assert len(list((tmp_path / "networks").glob("*.json"))) == 2  # the second time they are read
    np.testing.assert_allclose(losses[0], losses[1], atol=1e-5)
    assert np.ptp(losses[0], axis=0).min() > 1e-4  # allocations differ under either seed
    assert np.abs(np.diff(losses[0], axis=1)).min() > 1e-4  # and seeds do


def test_it_ranks_allocations_of_a_planted_space_as_fine_tuning_them_does(
    small, tiny_model, model_folder, tmp_path
):
    """q, v and fc1 are without effect in layers 0 and 2, whose W_o and W_fc2 are zero."""
    model = tiny_model("bert")
    for layer in (model.bert.encoder.layer[0], model.bert.encoder.layer[2]):
        layer.attention.output.dense.weight.zero_()
        layer.output.dense.weight.zero_()
    model.save_pretrained(model_folder)
    job = job_of([*small, *PLANTED, "--epochs", "12", "--lr", "1e-2", "--cohort-size", "10"])
    rng, losses = np.random.default_rng(0), {}
    oracles = {"supernet": SupernetOracle(TrainedOracle(job)), "train": TrainedOracle(job)}
    drawn = [random_allocation(job.space, job.max_params, rng=rng) for _ in range(9)]
    elsewhere = {name: rank for name, rank in drawn[0].ranks if not name.startswith("layers.1.")}
    proposals = [proposal_of(one) for one in (*drawn, Allocation.of(elsewhere))]
    for name, oracle in oracles.items():
        runs = oracle.runs(proposals, tmp_path / name, silent)
        losses[name] = [np.mean([run.evaluation.loss for run in own]) for own in runs]
    assert spearmanr(losses["supernet"], losses["train"]).statistic > 0.7
    assert losses["supernet"][-1] > np.median(losses["supernet"]) + 0.05


@pytest.mark.parametrize(("ranks", "of_v"), [("0,12,32", 12), ("0,20,32", 0)])
def test_a_site_that_is_narrower_than_the_grid_has_no_rank_above_its_own_of_it(
    small, capsys, tiny_model, model_folder, ranks, of_v
):
    """Uniform would have a rank of 14 and more at v, of width 16."""
    tiny_model("llama").save_pretrained(model_folder)
    result = run_json(capsys, [*small, *BRIEF, "--ranks", ranks, "--budget", "r=14"])
    uniform = result["baseline"]["allocation"]
    assert {rank for site, rank in uniform.items() if site.endswith(".v")} == {of_v} - {0}
    assert min(rank for site, rank in uniform.items() if site.endswith(".q")) >= 14
    assert all(set(one["metrics"]) == {"0", "1"} for one in (result["baseline"], *result["finalists"]))


def test_a_super_network_that_diverges_fails_every_allocation(small, capsys):
    assert main([*small, *BRIEF, "--lr", "1e30"]) == 1
    assert "every fine-tuning run failed: the training loss became nan" in capsys.readouterr().err


def test_a_budget_that_holds_all_of_it_is_one_line(small, capsys):
    assert main([*small, *BRIEF, "--ranks", "0,2"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "supernet: max_params=" in line


def test_a_table_excludes_it(capsys, tmp_path):
    (tmp_path / "table.parquet").write_bytes(b"")
    argv = [
        "--table",
        str(tmp_path / "table.parquet"),
        *SUPERNET,
        "--output",
        str(tmp_path / "out"),
        "--quiet",
    ]
    assert main(argv) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: --table and --evaluator supernet exclude each other")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("ranks", "between"), [("0,1,2,4,8", "rank 3"), ("0,1,2,3,4", None)])
def test_it_is_said_that_nothing_was_fine_tuned_and_what_was_never_drawn(make_ground, ranks, between):
    asked = SpaceSettings("lora[q]", "r=3", ranks=ranks)
    job = prepare(make_ground(), asked, TrainingSettings(), ScoringSettings())
    problem = SupernetOracle(TrainedOracle(job)).problem
    cut, *never = problem.untrained
    assert (problem.evaluator, TrainedOracle(job).problem.evaluator) == ("supernet", None)
    assert cut == "no allocation was fine-tuned: each is cut from a super-network of each seed"
    assert never == (
        [f"the uniform baseline has sites at {between}, which the super-network never drew"]
        if between
        else []
    )
