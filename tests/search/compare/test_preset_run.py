"""A preset end to end, on a tiny model in place of the paper's."""

from __future__ import annotations

import json

import pytest

from search.cli.compare import main
from spaces.errors import InputError


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
    assert len(saved["cells"]) == 9
    rows = json.loads((tmp_path / "out" / "mrpc-lora" / "leaderboard.json").read_text())["leaderboard"]
    medians = {row["label"]: 100 * row["median"] for row in rows}
    for cell in saved["cells"]:
        label = "baseline" if cell["row"] == "Baseline" else f"{cell['row']} {cell['column']}"
        assert cell["value"] == pytest.approx(medians[label])


def test_a_dylora_table_is_judged_at_its_ranks_without_training_again(preset, capsys, tmp_path):
    assert main([*preset, "--preset", "dylora-table2", "--dataset", "mrpc"]) == 0
    capsys.readouterr()
    saved = json.loads((tmp_path / "out" / "preset.json").read_text())
    ranks = [cell["rank"] for cell in saved["cells"] if cell["rank"] is not None]
    assert ranks
    assert all(1 <= rank <= 8 for rank in ranks)


def test_full_fine_tuning_trains_at_the_paper_s_own_rate(preset, capsys, tmp_path):
    """Which an arm of full fine-tuning otherwise takes a fiftieth of, as of an adapter's."""
    rate = preset.index("--lr")
    argv = [*preset[:rate], *preset[rate + 2 :], "--preset", "heterolora-table7", "--dataset", "mrpc"]
    assert main([*argv, "--seeds", "1"]) == 0
    assert "mrpc, ft: " in (out := " ".join(capsys.readouterr().out.split()))
    assert "; lr 2e-05, batches of 16" in out
    (row,) = json.loads((tmp_path / "out" / "mrpc-ft" / "leaderboard.json").read_text())["leaderboard"]
    assert row["learning_rate"] == pytest.approx(2e-5)


def test_a_metric_that_is_typed_is_that_of_every_rank(preset, capsys, tmp_path):
    argv = [*preset, "--preset", "dylora-table2", "--dataset", "mrpc", "--seeds", "1", "--metric", "accuracy"]
    assert main(argv) == 0
    assert "; accuracy; lr 0.01" in " ".join(capsys.readouterr().out.split())
    cells = json.loads((tmp_path / "out" / "preset.json").read_text())["cells"]
    right = [cell["value"] / 100 * 30 for cell in cells if cell["rank"] is not None]  # of 30 rows
    assert right == pytest.approx([round(count) for count in right])


def test_f1_of_files_of_one_s_own_is_of_their_rarer_label(preset, capsys, tmp_path):
    for name, count in (("train", 60), ("dev", 20)):
        lines = [f"good film n{i}\tlegit" if i % 5 else f"bad film n{i}\tfraud" for i in range(count)]
        (tmp_path / f"{name}.tsv").write_text("\n".join(["sentence\tlabel", *lines]))
    files = ["--train-file", str(tmp_path / "train.tsv"), "--eval-file", str(tmp_path / "dev.tsv")]
    argv = [*preset, *files, "--preset", "dylora-table2", "--dataset", "mrpc", "--seeds", "1"]
    assert main(argv) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "; f1 of 'fraud'; lr 0.01" in out
    assert "note: mrpc: F1 is of the label 'fraud', the rarer one" in out
    board = json.loads((tmp_path / "out" / "mrpc-lora" / "leaderboard.json").read_text())
    assert (board["metric"], board["positive_label"]) == ("f1", "fraud")
    assert board["metric_title"] == "f1 of 'fraud'"
    assert "in f1 of 'fraud' on" in board["verdict"] or "f1 of 'fraud' of always" in board["verdict"]
    saved = json.loads((tmp_path / "out" / "preset.json").read_text())
    assert any(note.startswith("mrpc: F1 is of the label 'fraud'") for note in saved["notes"])


def test_what_is_typed_goes_before_the_papers_settings_even_where_it_is_a_default(preset, capsys, tmp_path):
    """Each value below is the command's default; the paper's own are 20 epochs of 8 rows."""
    argv = [*preset, "--preset", "heterolora-table7", "--dataset", "mrpc", "--epochs", "1.0"]
    assert main([*argv, "--batch-size", "16", "--seeds", "1"]) == 0
    capsys.readouterr()
    (folder,) = (tmp_path / "out").glob("mrpc-lora")
    saved = json.loads((folder / "leaderboard.json").read_text())
    assert (saved["epochs"], saved["batch_size"], saved["seeds"]) == (1.0, 16, [0])


def test_a_preset_has_the_papers_seeds_and_no_more(preset, capsys):
    argv = [*preset, "--preset", "heterolora-table2"]
    assert main([*argv, "--seeds", "6"]) == 2
    assert "has 5" in capsys.readouterr().err


def test_a_preset_that_cannot_go_on_keeps_what_it_has_trained(preset, capsys, tmp_path, watched):
    def gone(trained: int) -> None:
        raise InputError("the hub is away")

    watched.done = gone
    argv = [*preset, "--preset", "heterolora-table10", "--dataset", "mrpc", "--seeds", "1"]
    assert watched.preset("heterolora-table10", argv) == 1
    assert "the hub is away" in capsys.readouterr().err
    assert list((tmp_path / "out").rglob("candidates/*.json"))


def test_the_presets_are_listed(capsys):
    assert main(["--preset", "list"]) == 0
    out = capsys.readouterr().out
    assert "heterolora-table2" in out
    assert "dylora-table2" in out
    assert "facebook/opt-350m" in out
