"""``rankscape export``: the LoraConfig of a saved adapter."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from peft import LoraConfig

from search.cli.export import main
from spaces.allocation import Allocation
from tests.conftest import TinyModel
from tests.evaluators.adapters.test_adapter_config import RECORD


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
