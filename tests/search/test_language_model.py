"""A language model from the command to the adapter: files of prompts and completions, or of plain texts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from peft import AutoPeftModelForCausalLM
from transformers import AutoModelForCausalLM, AutoTokenizer

from evaluators.adapters.adapter import load_adapter
from search.cli.run import main
from tests.search.decoder_files import DECODER_WORDS, save_decoder, write_prompts

SMALL = [
    *("--epochs", "2", "--batch-size", "8", "--seeds", "2", "--lr", "1e-2", "--threads", "1"),
    *("--proposals", "4", "--finalists", "2", "--quiet"),
]
SPACE = ["--space", "lora[q,v]", "--budget", "r=2"]


@pytest.fixture
def decoder(tiny_language_model, tmp_path) -> Path:
    """A folder with a tiny Llama."""
    model = tiny_language_model("llama", vocab_size=len(DECODER_WORDS), eos_token_id=0)
    return save_decoder(model, tmp_path / "decoder")


@pytest.fixture
def data(tmp_path) -> list[str]:
    """Options of two files of prompts."""
    return write_prompts(tmp_path)


def run(capsys, *argv: str) -> dict:
    assert main([*argv, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_run_saves_an_adapter_that_peft_loads_as_a_language_model(decoder, data, tmp_path, capsys):
    output = tmp_path / "out"
    result = run(capsys, "--model", str(decoder), *data, *SPACE, *SMALL, "--output", str(output))
    assert result["metric"] == "loss"
    for told in (result["baseline"]["beside"], result["best"]["test"]["beside"]):
        assert told["perplexity"] >= 1
        assert 0 <= told["token_accuracy"] <= 1
    stock = AutoPeftModelForCausalLM.from_pretrained(output / "adapter").eval()
    ours = AutoModelForCausalLM.from_pretrained(decoder).eval()
    tokens = torch.arange(2, 12)[None]
    with torch.no_grad(), load_adapter(output / "adapter", ours):
        torch.testing.assert_close(stock(input_ids=tokens).logits, ours(input_ids=tokens).logits)


def test_the_best_candidate_is_the_one_of_the_smallest_loss(decoder, data, tmp_path, capsys):
    output = ["--output", str(tmp_path / "out")]
    result = run(capsys, "--model", str(decoder), *data, *SPACE, *SMALL, *output)
    assert result["best"]["metric_mean"] == min(one["metric_mean"] for one in result["finalists"])


@pytest.mark.parametrize("metric", ["perplexity", "token_accuracy"])
def test_plain_texts_are_learned_and_judged_by_any_metric_of_tokens(decoder, data, tmp_path, capsys, metric):
    for name in ("train", "dev"):
        rows = [json.loads(line) for line in (tmp_path / f"{name}.jsonl").read_text().splitlines()]
        lines = [json.dumps({"text": row["prompt"] + row["completion"]}) for row in rows]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines))
    output = ["--output", str(tmp_path / "out"), "--metric", metric]
    result = run(capsys, "--model", str(decoder), *data, *SPACE, *SMALL, *output)
    assert result["metric"] == metric


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--objective", "regression"], "no text column can be guessed"),
        (["--positive-label", "1"], "leave --positive-label out"),
        (["--metric", "f1"], "--metric f1 is not for a language model; choose one of loss, perplexity"),
        (["--objective", "causal-lm", "--label-column", "prompt"], "--label-column names no column of rows"),
        (["--text-columns", "a", "--prompt-column", "b"], "--text-columns is of labelled texts and --prompt"),
        (
            ["--prompt-column", "question"],
            "has no column 'question'; its columns are ['prompt'",
        ),
        (["--assistant-only-loss"], "--assistant-only-loss is of conversations, and these rows are texts"),
        (["--label-column", "prompt"], "no text column can be guessed"),
        (["--max-length", "1"], "--max-length 1 must be at least 2"),
    ],
)
def test_what_only_labels_could_mean_is_refused(decoder, data, tmp_path, capsys, options, says):
    argv = ["--model", str(decoder), *data, *SPACE, *SMALL, "--output", str(tmp_path / "out"), *options]
    assert main(argv) != 0
    assert says in capsys.readouterr().err


def test_an_encoder_is_refused_and_so_is_no_model(model_folder, data, tmp_path, capsys):
    rest = [*data, *SPACE, *SMALL, "--output", str(tmp_path / "out")]
    assert main(rest) != 0
    assert "name a decoder with --model" in capsys.readouterr().err
    assert main(["--model", str(model_folder), *rest]) != 0
    assert "no end-of-text token" in capsys.readouterr().err
    AutoTokenizer.from_pretrained(model_folder, eos_token="[SEP]").save_pretrained(model_folder)
    assert main(["--model", str(model_folder), *rest]) != 0
    said = capsys.readouterr().err
    assert "6 tensors of its BertLMHeadModel, the first is cls.predictions.bias; choose a decoder" in said


def test_files_of_different_kinds_are_refused(decoder, data, tmp_path, capsys):
    (tmp_path / "dev.jsonl").write_text('{"text": "w1", "label": 1}')
    argv = ["--model", str(decoder), *data, *SPACE, *SMALL, "--output", str(tmp_path / "out")]
    assert main(argv) != 0
    assert "give both the same columns" in capsys.readouterr().err
