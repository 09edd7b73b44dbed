from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from search.cli.describe import main

OPT_350M = {
    "model_type": "opt",
    "hidden_size": 1024,
    "ffn_dim": 4096,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "word_embed_proj_dim": 512,
    "do_layer_norm_before": False,
    "vocab_size": 50272,
    "max_position_embeddings": 2048,
}


@pytest.fixture
def opt_350m(tmp_path: Path) -> str:
    (tmp_path / "config.json").write_text(json.dumps(OPT_350M))
    return str(tmp_path)


def test_json_counts_sites_and_parameters_at_a_rank(
    opt_350m: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--model", opt_350m, "--space", "lora+shortcut", "--rank", "8", "--json"]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert err == ""
    assert len(found["sites"]) == 143
    assert found["sites"][0] == {
        "name": "layers.0.q",
        "kind": "lora",
        "role": "q",
        "layer": 0,
        "d_in": 1024,
        "d_out": 1024,
        "params_per_rank": 2048,
    }
    assert (found["params_per_rank"], found["params"]) == (292_864, 2_342_912)
    assert found["base_params"] == 331_196_416
    assert (found["rank"], found["ranks"], found["budget"]) == (8, [0, 8], None)


@pytest.mark.parametrize(
    ("budget", "params"), [("2.3M", 2_300_000), ("r=8", 2_342_912), ("0.5%", 331_196_416 // 200)]
)
def test_json_says_what_a_budget_allows_and_its_grid(
    budget: str, params: int, opt_350m: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--model", opt_350m, "--space", "lora+shortcut", "--budget", budget, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["params"], found["budget"], found["rank"]) == (params, budget, None)
    assert found["ranks"][0] == 0
    assert 8 in found["ranks"]


def test_given_ranks_stand_before_the_grid(opt_350m: str, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--model", opt_350m, "--space", "lora", "--json", "--ranks", "0,4,16"]
    assert main([*options, "--budget", "500k"]) == 0
    assert json.loads(capsys.readouterr().out)["ranks"] == [0, 4, 16]
    assert main(options) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["ranks"], found["params"]) == ([0, 4, 16], None)


def test_the_table_has_a_line_for_each_role(opt_350m: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--model", opt_350m, "--space", "lora[fc1]+cross[in,cut;span=2]", "--budget", "1M"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["lora", "fc1", "0-23", "24", "1024", "4096", "122,880"] in lines
    assert ["cross", "cut2", "2-23", "22", "1024", "1024", "45,056"] in lines
    assert ["total", "69", "215,040"] in lines
    assert len(lines) < 20


def test_the_rank_line_gives_the_share_of_the_model(
    opt_350m: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--model", opt_350m, "--space", "lora", "--rank", "8"]) == 0
    out = capsys.readouterr().out
    assert "every site at rank 8: 786,432 trainable parameters, 0.24% of the model" in out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--space", "adapter"], "'adapter' is not lora, residual, cross or shortcut"),
        (["--space", "lora[q,gate]"], "['gate'] are not lora roles of this model"),
        (["--space", "cross[in;span=30]"], "has no site in this model"),
        (["--space", "lora", "--budget", "lots"], "--budget 'lots' is not a positive number"),
        (["--space", "lora", "--budget", "2047"], "between 2,048 (the cheapest site at rank 1)"),
        (["--space", "lora", "--budget", "r=1025"], "(every site at full rank)"),
        (["--space", "lora", "--rank", "1025"], "rank 1025 is above 1024"),
        (["--space", "lora", "--ranks", "0,x"], "--ranks 0,x are not whole numbers"),
        (["--space", "lora", "--ranks", "8,4"], "ranks [8, 4] must ascend"),
        (["--rank", "0"], "--rank 0 must be at least 1"),
        (["--rank", "x"], "--rank: 'x' is not a whole number"),
        (["--rank", "8", "--budget", "1M"], "--rank and --budget exclude each other"),
        (["--colour"], "--colour is no option of python -m spaces.describe"),
        (["--rnak", "8"], "--rnak is no option of python -m spaces.describe; did you mean --rank?"),
    ],
)
def test_an_option_that_cannot_be_is_one_line_and_exit_2(
    options: list[str], message: str, opt_350m: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--model", opt_350m, *options]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert message in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("config", [None, "{", '{"model_type": "zork"}'])
def test_a_model_that_cannot_be_read_is_one_line_and_exit_1(
    config: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if config is not None:
        (tmp_path / "config.json").write_text(config)
    assert main(["--model", str(tmp_path), "--space", "lora"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert str(tmp_path) in err
    assert err.count("\n") == 1


def test_without_a_model_it_is_the_embedded_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--rank", "8"]) == 0
    assert capsys.readouterr().out.startswith("sentence-transformers/all-MiniLM-L6-v2: bert, ")


def test_help_does_not_wait_for_torch() -> None:
    code = (
        "import sys\nfrom search.cli.describe import main\n"
        "try:\n    main(['--help'])\nfinally:\n    assert 'torch' not in sys.modules"
    )
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "--model facebook/opt-350m --budget 2.3M" in done.stdout
    assert time.perf_counter() - started < 5  # 0.3 s alone; a loaded machine is slower


def test_the_command_runs_as_a_module(opt_350m: str) -> None:
    command = [sys.executable, "-m", "spaces.describe", "--model", opt_350m, "--space", "lora", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert len(json.loads(done.stdout)["sites"]) == 48
    assert done.stderr == "loading  PyTorch and transformers\n"


def test_a_model_of_several_parts_is_said_to_have_sites_that_a_task_may_not_reach(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 48}
    config = {
        "model_type": "gemma3",
        "text_config": {**sizes, "num_key_value_heads": 1, "head_dim": 16, "vocab_size": 100},
        "vision_config": {**sizes, "image_size": 8, "patch_size": 4},
        "mm_tokens_per_image": 4,
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert main(["--model", str(tmp_path), "--space", "lora"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "the model has several parts (text_config, vision_config): a run leaves out the sites" in said


PYTHIA_70M = {
    "architectures": ["GPTNeoXForCausalLM"],
    "model_type": "gpt_neox",
    "hidden_size": 512,
    "intermediate_size": 2048,
    "num_attention_heads": 8,
    "num_hidden_layers": 6,
    "vocab_size": 50304,
    "tie_word_embeddings": False,
}


def test_a_language_model_is_counted_whole_and_its_family_says_what_it_lacks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """70,426,624 parameters are Pythia-70M's, as its model card counts them (arXiv:2304.01373, table 1)."""
    (tmp_path / "config.json").write_text(json.dumps(PYTHIA_70M))
    options = ["--model", str(tmp_path), "--space", "lora[q,v]+shortcut", "--budget", "0.5%"]
    assert main([*options, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["language_model"], found["base_params"]) == (True, 70_426_624)
    assert found["params"] == 70_426_624 // 200
    assert {site["role"] for site in found["sites"]} == {"q", "v", "in"}
    assert main(options) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "gpt_neox, 70,426,624 parameters lora[q,v]+shortcut: 18 sites" in text
    assert "fewer roles than others have: its blocks add attention and FFN to one sum" in text
