"""An adapter's folder is written whole or not at all, and nobody's files are lost."""

from __future__ import annotations

from pathlib import Path

import pytest
import safetensors
import torch

from evaluators.adapters.adapter import load_adapter
from spaces.errors import InputError


def logits_of(model, batch):
    with torch.no_grad():
        return model(**batch).logits


@pytest.mark.parametrize(
    ("space", "file"), [("lora+shortcut", "wires.safetensors"), ("lora[all]", "adapter_model.safetensors")]
)
def test_a_failure_in_the_middle_leaves_nothing_and_spares_the_older_adapter(
    tmp_path, saved, tiny_model, tiny_batch, space, file, monkeypatch
):
    real = safetensors.torch.serialize_file

    def failing(error):
        def write(tensors, path, **more):
            if Path(path).name == file:
                raise error
            return real(tensors, path, **more)

        return write

    model = tiny_model("bert")
    older = saved(tmp_path / "older", model, "lora")
    with monkeypatch.context() as patch:
        patch.setattr(safetensors.torch, "serialize_file", failing(OSError(28, "No space left on device")))
        for name in ("older", "new", "deep/new"):
            with pytest.raises(
                InputError, match=r"cannot be written .*No space left.*; choose another folder"
            ):
                saved(tmp_path / name, model, space)
        patch.setattr(safetensors.torch, "serialize_file", failing(ZeroDivisionError()))
        with pytest.raises(ZeroDivisionError):
            saved(tmp_path / "new", model, space)
    assert [path.name for path in tmp_path.iterdir()] == ["older"]
    with load_adapter(tmp_path / "older", model):
        torch.testing.assert_close(logits_of(model, tiny_batch), older, rtol=0, atol=1e-5)


def test_a_newer_adapter_replaces_an_older_one_whole(tmp_path, saved, tiny_model, tiny_batch):
    model = tiny_model("bert")
    saved(tmp_path / "a", model, "lora")
    expected = saved(tmp_path / "a", model, "residual")
    assert {path.name for path in (tmp_path / "a").iterdir()} == {
        "README.md",
        "head.safetensors",
        "rankscape.json",
        "wires.safetensors",
    }
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    with load_adapter(tmp_path / "a", model):
        torch.testing.assert_close(logits_of(model, tiny_batch), expected, rtol=0, atol=1e-5)


def test_a_folder_with_other_files_is_not_replaced(tmp_path, saved, tiny_model):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "thesis.txt").write_text("mine")
    with pytest.raises(
        InputError, match=r"holds \['thesis.txt'\], which would be lost; choose a new or empty folder"
    ):
        saved(tmp_path / "a", tiny_model("bert"), "lora")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["thesis.txt"]
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"file cannot be written .*; choose another folder"):
        saved(tmp_path / "file", tiny_model("bert"), "lora")
