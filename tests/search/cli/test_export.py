"""``rankscape export``: the LoraConfig of a saved adapter, and the adapter for servers."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoConfig, AutoModelForCausalLM

from evaluators.adapters.formats.registry import FORMATS
from evaluators.adapters.layouts.registry import LAYOUTS
from evaluators.adapters.whole_model import MERGED
from search.cli.export import main
from search.cli.export_settings import FOLDERS, ExportSettings
from spaces.allocation import Allocation
from spaces.errors import InputError, UsageError
from spaces.meta_model import meta_model
from tests.conftest import TinyModel
from tests.evaluators.adapters.test_adapter_config import RECORD
from tests.evaluators.base.saved_model import save_tokenizer
from tests.evaluators.objectives.test_causal_lm_adapter import saved


@pytest.fixture
def run(tmp_path: Path, tiny_model: TinyModel) -> Path:
    """A run's folder with an adapter in it, whose base model is known by its config.json alone."""
    base, adapter = tmp_path / "base", tmp_path / "run" / "adapter"
    tiny_model("llama").config.save_pretrained(base)
    adapter.mkdir(parents=True)
    (adapter / "rankscape.json").write_text(replace(RECORD, base=str(base)).to_json(), encoding="utf-8")
    return tmp_path / "run"


def test_a_run_s_adapter_is_printed_as_python_that_runs(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(run)]) == 0
    names: dict[str, object] = {}
    exec(capsys.readouterr().out, names)
    config = names["config"]
    assert isinstance(config, LoraConfig)
    assert (config.r, config.lora_alpha, len(config.target_modules)) == (3, 6, 3)


