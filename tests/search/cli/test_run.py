"""The command, as a user types it: end to end, resumed, and with bad input."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import time
from pathlib import Path

import optuna
import pytest
import torch
from peft import PeftModel
from transformers import (
    AutoModelForSequenceClassification,
    PreTrainedTokenizerFast,
)

from evaluators.adapters.adapter import load_adapter
from search.cli.run import main
from tests.child_processes import kill_workers
from tests.search.run_files import OF_A_RUN
from tests.search.watched import interrupt_after

GLUE = Path(__file__).resolve().parents[4] / "shared" / "glue"


def run_json(capsys, argv: list[str]) -> dict:
    assert main([*argv, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_json_holds_the_promised_keys_and_the_folder_the_promised_files(small, capsys, tmp_path):
    result = run_json(capsys, small)
    assert set(result) >= {"space", "budget", "baseline", "finalists", "best", "proxies", "seconds", "output"}
    assert set(result["space"]) == {"sites", "params_per_rank", "ranks"}
    assert set(result["seconds"]) == {"scoring", "proposing", "fine_tuning"}
    assert len(result["finalists"]) == 2
    assert result["baseline"]["params"] == result["budget"]
    assert all(0 < finalist["params"] <= result["budget"] for finalist in result["finalists"])
    assert {entry["allocations"] for entry in result["proxies"].values()} == {3}
    out = tmp_path / "out"
    assert sorted(path.name for path in out.iterdir()) == OF_A_RUN
    assert json.loads((out / "result.json").read_text()) == result
    assert json.loads((out / "allocation.json").read_text()) == result["best"]["allocation"]


def test_the_study_holds_every_proposal_within_budget(small, capsys, tmp_path):
    result = run_json(capsys, small)
    storage = f"sqlite:///{tmp_path}/out/study.db"
    (name,) = (one for one in optuna.get_all_study_names(storage) if one.endswith(", proposals"))
    study = optuna.load_study(study_name=name, storage=storage)
    assert {"zico", "l2_norm"} <= set(study.metric_names)
    proposers = [trial.user_attrs["proposer"] for trial in study.trials]
    assert proposers[0].startswith("uniform")
    assert sum(proposer.endswith("tpe") for proposer in proposers) == 4
    for trial in study.trials:
        assert trial.user_attrs["parameters"] <= result["budget"]
        assert len(trial.values) == len(study.metric_names)
        assert set(trial.params) == set(result["space"]["sites"])


def test_the_saved_adapter_gives_the_reported_test_metric(small, capsys, model_folder, files, tmp_path):
    result = run_json(capsys, [*small, "--space", "lora+shortcut"])
    model = AutoModelForSequenceClassification.from_pretrained(model_folder, num_labels=2).eval()
    load_adapter(tmp_path / "out" / "adapter", model)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(model_folder)
    rows = [line.split("\t") for line in (files / "dev.tsv").read_text().splitlines()[1:]]
    with torch.no_grad():
        logits = model(**tokenizer([text for text, _ in rows], padding=True, return_tensors="pt")).logits
    accuracy = float((logits.argmax(1) == torch.tensor([int(label) for _, label in rows])).float().mean())
    assert min(abs(accuracy - metric) for metric in result["best"]["test"]["metrics"]) < 1e-6


def test_stock_peft_loads_the_winner_of_a_lora_space(small, capsys, model_folder, tmp_path):
    run_json(capsys, [*small, "--space", "lora[q,v]"])
    batch = {"input_ids": torch.tensor([[2, 3, 4, 5]]), "attention_mask": torch.ones(1, 4, dtype=torch.long)}
    ours = AutoModelForSequenceClassification.from_pretrained(model_folder, num_labels=2).eval()
    load_adapter(tmp_path / "out" / "adapter", ours)
    base = AutoModelForSequenceClassification.from_pretrained(model_folder, num_labels=2).eval()
    theirs = PeftModel.from_pretrained(base, tmp_path / "out" / "adapter").eval()
    torch.testing.assert_close(ours(**batch).logits, theirs(**batch).logits, rtol=0, atol=1e-5)
    card = (tmp_path / "out" / "adapter" / "README.md").read_text()
    assert "rankscape run --proposals 4 --finalists 2 --space 'lora[q,v]' --budget r=2 --model model" in card
    assert "| uniform |" in card
    assert str(tmp_path) not in card


def test_the_same_seed_gives_the_same_result(small, capsys, tmp_path):
    first = run_json(capsys, small)
    again = run_json(capsys, [*small, "--output", str(tmp_path / "again")])
    for result in (first, again):
        for finalist in [result["baseline"], result["best"], *result["finalists"]]:
            finalist.pop("seconds"), finalist.pop("peak_memory")
    keys = ("space", "budget", "baseline", "finalists", "best", "proxies")
    assert [first[key] for key in keys] == [again[key] for key in keys]


def test_two_processes_give_the_result_of_one_though_both_are_killed(small, capsys, tmp_path, watched):
    one = run_json(capsys, [*small, "--cohort-size", "2"])
    killed: list[int] = []
    watched.done = lambda trained: killed.append(kill_workers()) if trained == 1 else None
    two_processes = ["--cohort-size", "2", "--jobs", "2", "--output", str(tmp_path / "two")]
    assert watched.run([*small, *two_processes, "--json"]) == 0
    two = json.loads(capsys.readouterr().out)
    assert killed == [2]
    assert [f["metrics"] for f in one["finalists"]] == [f["metrics"] for f in two["finalists"]]
    assert one["best"]["test"] == two["best"]["test"]


def test_an_interrupted_run_goes_on_without_training_twice(small, capsys, tmp_path, watched):
    argv = [*small, "--cohort-size", "2"]
    watched.done = interrupt_after(4)
    assert watched.run(argv) == 130
    assert f"this goes on: python -m search.run {shlex.join(argv)}" in capsys.readouterr().err
    assert watched.run([*argv, "--json"]) == 0
    resumed = json.loads(capsys.readouterr().out)
    assert len(watched.candidates) == len(set(watched.candidates)) == 6
    whole = run_json(capsys, [*small, "--cohort-size", "2", "--output", str(tmp_path / "whole")])
    assert [f["metrics"] for f in resumed["finalists"]] == [f["metrics"] for f in whole["finalists"]]


def test_a_diverging_run_is_reported_and_does_not_stop_the_others(small, capsys):
    assert main([*small, "--lr", "1e30"]) == 1
    assert "every fine-tuning run failed: the training loss became nan" in capsys.readouterr().err


def test_the_embedded_default_runs_end_to_end(capsys, tmp_path):
    argv = [
        "--train-rows",
        "48",
        "--eval-rows",
        "24",
        "--scoring-batches",
        "2",
        "--seeds",
        "1",
        "--finalists",
        "1",
        "--proposals",
        "2",
    ]
    assert main([*argv, "--budget", "100k", "--quiet", "--output", str(tmp_path / "demo")]) == 0
    captured = capsys.readouterr()
    assert "chosen by it: " in captured.out
    assert "uniform" in captured.out
    assert captured.err == ""


@pytest.mark.skipif(not GLUE.exists(), reason="../shared/glue is not beside this checkout")
def test_real_mrpc_runs_end_to_end(capsys, tmp_path):
    from evaluators.data.demo import demo_model_folder

    argv = [
        "--model",
        str(demo_model_folder()),
        "--text-columns",
        "sentence1,sentence2",
        "--label-column",
        "label",
    ]
    argv += ["--train-file", str(GLUE / "MRPC" / "train.tsv"), "--eval-file", str(GLUE / "MRPC" / "dev.tsv")]
    argv += [
        "--train-rows",
        "32",
        "--eval-rows",
        "24",
        "--scoring-batches",
        "1",
        "--seeds",
        "1",
        "--finalists",
        "1",
        "--proposals",
        "2",
    ]
    result = run_json(capsys, [*argv, "--budget", "0.5%", "--quiet", "--output", str(tmp_path / "mrpc")])
    assert result["metric"] == "accuracy"
    assert 100_000 < result["budget"] < 120_000  # of 22.7 million


def test_help_comes_in_under_a_second_without_torch():
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "search.run", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "python -m search.run --space lora+shortcut --budget 2.3M" in done.stdout
    assert "torch" not in {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert time.perf_counter() - started < 5  # a bound for a loaded machine; without torch it is 0.2 s


def test_a_finished_run_gives_its_result_again_without_training(small, capsys, watched):
    first = run_json(capsys, small)
    watched.before = lambda: pytest.fail("it ran again")
    assert watched.run([*small, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == first


def test_a_finished_run_is_looked_up_without_torch(small, capsys):
    first = run_json(capsys, small)
    code = (
        "import sys; from search.cli.run import main; main(sys.argv[1:]); "
        "sys.exit(int(not {'torch', 'transformers', 'optuna'}.isdisjoint(sys.modules)))"
    )
    again = subprocess.run(
        [sys.executable, "-c", code, *small, "--json"], capture_output=True, text=True, check=True
    )
    assert json.loads(again.stdout) == first


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_every_proposal_spends_the_budget(small, capsys, dtype):
    """Cross wires are worth 0 under SNIP; what is left after the others is spent all the same."""
    extra = ["--space", "lora+cross", "--proxy", "snip,constant", "--allocator", "exact,greedy,topk,random"]
    result = run_json(capsys, [*small, *extra, "--finalists", "8", "--seeds", "1", "--dtype", dtype])
    step = 2 * 2 * 32  # the coarsest step that may be left over: two ranks of a 32 x 32 site
    assert len(result["finalists"]) >= 4
    assert all(result["budget"] - step < f["params"] <= result["budget"] for f in result["finalists"])
