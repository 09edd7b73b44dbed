"""Text that is written, from the command to the result: answers are those of the adapter that was saved,
metrics those of the answers, and what cannot be written is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import optuna
import pytest
import torch
from peft import AutoPeftModelForCausalLM
from sacrebleu.metrics import BLEU
from transformers import AutoTokenizer

import search
from search.cli.compare import main as compare
from search.cli.run import main as run
from tests.search.decoder_files import DECODER_WORDS, save_decoder, write_prompts

TRAINING = ["--epochs", "4", "--batch-size", "8", "--lr", "1e-2", "--threads", "1", "--quiet"]
SPACE = ["--space", "lora[q,v]", "--budget", "r=2"]
FEW = ["--proposals", "2", "--finalists", "1", "--proxy", "grad_norm"]
GENERATE = ["--generate", "--max-new-tokens", "5", "--text-metrics", "bleu,exact_match"]


@pytest.fixture
def typed(tiny_language_model, tmp_path) -> list[str]:
    """A tiny decoder, files of prompts, and where results go."""
    model = tiny_language_model("llama", vocab_size=len(DECODER_WORDS), eos_token_id=0)
    files = write_prompts(tmp_path, (40, 12))
    model_and_files = ["--model", str(save_decoder(model, tmp_path / "decoder")), *files]
    return [*model_and_files, *TRAINING, *SPACE, "--output", str(tmp_path / "out")]


def answers_in(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "answers.jsonl").read_text().splitlines()]


def test_a_run_writes_what_its_saved_adapter_says_and_scores_it(typed, tmp_path, capsys):
    out = tmp_path / "out"
    argv = [*typed, *FEW, "--seeds", "2", *GENERATE, "--generate-rows", "6", "--beams", "2"]
    assert run([*argv, "--json"]) == 0
    result, rows = json.loads(capsys.readouterr().out), answers_in(out)
    assert json.loads((out / "result.json").read_text()) == result
    text = result["text"]
    assert (text["prompts"], len(rows), text["decoding"]["beams"]) == (6, 6, 2)
    who = "uniform" if result["best"]["is_baseline"] else "winner"
    assert set(text["scores"]) == {who, "uniform"}
    seed = result["best"]["saved_seed"]
    model = AutoPeftModelForCausalLM.from_pretrained(out / "adapter").eval()
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "decoder")
    for row in rows:
        ids = torch.tensor([tokenizer(row["prompt"])["input_ids"]])
        whole = model.generate(input_ids=ids, max_new_tokens=5, num_beams=2, do_sample=False)
        said = whole[0, ids.shape[1] :]
        assert tokenizer.decode(said, skip_special_tokens=True).strip() == row["answers"][who][seed]
    bleu = BLEU().corpus_score([row["answers"][who][0] for row in rows], [[r["references"][0] for r in rows]])
    assert text["scores"][who]["bleu"][0] == pytest.approx(bleu.score)
    assert text["samples"][0]["answers"][who] == rows[0]["answers"][who][0]
    assert run(argv) == 0
    said = capsys.readouterr().out
    how = (
        "text: answers to 6 prompts of the rows to report on, by 2 beams, length penalty 1, at most 5 tokens"
    )
    assert how in " ".join(said.split())
    assert max(len(line) for line in said.splitlines()[1:] if "rankscape dashboard " not in line) <= 80
    assert f"prompt: {rows[0]['prompt']}" in said
    card = (out / "adapter" / "README.md").read_text().partition("## What it writes")[2]
    assert f"| {rows[0]['prompt']} | {rows[0]['references'][0]} |" in card
    assert f"| bleu | {np.mean(text['scores'][who]['bleu']):.2f} ± " in card


def test_every_arm_writes_and_text_that_is_asked_for_later_trains_no_adapter_again(typed, tmp_path, capsys):
    arms = ["--methods", "lora,dylora,full,flop,peft-lora", "--seeds", "1"]
    assert compare([*typed, *arms, "--json"]) == 0
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out" / "candidates").iterdir()}
    assert "text" not in json.loads(capsys.readouterr().out)
    assert compare([*typed, *arms, *GENERATE]) == 0
    board, rows = (
        json.loads((tmp_path / "out" / "leaderboard.json").read_text()),
        answers_in(tmp_path / "out"),
    )
    labels = {"lora", "dylora", "full", "flop", "peft-lora"}
    assert set(board["text"]["scores"]) == set(rows[0]["answers"]) == labels
    assert all(None not in own["bleu"] for own in board["text"]["scores"].values())
    kept = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out" / "candidates").iterdir()}
    assert before.items() <= kept.items()
    new = [name for name in kept if name not in before]
    assert len([name for name in new if name.endswith(".answers.json")]) == 2  # lora and dylora, asked later
    assert len([name for name in new if name.count(".") == 1 and name.endswith(".json")]) == 3  # trained anew
    said = capsys.readouterr().out
    assert "text       bleu" in said
    card = (tmp_path / "out" / "adapters" / "dylora" / "README.md").read_text()
    assert "| prompt | reference | lora | dylora |" in card.partition("## What it writes")[2]
    assert max(len(line) for line in said.splitlines()[1:] if "rankscape dashboard " not in line) <= 80


def trained_in(out: Path) -> dict[str, int]:
    """When every candidate was written, but what they answered."""
    kept = (out / "candidates").iterdir()
    return {path.name: path.stat().st_mtime_ns for path in kept if "answers" not in path.name}


def studies_in(out: Path) -> list[str]:
    path = out / "study.db"
    return optuna.get_all_study_names(f"sqlite:///{path}") if path.exists() else []


def test_a_run_that_has_ended_writes_text_later_and_trains_nothing_again(typed, tmp_path, capsys):
    storage = f"sqlite:///{tmp_path / 'shown.db'}"
    argv = [*typed, *FEW, "--seeds", "1", "--json", "--storage", storage, "--study-name", "mine"]
    assert run(argv) == 0
    first, before = json.loads(capsys.readouterr().out), trained_in(tmp_path / "out")
    assert before
    studies = optuna.get_all_study_names(storage)
    assert "text" not in first
    assert run([*argv, *GENERATE]) == 0
    second = json.loads(capsys.readouterr().out)
    assert {**second, "seconds": first["seconds"]} == {**first, "text": second["text"]}
    assert trained_in(tmp_path / "out") == before
    assert len(answers_in(tmp_path / "out")) == second["text"]["prompts"]
    written = (tmp_path / "out" / "result.json").stat().st_mtime_ns
    assert run([*argv, *GENERATE]) == 0  # as it has ended now
    assert json.loads(capsys.readouterr().out) == second
    assert (tmp_path / "out" / "result.json").stat().st_mtime_ns == written
    assert run(argv) == 0  # without text again
    assert "text" not in json.loads(capsys.readouterr().out)
    assert not (tmp_path / "out" / "answers.jsonl").exists()
    assert trained_in(tmp_path / "out") == before
    assert optuna.get_all_study_names(storage) == studies
    assert run([*argv, "--epochs", "5"]) == 2
    assert "holds a run with other options (--epochs)" in capsys.readouterr().err
    assert run([*argv, "--output", str(tmp_path / "another")]) == 2
    assert "of this one in another folder; choose another --study-name." in capsys.readouterr().err


@pytest.mark.parametrize("do", ["search", "fine_tune"])
def test_python_writes_text_later_into_the_same_folder_too(do, typed, tmp_path):
    files = dict(zip(typed[0:6:2], typed[1:6:2], strict=True))
    known = {name.strip("-").removesuffix("-file"): value for name, value in files.items()}
    known |= {"space": "lora[q,v]", "budget": "r=2", "seeds": 1, "epochs": 1, "lr": 1e-2, "threads": 1}

    def found(**more):
        bench = search.setup(**known, **more)
        few = {"proposals": 2, "finalists": 1, "proxies": "grad_norm"}
        if do == "search":
            return bench.search(**few, folder=tmp_path / "mine")
        return bench.fine_tune([], folder=tmp_path / "mine")

    assert found().writing is None
    before, shown = trained_in(tmp_path / "mine"), studies_in(tmp_path / "mine")
    assert bool(shown) == (do == "search")
    assert found(generate=True, max_new_tokens=3, text_metrics="bleu").record.text.metrics == ("bleu",)
    assert trained_in(tmp_path / "mine") == before
    assert studies_in(tmp_path / "mine") == shown


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--beams", "2"], "--beams says how text is generated, and none is; add --generate"),
        (["--generate", "--text-metrics", "bleu,meteor"], "--text-metrics meteor needs WordNet"),
        (["--generate", "--max-new-tokens", "60"], "more than the 64 tokens that the model can read"),
        (["--generate", "--beams", "0"], "--beams 0 must be at least 1"),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_is_trained(typed, tmp_path, capsys, options, says):
    assert run([*typed, *FEW, *options]) == 2
    assert says in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_plain_texts_have_no_prompts_to_answer(typed, tmp_path, capsys):
    for name in ("train", "dev"):
        rows = [json.loads(line) for line in (tmp_path / f"{name}.jsonl").read_text().splitlines()]
        lines = [json.dumps({"text": row["prompt"] + row["completion"]}) for row in rows]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines))
    for command in (lambda words: run([*words, *FEW]), compare):
        assert command([*typed, "--generate"]) == 2
        assert "--generate answers prompts, and the rows of" in capsys.readouterr().err


def test_labels_are_no_text(model_folder, files, capsys):
    data = ["--train-file", str(files / "train.tsv"), "--eval-file", str(files / "dev.tsv")]
    assert run(["--model", str(model_folder), *data, *SPACE, "--generate"]) == 2
    assert "--generate is of language models" in capsys.readouterr().err