def test_an_adapter_s_own_folder_will_do_and_json_is_json(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(run / "adapter"), "--json"]) == 0
    given = json.loads(capsys.readouterr().out)
    assert LoraConfig(**given).r == 3
    assert main([str(run / "adapter"), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == given


def test_axolotl_s_keys_come_by_their_names(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(run), "--format", "axolotl"]) == 0
    assert "lora_rank_pattern:" in capsys.readouterr().out


def test_a_folder_without_an_adapter_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith(f"error: {tmp_path} has no rankscape.json")


@pytest.mark.parametrize("name", ["front/7", "front"])
def test_of_a_point_that_is_not_there_those_that_are_are_named(
    name: str, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for point in ("4", "11", "9"):
        shutil.copytree(run / "adapter", run / "front" / point)
    assert main([str(run / "front" / "11")]) == 0
    capsys.readouterr()
    assert main([str(run / name)]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"error: {run / name} ")
    assert said.endswith(f"in {run / 'front'} there are 4, 9, 11: name one of them.\n")


def test_shortcuts_are_one_line_too(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = run / "adapter" / "rankscape.json"
    record = replace(RECORD, allocation=Allocation.of({"layers.0.res1": 2}), base=str(run.parent / "base"))
    file.write_text(record.to_json(), encoding="utf-8")
    assert main([str(run)]) == 1
    said = capsys.readouterr().err
    assert "PEFT has no adapter for layers.0.res1 or any other shortcut" in said
    assert "--model" not in said


def test_a_base_of_another_depth_is_not_taken_for_shortcuts(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = run / "adapter" / "rankscape.json"
    record = replace(RECORD, allocation=Allocation.of({"layers.99.q": 2}), base=str(run.parent / "base"))
    file.write_text(record.to_json(), encoding="utf-8")
    assert main([str(run)]) == 1
    assert "no linear for layers.99.q" in (said := capsys.readouterr().err)
    assert "name that model with --model" in said


def test_the_base_s_default_is_the_adapter_s_own(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    assert "the adapter's own base" in " ".join(capsys.readouterr().out.split())


@pytest.fixture
def language_model(
    tiny_language_model: TinyModel, tiny_batch: dict[str, torch.Tensor], tmp_path: Path
) -> Path:
    """A run's folder with a trained adapter of a language model that is a folder beside it."""
    model = tiny_language_model("llama")
    model.save_pretrained(tmp_path / "run" / "base")
    save_tokenizer(tmp_path / "run" / "base")
    saved(tmp_path / "run" / "adapter", model, "lora", tiny_batch)
    return tmp_path / "run"


@pytest.mark.parametrize("chosen", FOLDERS)
def test_a_folder_is_written_beside_the_adapter_and_told_of(
    language_model: Path, capsys: pytest.CaptureFixture[str], chosen: str
) -> None:
    assert main([str(language_model), "--format", chosen, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["format"], said["output"]) == (chosen, str(language_model / f"adapter-{chosen}"))
    files = {path.name for path in Path(said["output"]).iterdir()}
    kept = {"model.safetensors", "tokenizer.json"} if chosen == MERGED else {"adapter_model.safetensors"}
    assert files >= {"README.md", *kept}
    assert "rankscape.json" not in files
    assert main([str(language_model), "--format", chosen]) == 1
    assert "choose a new or empty folder" in capsys.readouterr().err


def test_the_folder_may_be_named_and_the_base_be_elsewhere(
    language_model: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    moved = (language_model / "base").rename(tmp_path / "moved")
    assert main([str(language_model), "--format", "peft", "--output", str(tmp_path / "out")]) == 1
    assert "--model" in capsys.readouterr().err
    options = ["--format", "peft", "--model", str(moved), "--output", str(tmp_path / "out")]
    assert main([str(language_model), *options]) == 0
    assert LoraConfig.from_pretrained(tmp_path / "out").base_model_name_or_path == str(moved)


@pytest.mark.parametrize("chosen", [*FORMATS, *FOLDERS])
@pytest.mark.parametrize("base", ["m/base", "base", "../m/base", "/nowhere/base"])
def test_a_base_that_is_not_where_it_was_typed_is_named_with_what_to_give(
    run: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    base: str,
    chosen: str,
) -> None:
    """As where a relative path was typed in another directory."""
    record = replace(RECORD, base=base).to_json()
    (run / "adapter" / "rankscape.json").write_text(record, encoding="utf-8")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert main([str(run), "--format", chosen]) == 1
    with pytest.raises(InputError) as first:
        meta_model(base)
    as_name = f" and was taken for a name on the hub: {str(first.value).rpartition('; ')[0]}"
    why = "" if base.startswith(("/", ".")) else as_name
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"error: the adapter's base was {base!r}, which is no folder here{why}; give the base with --model."
    )
    if chosen in FORMATS:
        assert main([str(run), "--format", chosen, "--model", str(tmp_path / "base")]) == 0


def test_a_base_that_is_a_name_is_built_once(
    run: Path, tiny_model: TinyModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = replace(RECORD, base="some/model").to_json()
    (run / "adapter" / "rankscape.json").write_text(record, encoding="utf-8")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    config, read = tiny_model("llama").config, []
    monkeypatch.setattr(AutoConfig, "from_pretrained", lambda name, **_: read.append(name) or config)
    assert main([str(run)]) == 0
    assert read == ["some/model"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--output", "x"], "--output would change nothing of --format python, which is printed"),
        (["--push-to-hub", "me/x"], "--push-to-hub would change nothing of --format python"),
        (["--format", "json", "--without-shortcuts"], "--without-shortcuts would change nothing"),
        (["--format", "padded", "--dtype", "bfloat16"], "--dtype is of --format merged alone"),
        (["--format", "padded", "--push-to-hub", "a/b/c"], "--push-to-hub 'a/b/c' is no name on the hub"),
    ],
)
def test_what_would_change_nothing_is_refused(
    run: Path, capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    assert main([str(run), *options]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("chosen", ["toml", "python+json", "peft:padded", "x:merged", "merged+"])
def test_a_format_is_one_whole_name_as_it_is_typed_and_from_python(
    capsys: pytest.CaptureFixture[str], chosen: str
) -> None:
    """Before the folder is looked for."""
    known = ", ".join([*FORMATS, *LAYOUTS, MERGED])
    with pytest.raises(UsageError) as refused:
        ExportSettings(format=chosen)
    assert str(refused.value).partition("hoose from ")[2] == f"{known}."
    assert main(["nowhere", "--format", chosen]) == 2
    said = str(refused.value).replace("`format=", "--format ").replace("`", "")
    assert capsys.readouterr().err == f"error: {said}\n"


def test_without_a_hub_nothing_is_written_for_it(
    language_model: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert main([str(language_model), "--format", "merged", "--push-to-hub", "me/x"]) == 1
    assert "nothing can be put on the hub as me/x" in capsys.readouterr().err
    assert not (language_model / "adapter-peft").exists()


def test_a_language_model_s_config_is_printed_with_its_own_names(
    tiny_language_model: TinyModel,
    tiny_batch: dict[str, torch.Tensor],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    model = tiny_language_model("gpt2")
    model.save_pretrained(tmp_path / "base")
    saved(tmp_path / "adapter", model, "lora", tiny_batch)
    assert main([str(tmp_path / "adapter"), "--json"]) == 0
    config = LoraConfig(**json.loads(capsys.readouterr().out))
    assert config.task_type == "CAUSAL_LM"
    adapted = get_peft_model(AutoModelForCausalLM.from_pretrained(tmp_path / "base"), config)
    assert sum("lora_A" in name for name, _ in adapted.named_parameters()) == len(config.target_modules)


@pytest.mark.parametrize("typed", [[], ["--model"]])
def test_a_base_that_is_a_folder_is_not_published(
    language_model: Path, capsys: pytest.CaptureFixture[str], typed: list[str]
) -> None:
    model = [*typed, str(language_model / "base")] if typed else []
    assert main([str(language_model), "--format", "peft", *model, "--push-to-hub", "me/x"]) == 2
    said = capsys.readouterr().err
    assert "is a folder, whose path would be published" in said
    assert "with --push-to-hub give --model NAME" in said
    assert not (language_model / "adapter-peft").exists()


def test_a_padded_adapter_s_rank_for_vllm_is_said_and_nothing_of_shortcuts_where_there_are_none(
    language_model: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        assert main([str(language_model), "--format", "padded"]) == 0
    assert capsys.readouterr().out.rstrip().endswith("; vLLM serves it with --max-lora-rank 8")
    assert "exported" in caplog.text
    assert "shortcuts" not in caplog.text


def test_a_merged_model_is_written_without_a_bar(
    language_model: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main([str(language_model), "--format", "merged"]) == 0
    assert "Writing" not in capfd.readouterr().err


def test_a_rank_that_is_peft_s_default_is_written_too(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, ranks = run / "adapter" / "rankscape.json", {"layers.0.q": 8}
    record = replace(RECORD, allocation=Allocation.of(ranks), base=str(run.parent / "base"))
    file.write_text(record.to_json(), encoding="utf-8")
    for chosen, said in (("json", '"r": 8'), ("python", "r=8")):
        assert main([str(run), "--format", chosen]) == 0
        assert said in capsys.readouterr().out
