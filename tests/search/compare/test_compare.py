"""The command, as a user types it: end to end, resumed, grown, and with bad input."""

from __future__ import annotations

import json
from pathlib import Path

import optuna
import pytest
import torch
from transformers import AutoModelForSequenceClassification

from evaluators.adapters.adapter import load_adapter
from search.cli.compare import main
from tests.search.watched import interrupt_after


@pytest.fixture
def compare(model_folder, files, tmp_path) -> list[str]:
    """A whole command line that ends within seconds; without --methods."""
    data = ["--model", str(model_folder), "--train-file", str(files / "train.tsv")]
    data += ["--eval-file", str(files / "dev.tsv"), "--threads", "1", "--quiet", "--batch-size", "8"]
    data += ["--space", "lora[q,v]+shortcut", "--budget", "r=2", "--seeds", "2", "--epochs", "2"]
    return [*data, "--lr", "1e-2", "--output", str(tmp_path / "out")]


def run_json(capsys, argv: list[str]) -> dict:
    assert main([*argv, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_leaderboard_holds_every_method_within_the_budget(compare, capsys, tmp_path, model_folder):
    result = run_json(capsys, [*compare, "--methods", "lora,hetero-dynamic,head"])
    rows = {row["label"]: row for row in result["leaderboard"]}
    assert set(rows) == {"lora", "hetero-dynamic", "head"}
    assert rows["hetero-dynamic"]["end"] <= rows["lora"]["end"] <= result["budget"]
    assert rows["head"]["end"] == rows["head"]["peak"] == 0
    assert rows["lora"]["difference"] is None
    assert rows["head"]["difference"]["interval"]["low"] is not None
    out = tmp_path / "out"
    assert json.loads((out / "leaderboard.json").read_text()) == result
    assert (out / "leaderboard.png").exists()
    assert sorted(path.name for path in (out / "adapters").iterdir()) == ["hetero-dynamic", "lora"]
    (name,) = optuna.get_all_study_names(f"sqlite:///{out}/study.db")
    trials = optuna.load_study(study_name=name, storage=f"sqlite:///{out}/study.db").trials
    assert {one.params["arm"]: one.value for one in trials} == {
        label: pytest.approx(row["metric"]["mean"]) for label, row in rows.items()
    }
    card = (out / "adapters" / "hetero-dynamic" / "README.md").read_text()
    assert "rankscape compare --methods lora,hetero-dynamic,head" in card
    assert "| hetero-dynamic |" in card
    model = AutoModelForSequenceClassification.from_pretrained(model_folder, num_labels=2)
    with load_adapter(out / "adapters" / "hetero-dynamic", model), torch.no_grad():
        assert model(input_ids=torch.tensor([[3, 4, 5]])).logits.isfinite().all()


def test_the_table_on_stdout_names_the_baseline_and_the_interval(compare, capsys):
    assert main([*compare, "--methods", "lora,hetero-static,hetero-dynamic"]) == 0
    out = capsys.readouterr().out
    verdict, _, head, *_ = out.splitlines()
    assert verdict.startswith(("Not shown that any allocation beats lora: hetero-", "Nothing was learned"))
    assert "test accuracy" in head
    assert "difference: to lora, seed by seed" in out
    assert "Does dynamic HeteroLoRA beat static?" in out


def test_the_grid_is_judged_on_validation_rows_with_seeds_that_are_not_reported(compare, capsys, watched):
    grid = ["--methods", "lora,head", "--lrs", "1e-3,1e-2", "--scalings", "alpha/r,constant"]
    assert watched.compare([*compare, *grid, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    seen = [(rows, {one.seed for one in candidates}) for rows, candidates in watched.asked]
    assert len(result["tuning"]) == 4 + 2  # no wire of the head's has a scale
    for row in result["leaderboard"]:
        own = [point for point in result["tuning"] if point["label"] == row["label"]]
        best = min(own, key=lambda point: point["loss"])
        assert (row["scaling"], row["learning_rate"]) == (best["scaling"], best["lr"])
    tuning = [seeds for rows, seeds in seen if rows == "validation"]
    reported = [seeds for rows, seeds in seen if rows == "test"]
    assert set.union(*tuning).isdisjoint(set.union(*reported))
    assert set.union(*reported) == {0, 1}


def test_a_comparison_goes_on_and_grows_without_training_anything_twice(compare, capsys, watched):
    def result(argv):
        assert watched.compare([*argv, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    trained, watched.done = watched.trained, interrupt_after(3)
    argv = [*compare, "--cohort-size", "1", "--methods", "lora,hetero-static"]
    assert watched.compare(argv) == 130
    capsys.readouterr()
    first = result(argv)
    assert len(trained) == len(set(trained)) == 4
    grown = result([*argv, "--methods", "lora,hetero-static,head", "--seeds", "3"])
    assert len(trained) == len(set(trained)) == 4 + 2 + 3
    old = {row["label"]: row["metrics"] for row in first["leaderboard"]}
    assert all(row["metrics"][:2] == old[row["label"]] for row in grown["leaderboard"] if row["label"] in old)


def test_a_method_that_never_acts_is_reported_as_failed_and_the_others_go_on(compare, capsys):
    result = run_json(capsys, [*compare, "--methods", "lora,sora[strength=1e-9]"])
    best, failed = result["leaderboard"]
    assert (best["label"], failed["metric"]) == ("lora", None)
    assert "raise strength" in failed["failures"][0]


def test_arms_may_have_a_space_and_a_norm_of_their_own(compare, capsys):
    spec = "lora,lora@lora[q,v],lora@lora[q,v]+cross/paper"
    result = run_json(capsys, [*compare, "--methods", spec])
    labels = {"lora", "lora@lora[q,v]", "lora@lora[q,v]+cross/paper"}
    assert {row["label"] for row in result["leaderboard"]} == labels
    assert result["baseline"] == "lora"
    rows = {row["label"]: row for row in result["leaderboard"]}
    dearest = 64  # of a rank, in the tiny model
    assert all(0 <= result["budget"] - row["end"] < dearest for row in rows.values())
    assert rows["lora@lora[q,v]+cross/paper"]["renorm"] == "paper"


def test_two_referees_in_spaces_of_their_own_are_not_taken_for_one_another(compare, capsys):
    argv = [*compare, "--methods", "peft-lora@lora[q],peft-lora@lora[v]"]
    first, again = run_json(capsys, argv), run_json(capsys, argv)
    assert first == again
    losses = {row["label"]: row["loss"]["mean"] for row in first["leaderboard"]}
    assert len(set(losses.values())) == 2


def test_what_cannot_be_used_is_left_out_of_a_group_and_refused_by_name(compare, capsys, caplog):
    argv = [*compare, "--space", "shortcut", "--methods"]
    assert main([*argv, "lora,peft-lora"]) == 1
    assert "PEFT has no shortcuts" in capsys.readouterr().err
    result = run_json(capsys, [*argv, "lora,peft"])
    assert [row["label"] for row in result["leaderboard"]] == ["lora"]
    assert "left out peft-lora: PEFT has no shortcuts" in caplog.text


def test_a_comparison_in_which_every_run_fails_is_a_failure(compare, capsys):
    assert main([*compare, "--methods", "sora[strength=1e-9]"]) == 1
    error = capsys.readouterr().err
    assert "every run failed" in error
    assert "raise strength" in error


def test_the_grid_may_be_extended_and_a_rate_at_its_edge_is_marked(compare, capsys):
    one = compare.index("--lr")  # beside which several are refused
    argv = [*compare[:one], *compare[one + 2 :], "--methods", "lora,head"]
    argv += ["--scalings", "alpha/r,constant", "--lrs"]
    assert main([*argv, "1e-4,1e-3"]) == 0
    assert "0.001*" in capsys.readouterr().out
    result = run_json(capsys, [*argv, "1e-4,1e-3,1e-2"])
    points = [point["label"] for point in result["tuning"]]
    assert (points.count("lora"), points.count("head")) == (6, 3)  # no wire of the head's has a scale


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (["--methods", "lorra"], "did you mean lora? Choose from lora"),
        (["--methods", ","], "names nothing"),
        (["--methods", "lora@lora[x]"], "x"),
        (["--methods", "lora@lora[q]/twice"], "choose preserve or paper"),
        (["--preset", "heterolora-table2"], "--budget, --space: heterolora-table2 has its own"),
        (["--lrs", "fast"], "is not a number, such as 0.5"),
        (["--tune-seeds", "0"], "at least 1"),
        (["--preset", "heterolora-table99"], "heterolora-table2"),
    ],
)
def test_bad_input_is_one_line_that_says_what_to_do(compare, capsys, typed, words):
    assert main([*compare, *typed]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert len(error.strip().splitlines()) == 1
    assert not Path(compare[-1]).exists()


def test_a_model_that_changes_while_it_is_at_work_is_refused_before_anything_is_written(
    compare, change_weights, tmp_path, capsys, watched
):
    watched.done = lambda trained: change_weights() if trained == 1 else None
    assert watched.compare([*compare, "--methods", "lora,head"]) == 1
    assert "changed while the run in" in capsys.readouterr().err
    assert not list((tmp_path / "out").glob("leaderboard.*"))
