"""Questions with choices from the command to the adapter: a run, a comparison, an allocation."""

from __future__ import annotations

import json

import numpy as np
import pytest
from peft import AutoPeftModelForCausalLM

from search.cli import allocate
from search.cli.compare import main as compare
from search.cli.run import main
from tests.search.decoder_files import DECODER_WORDS, save_decoder

SMALL = ["--epochs", "2", "--batch-size", "8", "--seeds", "2", "--lr", "1e-2", "--threads", "1", "--quiet"]
SPACE = ["--space", "lora[q,v]", "--budget", "r=2"]


@pytest.fixture
def asked(tiny_language_model, tmp_path) -> list[str]:
    """Options of a tiny Llama and of COPA's files, whose right choice is told by the premise's first word."""
    model = tiny_language_model("llama", vocab_size=len(DECODER_WORDS), eos_token_id=0)
    rng, files = np.random.default_rng(0), {"train": 60, "val": 12}
    for name, count in files.items():
        rows = []
        for _ in range(count):
            first, *others = (f"w{n}" for n in rng.integers(0, 20, 4))
            label = int(first[1:]) % 2
            choices = {"choice1": "w30", "choice2": "w31 w32"}
            rows.append(
                {"premise": f"{first} {' '.join(others)}.", **choices, "question": "cause", "label": label}
            )
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    paths = ["--train-file", str(tmp_path / "train.jsonl"), "--eval-file", str(tmp_path / "val.jsonl")]
    return ["--model", str(save_decoder(model, tmp_path / "decoder")), "--task", "copa", *paths]


def test_a_run_is_judged_by_the_likeliest_choice_and_saves_what_peft_loads(asked, tmp_path, capsys):
    output = tmp_path / "out"
    few = ["--proposals", "4", "--finalists", "2", "--json"]
    assert main([*asked, *SPACE, *SMALL, *few, "--output", str(output)]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["metric"] == "accuracy"
    assert 0 <= result["best"]["metric_mean"] <= 1
    AutoPeftModelForCausalLM.from_pretrained(output / "adapter")
    notes = " ".join(result["notes"])
    assert "a row to judge by is a choice" in notes
    assert "a row to report on is one too: of 12 questions" in notes


def test_a_comparison_and_an_allocation_take_questions_as_any_rows(asked, tmp_path, capsys):
    methods = ["--methods", "lora,hetero-dynamic,alora", "--output", str(tmp_path / "board")]
    assert compare([*asked, *SPACE, *SMALL, *methods]) == 0
    board = json.loads((tmp_path / "board" / "leaderboard.json").read_text())
    assert (board["metric"], board["direction"]) == ("accuracy", "maximize")
    capsys.readouterr()
    assert allocate.main([*asked[:6], "--space", "lora[q,v]", "--budget", "r=2", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["task_type"] == "CAUSAL_LM"
