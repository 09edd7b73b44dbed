"""Presets of language models end to end, on tiny models in place of the papers'."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from search.cli.compare import main
from search.show.aligned_text import WIDTH
from tests.search.decoder_files import DECODER_WORDS, save_decoder

QUICK = ["--seeds", "2", "--threads", "1", "--quiet", "--epochs", "1", "--lr", "1e-2", "--max-length", "40"]


def decoder_of(tiny_language_model, family: str, folder: Path) -> list[str]:
    """Options of a tiny model of a family."""
    model = tiny_language_model(family, vocab_size=len(DECODER_WORDS), eos_token_id=0)
    return ["--model", str(save_decoder(model, folder / "decoder"))]


def meanings(folder: Path) -> list[str]:
    """Options of two files as E2E's are, some meanings with two references."""
    rng = np.random.default_rng(0)
    for name, count in (("train", 60), ("dev", 8)):
        with (folder / f"{name}.csv").open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["mr", "ref"])
            for i in range(count):
                one, other = (f"w{n}" for n in rng.integers(0, 20, 2))
                rows.writerows([[f"name[{one}], food[{other}]", f"w1 {one} w2 {other}"]] * (1 + i % 2))
    return ["--train-file", str(folder / "train.csv"), "--eval-file", str(folder / "dev.csv")]


def test_dyloras_table_of_generated_text_is_filled_at_every_rank(tiny_language_model, tmp_path, capsys):
    argv = [*decoder_of(tiny_language_model, "gpt2", tmp_path), *meanings(tmp_path), *QUICK]
    argv += ["--beams", "2", "--max-new-tokens", "6", "--output", str(tmp_path / "out")]
    assert main([*argv, "--preset", "dylora-table6"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= WIDTH or str(tmp_path) in max(lines, key=len)
    saved = json.loads((tmp_path / "out" / "preset.json").read_text())
    ours = {(cell["row"], cell["column"]): cell["value"] for cell in saved["cells"]}
    assert len(ours) == 4 * 3 * 3  # ranks, arms, and the metrics that are computed
    board = json.loads((tmp_path / "out" / "e2e-lora" / "leaderboard.json").read_text())
    assert board["task"] == "e2e"
    for label, scores in board["text"]["scores"].items():  # as trained, at rank 4
        assert ours[f"Rank=4 {label}", "BLEU"] == pytest.approx(np.mean(scores["bleu"]))
        assert ours[f"Rank=4 {label}", "NIST"] == pytest.approx(np.mean(scores["nist"]))


def test_alpacas_row_is_filled_with_the_loss(tiny_language_model, tmp_path, capsys):
    rng = np.random.default_rng(0)
    for name, count in (("train", 40), ("dev", 12)):
        words = [[f"w{n}" for n in rng.integers(0, 20, 3)] for _ in range(count)]
        rows = [{"instruction": " ".join(own), "input": "", "output": own[0]} for own in words]
        (tmp_path / f"{name}.json").write_text(json.dumps(rows))
    files = ["--train-file", str(tmp_path / "train.json"), "--eval-file", str(tmp_path / "dev.json")]
    argv = [*decoder_of(tiny_language_model, "opt-post", tmp_path), *files, *QUICK]
    argv += ["--preset", "heterolora-table8", "--dataset", "alpaca", "--output", str(tmp_path / "out")]
    assert main([*argv, "--beams", "2"]) == 2  # it has the loss alone, and no text
    assert "--beams says how text is generated, and none is" in capsys.readouterr().err
    assert main(argv) == 0
    saved = json.loads((tmp_path / "out" / "preset.json").read_text())
    assert [(cell["row"], cell["column"]) for cell in saved["cells"]] == [
        ("FT", "alpaca"),
        ("LoRA", "alpaca"),
    ]
    board = json.loads((tmp_path / "out" / "alpaca-lora" / "leaderboard.json").read_text())
    assert saved["cells"][1]["value"] == pytest.approx(board["leaderboard"][0]["median"])  # no share
    assert board["metric"] == "loss"
