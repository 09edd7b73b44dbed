"""``rankscape allocate``: a model and a file in, a LoraConfig out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pytest
import yaml
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer

from search.cli.allocate import main
from search.job.findings import known_at
from tests.conftest import TinyModel
from tests.evaluators.data.letters import TEMPLATE, tokenizer_of_letters
from tests.model_types import tiny_language_model_of

QUICK = ["--budget", "r=2", "--scoring-batch-size", "8", "--threads", "1", "--quiet"]


def trainable(kind: type, folder: Path, config: LoraConfig) -> int:
    """Parameters of the adapters that PEFT makes of a config on the model in a folder."""
    adapted = get_peft_model(kind.from_pretrained(folder), config)
    return sum(one.numel() for name, one in adapted.named_parameters() if ".lora_" in name)


@pytest.fixture
def labelled(model_folder: Path, files: Path) -> list[str]:
    return ["--model", str(model_folder), "--train-file", str(files / "train.tsv"), *QUICK]


def test_python_json_and_yaml_say_the_same(
    labelled: list[str], model_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names: dict[str, LoraConfig] = {}
    uneven = [*labelled, "--proxy", "adam_signal"]
    assert main(uneven) == 0
    exec(capsys.readouterr().out, names)
    assert main([*uneven, "--json"]) == 0
    of_json = LoraConfig(**json.loads(capsys.readouterr().out))
    assert main([*uneven, "--format", "axolotl"]) == 0
    of_yaml = yaml.safe_load(capsys.readouterr().out)
    assert of_json.to_dict() == names["config"].to_dict()
    assert (of_yaml["lora_r"], of_yaml["lora_rank_pattern"]) == (of_json.r, of_json.rank_pattern)
    assert 2_400 < trainable(AutoModelForSequenceClassification, model_folder, of_json) <= 2 * 3 * 416


def test_what_is_known_at_the_budget_comes_first_where_the_format_has_comments(
    labelled: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for form in ("python", "axolotl"):
        assert main([*labelled, "--format", form, "--scoring-batches", "2"]) == 0
        said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("# ")]
        assert " ".join(line.removeprefix("# ") for line in said) == known_at(2)
    assert main([*labelled, "--budget", "r=9", "--format", "python", "--scoring-batches", "2"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("# Whether allocation matters at 9 ranks a site was not measured")


_LEFT: Final = ("in_proj", "x_proj")  # of Mamba's linears: PEFT refuses one, and no loss reaches another


@pytest.mark.parametrize("budget", ["r=2", "6000"])
def test_what_cannot_be_adapted_is_left_out_once_and_of_the_mean_rank_as_well(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, budget: str
) -> None:
    model, folder, file = tiny_language_model_of("mamba"), tmp_path / "mamba", tmp_path / "train.json"
    model.save_pretrained(folder)
    tokenizer_of_letters().save_pretrained(folder)
    file.write_text(json.dumps([{"text": f"{given} {said}"} for given, said in SAID]))
    argv = ["--model", str(folder), "--train-file", str(file), *QUICK, "--budget", budget]
    assert main([*argv, "--proxy", "l2_norm", "--scoring-batches", "1"]) == 0
    names: dict[str, LoraConfig] = {}
    exec(printed := capsys.readouterr().out, names)
    left_out = [line.partition(":")[0] for line in caplog.messages if line.startswith("left out")]
    assert left_out == [
        "left out 2 of 8 sites (layers.0.out_proj, layers.1.out_proj)",
        "left out 2 of 6 sites (layers.0.dt_proj, layers.1.dt_proj)",
    ]
    weights = [getattr(layer.mixer, role).weight for layer in model.backbone.layers for role in _LEFT]
    mean_rank = 2 if budget == "r=2" else int(budget) / sum(sum(one.shape) for one in weights)
    said = [line.removeprefix("# ") for line in printed.splitlines() if line.startswith("# ")]
    assert " ".join(said) == known_at(mean_rank)


def test_nothing_is_said_of_rows_to_report_on_which_nobody_reads(
    labelled: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    assert main([*labelled, "--scoring-batches", "2"]) == 0
    assert "evaluation rows" not in caplog.text


def test_rows_of_a_language_model_give_a_config_for_one(
    model_folder: Path, tiny_language_model: TinyModel, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    AutoTokenizer.from_pretrained(model_folder, eos_token="[SEP]").save_pretrained(model_folder)
    tiny_language_model("llama").save_pretrained(model_folder)
    file = tmp_path / "train.jsonl"
    words = ["the film is good", "a very poor plot", "the plot is fine", "great film"]
    file.write_text("".join(json.dumps({"text": f"{words[i % 4]} n{i}"}) + "\n" for i in range(60)))
    assert main(["--model", str(model_folder), "--train-file", str(file), *QUICK, "--json"]) == 0
    config = LoraConfig(**json.loads(capsys.readouterr().out))
    assert config.task_type == "CAUSAL_LM"
    assert trainable(AutoModelForCausalLM, model_folder, config) <= 2 * 3 * 464


SAID = [("a film.", "great fun."), ("the plot is poor.", "a bad film."), ("is it fine?", "very.")]
ROWS_OF_A_LANGUAGE_MODEL = {
    "text": lambda given, said: {"text": f"{given} {said}"},
    "prompt and completion": lambda given, said: {"prompt": given, "completion": f" {said}"},
    "messages": lambda given, said: {
        "messages": [{"role": "user", "content": given}, {"role": "assistant", "content": said}]
    },
    "prompt and completion of messages": lambda given, said: {
        "prompt": [{"role": "user", "content": given}],
        "completion": [{"role": "assistant", "content": said}],
    },
    "instructions": lambda given, said: {"instruction": given, "input": "", "output": said},
}


@pytest.fixture
def chat_model(tiny_language_model: TinyModel, tmp_path: Path) -> Path:
    """A decoder whose tokens are letters, with a chat template."""
    folder = tmp_path / "chat"
    tiny_language_model("llama").save_pretrained(folder)
    tokenizer_of_letters(template=TEMPLATE).save_pretrained(folder)
    return folder


@pytest.mark.parametrize("kind", ROWS_OF_A_LANGUAGE_MODEL)
def test_every_format_of_a_language_model_s_rows_gives_a_config_in_every_format(
    chat_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    file = tmp_path / "train.json"
    file.write_text(json.dumps([ROWS_OF_A_LANGUAGE_MODEL[kind](*SAID[i % 3]) for i in range(24)]))
    argv = ["--model", str(chat_model), "--train-file", str(file), *QUICK, "--scoring-batches", "2"]
    assert main([*argv, "--json"]) == 0
    config = LoraConfig(**json.loads(capsys.readouterr().out))
    modules = sorted(config.target_modules)  # which PEFT shortens where it adapts many
    assert config.task_type == "CAUSAL_LM"
    assert 0 < trainable(AutoModelForCausalLM, chat_model, config) <= 2 * 3 * 464
    if kind == "messages":
        names: dict[str, LoraConfig] = {}
        assert main(argv) == 0
        exec(capsys.readouterr().out, names)
        assert (names["config"].r, names["config"].rank_pattern) == (config.r, config.rank_pattern)
        assert main([*argv, "--format", "axolotl"]) == 0
        of_yaml = yaml.safe_load(capsys.readouterr().out)
        assert of_yaml["lora_target_modules"] == modules


def test_it_says_how_far_scoring_is(labelled: list[str], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "search.cli.progress")
    assert main([*labelled, "--scoring-batches", "2"]) == 0
    said = [record.message for record in caplog.records if record.name == "search.cli.progress"]
    assert said == ["scoring: 0 of 2 batches", "scoring: 1 of 2 batches", "scoring: 2 of 2 batches"]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--budget", "much"], "is not a positive number of parameters"),
        (["--space", "lora[]"], "a role is empty"),
        (
            ["--space", "lora+shortcut"],
            "PEFT has no adapter for layers.0.res1 or any other shortcut; give a --space",
        ),
        (["--proxy", "nonsense"], "--proxy 'nonsense' is unknown"),
        (["--objective", "regression"], "--objective regression is not that of --task rotten_tomatoes"),
    ],
)
def test_what_cannot_be_is_one_line(
    more: list[str], says: str, labelled: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    argv = more if more == ["--objective", "regression"] else [*labelled, *more]
    assert main(argv) == 2
    printed = capsys.readouterr()
    assert says in printed.err
    assert printed.err.count("\n") == 1
    assert printed.out == ""
