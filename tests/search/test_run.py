"""The command, as a user types it: end to end, resumed, and with bad input."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import optuna
import pytest
import torch
from peft import PeftModel
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    AutoModelForSequenceClassification,
    DistilBertConfig,
    DistilBertForSequenceClassification,
    PreTrainedTokenizerFast,
)

import search.pipeline
from evaluators.adapter import load_adapter
from search.run import main
from spaces.errors import InputError

GLUE = Path(__file__).resolve().parents[3] / "shared" / "glue"
SMALL = [
    "--epochs",
    "1",
    "--batch-size",
    "8",
    "--trials",
    "4",
    "--finalists",
    "2",
    "--seeds",
    "2",
    "--threads",
    "1",
    "--quiet",
]
WORDS = ["good", "fine", "great", "bad", "poor", "awful", "a", "film", "plot", "the", "is", "very"]


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    """Two small TSV files whose label is told by one word."""
    folder, rng = tmp_path_factory.mktemp("files"), np.random.default_rng(0)
    for name, count in (("train", 90), ("dev", 30)):
        lines = ["sentence\tlabel"]
        for i in range(count):
            label = int(rng.integers(2))
            words = [*rng.choice(WORDS[6:], 5), str(rng.choice(WORDS[:3] if label else WORDS[3:6])), f"n{i}"]
            lines.append(f"{' '.join(words)}\t{label}")
        (folder / f"{name}.tsv").write_text("\n".join(lines))
    return folder


@pytest.fixture
def model_folder(tiny_model, tmp_path) -> Path:
    """A folder with a tiny BERT and a tokenizer of whole words."""
    folder = tmp_path / "model"
    tiny_model("bert").save_pretrained(folder)
    vocabulary = {word: i for i, word in enumerate(["[UNK]", "[PAD]", *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]").save_pretrained(
        folder
    )
    return folder


@pytest.fixture
def small(model_folder, files, tmp_path) -> list[str]:
    """A whole command line that ends within seconds."""
    data = [
        "--model",
        str(model_folder),
        "--train-file",
        str(files / "train.tsv"),
        "--eval-file",
        str(files / "dev.tsv"),
    ]
    return [*data, "--budget", "r=2", "--output", str(tmp_path / "out"), *SMALL]


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
    assert sorted(path.name for path in out.iterdir()) == sorted(
        ["adapter", "allocation.json", "options.json", "ranks.png", "result.json", "study.db"]
    )
    assert json.loads((out / "result.json").read_text()) == result
    assert json.loads((out / "allocation.json").read_text()) == result["best"]["allocation"]


def test_the_study_holds_every_proposal_within_budget(small, capsys, tmp_path):
    result = run_json(capsys, small)
    study = optuna.load_study(study_name="proposals", storage=f"sqlite:///{tmp_path}/out/study.db")
    proposers = [trial.user_attrs["proposer"] for trial in study.trials]
    assert proposers[0].startswith("uniform")
    assert sum(proposer.endswith("tpe") for proposer in proposers) == 4
    for trial in study.trials:
        assert trial.user_attrs["params"] <= result["budget"]
        assert {"grad_norm", "spectrum"} <= set(trial.user_attrs)
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


def test_the_same_seed_gives_the_same_result(small, capsys, tmp_path):
    first = run_json(capsys, small)
    again = run_json(capsys, [*small, "--output", str(tmp_path / "again")])
    for result in (first, again):
        for finalist in [result["baseline"], result["best"], *result["finalists"]]:
            finalist.pop("seconds"), finalist.pop("peak_memory")
    keys = ("space", "budget", "baseline", "finalists", "best", "proxies")
    assert [first[key] for key in keys] == [again[key] for key in keys]


def test_two_processes_give_the_result_of_one(small, capsys, tmp_path):
    one = run_json(capsys, [*small, "--cohort-size", "2"])
    two = run_json(capsys, [*small, "--cohort-size", "2", "--jobs", "2", "--output", str(tmp_path / "two")])
    assert [f["metrics"] for f in one["finalists"]] == [f["metrics"] for f in two["finalists"]]
    assert one["best"]["test"] == two["best"]["test"]


def test_an_interrupted_run_goes_on_without_training_twice(small, capsys, tmp_path, monkeypatch):
    trained, real = [], search.pipeline.train_all

    def train_all(candidates, *args, on_done, **kwargs):
        def interrupt(one):
            on_done(one)
            trained.append(one.evaluation.candidate)
            if len(trained) == 4:
                raise KeyboardInterrupt

        return real(candidates, *args, on_done=interrupt, **kwargs)

    monkeypatch.setattr(search.pipeline, "train_all", train_all)
    argv = [*small, "--cohort-size", "2"]
    assert main(argv) == 130
    assert "--output to go on" in capsys.readouterr().err
    resumed = run_json(capsys, argv)
    assert len(trained) == 6
    assert len(set(trained)) == 6
    monkeypatch.undo()
    whole = run_json(capsys, [*small, "--cohort-size", "2", "--output", str(tmp_path / "whole")])
    assert [f["metrics"] for f in resumed["finalists"]] == [f["metrics"] for f in whole["finalists"]]


def test_a_diverging_run_is_reported_and_does_not_stop_the_others(small, capsys):
    with pytest.raises(SystemExit):
        main(["--lr", "nonsense"])
    capsys.readouterr()
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
        "--trials",
        "2",
    ]
    assert main([*argv, "--budget", "100k", "--quiet", "--output", str(tmp_path / "demo")]) == 0
    captured = capsys.readouterr()
    assert "chosen by validation" in captured.out
    assert "uniform" in captured.out
    assert captured.err == ""


@pytest.mark.skipif(not GLUE.exists(), reason="../shared/glue is not beside this checkout")
def test_real_mrpc_runs_end_to_end(capsys, tmp_path):
    from evaluators.demo import demo_model_folder

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
        "--trials",
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
    assert "example: python -m search.run --space lora+shortcut --budget 2.3M" in done.stdout
    assert "torch" not in {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert time.perf_counter() - started < 5  # a bound for a loaded machine; without torch it is 0.2 s


BAD = {
    "an unknown role": (["--space", "lora[x]"], 2, r"'x'"),
    "a span of lora": (["--space", "lora[q;span=2]"], 2, "belongs to cross"),
    "an unknown kind": (["--space", "prefix"], 2, "'prefix' is not lora, residual, cross or shortcut"),
    "a budget below the cheapest site": (["--budget", "10"], 2, "must lie between"),
    "a budget above the whole space": (["--budget", "3B"], 2, "must lie between"),
    "a budget that is no number": (["--budget", "lots"], 2, "2.3M, 500k"),
    "a rank above full rank": (["--ranks", "0,999"], 2, "at most 32"),
    "an unknown proxy": (["--proxy", "magic"], 2, "proxy='magic' is unknown"),
    "an unknown allocator": (["--allocator", "magic"], 2, "magic"),
    "an unknown sampler": (["--sampler", "magic"], 2, "sampler='magic' is unknown"),
    "a degenerate proxy": (["--proxy", "snip@init"], 1, "is 0 at every site"),
    "a missing column": (["--text-columns", "nope"], 2, "nope"),
    "no such device": (["--device", "cuda:7"], 2, "CUDA devices"),
    "no such model": (["--model", "./nowhere"], 1, "nowhere"),
    "an unknown metric": (["--metric", "magic"], 2, "magic"),
    "no seeds": (["--seeds", "0"], 2, "--seeds 0 must be at least 1"),
    "a decimal comma": (["--budget", "2,3M"], 2, "2.3M, 500k"),
    "ranks that cannot spend the budget": (["--ranks", "0,1"], 2, "can spend at most"),
    "no proxy": (["--proxy", ""], 2, "--proxy names nothing"),
    "no device": (["--devices", ","], 2, "--devices names nothing"),
    "epochs that are no number": (["--epochs", "nan"], 2, "--epochs nan must be a finite number"),
    "endless epochs": (["--epochs", "inf"], 2, "--epochs inf must be a finite number"),
    "no epochs": (["--epochs", "0"], 2, "epochs=0.0 must be above 0"),
    "an alpha that is no number": (["--lora-alpha", "nan"], 2, "--lora-alpha nan"),
    "a decay that is no number": (["--weight-decay", "nan"], 2, "--weight-decay nan"),
    "a span beyond the model": (["--space", "cross[cut;span=9]"], 2, "cross[cut;span=9..9] has no site"),
    "all beside a role": (["--space", "lora[all,q]"], 2, "all stands alone"),
    "a task beside files": (["--task", "mrpc"], 2, "exclude each other"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_leaves_nothing_behind(case, small, capsys, tmp_path):
    extra, code, message = BAD[case]
    assert main([*small, *extra]) == code
    captured = capsys.readouterr()
    (line,) = captured.err.splitlines()
    assert line.startswith("error: ")
    assert message in line
    assert captured.out == ""
    assert not (tmp_path / "out").exists()


def test_columns_without_a_file_are_refused(capsys):
    assert main(["--text-columns", "sentence", "--quiet"]) == 2
    assert "describe --train-file" in capsys.readouterr().err


def test_an_unknown_family_has_no_shortcuts(tiny_model, files, tmp_path, capsys, small):
    config = DistilBertConfig(vocab_size=100, dim=32, n_layers=1, n_heads=2, hidden_dim=48, pad_token_id=1)
    DistilBertForSequenceClassification(config).save_pretrained(tmp_path / "model")
    assert main([*small, "--space", "lora+shortcut"]) == 2
    assert "model_type='distilbert' has no known residual stream" in capsys.readouterr().err
    assert main([*small, "--space", "lora"]) == 0


def test_a_vocabulary_that_is_too_small_is_refused(small, capsys, model_folder, tiny_model):
    model = tiny_model("bert")
    model.resize_token_embeddings(8)
    model.save_pretrained(model_folder)
    assert main(small) == 1
    assert "has 8 token embeddings, but its tokenizer gives the id 13" in capsys.readouterr().err


def test_a_wrong_checksum_is_refused_before_anything_is_loaded(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("evaluators.demo.MODEL_SHA256", "0" * 64)
    assert main(["--quiet", "--output", str(tmp_path / "out")]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "not " + "0" * 64 in line
    assert not (tmp_path / "out").exists()


def test_bad_files_are_one_line(small, capsys, tmp_path, model_folder):
    empty = tmp_path / "empty.tsv"
    empty.write_text("")
    unseen = tmp_path / "unseen.tsv"
    unseen.write_text("sentence\tlabel\ngood film\t7\n")
    (model_folder / "model.safetensors").rename(model_folder / "elsewhere")
    for extra, message in (
        (["--train-file", str(empty)], "empty.tsv"),
        (["--eval-file", str(unseen)], "'7'"),
        ([], "has no weights"),
    ):
        assert main([*small, *extra]) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert message in line
    assert not (tmp_path / "out").exists()


def test_an_output_folder_that_cannot_be_used_is_refused(small, capsys, tmp_path):
    (tmp_path / "file").write_text("")
    assert main([*small, "--output", str(tmp_path / "file" / "out")]) == 1
    assert "cannot be written" in capsys.readouterr().err
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("")
    assert main([*small, "--output", str(tmp_path / "mine")]) == 2
    assert "is not a run of this program" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_a_finished_run_gives_its_result_again_without_training(small, capsys, monkeypatch):
    first = run_json(capsys, small)
    monkeypatch.setattr(search.pipeline, "prepare", lambda _: pytest.fail("it ran again"))
    assert run_json(capsys, small) == first


def test_a_folder_in_use_is_refused(small, capsys, tmp_path, monkeypatch):
    seen = []

    def second_run(*_):
        if not seen:
            seen.append(main(small))
        return {}

    monkeypatch.setattr(search.pipeline, "announce", second_run)
    assert main(small) == 0
    assert seen == [2]
    assert "is in use by another run" in capsys.readouterr().err


def test_a_damaged_record_of_options_is_refused(small, capsys, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "options.json").write_text("{")
    assert main(small) == 2
    assert "options.json is damaged" in capsys.readouterr().err


def test_what_was_trained_survives_a_failure_afterwards(small, capsys, tmp_path, monkeypatch):
    def no_space_left(*_, **__):
        raise InputError("no space left")

    monkeypatch.setattr(search.pipeline, "save_adapter", no_space_left)
    assert main(small) == 1
    assert len(list((tmp_path / "out" / "candidates").glob("*.json"))) == 6
    monkeypatch.undo()
    monkeypatch.setattr("evaluators.spread.train_cohort", lambda *_, **__: pytest.fail("trained twice"))
    assert main(small) == 0


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_every_proposal_spends_the_budget(small, capsys, dtype):
    """Cross wires are worth 0 under SNIP; what is left after the others is spent all the same."""
    extra = ["--space", "lora+cross", "--proxy", "snip,constant", "--allocator", "exact,greedy,topk,random"]
    result = run_json(capsys, [*small, *extra, "--finalists", "8", "--seeds", "1", "--dtype", dtype])
    step = 2 * 2 * 32  # the coarsest step that may be left over: two ranks of a 32 x 32 site
    assert len(result["finalists"]) >= 4
    assert all(result["budget"] - step < f["params"] <= result["budget"] for f in result["finalists"])


def test_another_run_s_folder_is_refused_by_what_differs(small, capsys):
    assert main(small) == 0
    capsys.readouterr()
    assert main([*small, "--lr", "0.5"]) == 2
    assert "holds a run with other options (lr)" in capsys.readouterr().err
