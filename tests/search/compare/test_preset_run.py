"""A preset end to end, on a tiny model in place of the paper's."""

from __future__ import annotations

import json

import pytest

from search.compare.__main__ import main


@pytest.fixture
def preset(model_folder, files, tmp_path) -> list[str]:
    """Options with which any one data set of a preset ends within seconds."""
    data = ["--model", str(model_folder), "--train-file", str(files / "train.tsv")]
    data += ["--eval-file", str(files / "dev.tsv"), "--threads", "1", "--quiet", "--batch-size", "16"]
    return [*data, "--epochs", "1", "--seeds", "2", "--lr", "1e-2", "--output", str(tmp_path / "out")]


def test_a_table_is_laid_out_as_the_paper_has_it_with_ours_beside_theirs(preset, capsys, tmp_path):
    argv = [*preset, "--preset", "heterolora-table2", "--epochs", "2"]
    assert main(argv) == 0
    out = capsys.readouterr().out
    assert "HeteroLoRA" in out
    assert "84.1" in out  # the paper's best cell
    saved = json.loads((tmp_path / "out" / "preset.json").read_text())
    assert saved["seeds"] == [0, 13]
    assert all(0 <= cell["value"] <= 100 for cell in saved["cells"])
    assert len(saved["cells"]) >= 7


def test_a_dylora_table_is_judged_at_its_ranks_without_training_again(preset, capsys, tmp_path):
    assert main([*preset, "--preset", "dylora-table2", "--dataset", "mrpc"]) == 0
    capsys.readouterr()
    saved = json.loads((tmp_path / "out" / "preset.json").read_text())
    assert {cell["rank"] for cell in saved["cells"]} != {None}


def test_the_presets_are_listed(capsys):
    assert main(["--preset", "list"]) == 0
    out = capsys.readouterr().out
    assert "heterolora-table2" in out
    assert "dylora-table2" in out
    assert "facebook/opt-350m" in out
