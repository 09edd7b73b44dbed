"""A comparison on a language model, from the command on: the least loss comes first, and it goes on."""

from __future__ import annotations

import json

from search.cli.compare import main
from tests.search.decoder_files import DECODER_WORDS, save_decoder, write_prompts


def test_a_leaderboard_of_a_language_model_grows_and_has_the_least_loss_first(
    tiny_language_model, tmp_path, capsys
):
    model = tiny_language_model("llama", vocab_size=len(DECODER_WORDS), eos_token_id=0)
    argv = ["--model", str(save_decoder(model, tmp_path / "decoder")), *write_prompts(tmp_path)]
    argv += ["--space", "lora[all]", "--budget", "r=2", "--batch-size", "8", "--threads", "1", "--quiet"]
    argv += ["--epochs", "1", "--lrs", "3e-3,1e-2", "--json", "--output", str(tmp_path / "out")]
    assert main([*argv, "--seeds", "1", "--methods", "lora@lora[q,v],lora@lora[all],spectral"]) == 0
    first = json.loads(capsys.readouterr().out)
    assert first["baseline"] == "lora@lora[all]"  # the space of most arms
    assert main([*argv, "--seeds", "2", "--methods", "lora@lora[q,v],lora@lora[all],spectral,adalora"]) == 0
    board = json.loads(capsys.readouterr().out)
    assert (board["metric"], board["direction"]) == ("loss", "minimize")
    rows = board["leaderboard"]
    means = [row["metric"]["mean"] for row in rows]
    assert means == sorted(means)
    before = {row["label"]: row["metrics"][0] for row in first["leaderboard"]}
    assert before == {row["label"]: row["metrics"][0] for row in rows if row["label"] in before}
    for row in rows:
        assert set(row["beside"]) == {"perplexity", "token_accuracy"}
        assert row["end"] <= board["budget"]
    rates = {label: {p["lr"] for p in board["tuning"] if p["label"] == label} for label in before}
    assert all(own == {3e-3, 1e-2} for own in rates.values())
    text = (tmp_path / "out" / "leaderboard.txt").read_text().splitlines()
    assert "loss: less is better" in text
    assert max(map(len, text[1:-1])) <= 80 or str(tmp_path) in max(text[1:], key=len)
