"""Adapters as older versions saved them: a part in PEFT's files, and a record that tells less."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from transformers import PreTrainedModel

from evaluators.adapters.adapter import adapted_sites, load_adapter, merge
from evaluators.adapters.adapter_files import read_head, read_wires, write_wires
from evaluators.adapters.adapter_record import ADAPTER_RECORD, read_adapter_record
from evaluators.adapters.export import export_adapter
from evaluators.adapters.layouts.registry import LAYOUTS
from evaluators.adapters.peft_files import fits_peft, write_peft
from spaces.errors import InputError
from tests.conftest import TinyModel
from tests.evaluators.adapters.attached import logits_of
from tests.evaluators.conftest import Saved

Batch = dict[str, torch.Tensor]


def without_what_is_new(folder: Path) -> None:
    """Takes from a record what older versions did not tell."""
    file = folder / ADAPTER_RECORD
    told = json.loads(file.read_text())
    del told["linears_stock"]
    file.write_text(json.dumps(told))


def split(folder: Path, model: PreTrainedModel) -> None:
    """PEFT's files get the wires that PEFT can have, and the others stay beside them."""
    without_what_is_new(folder)
    record = read_adapter_record(folder)
    wires = read_wires(folder, record, model, adapted_sites(model, record.allocation))
    stock, head = [wire for wire in wires if fits_peft(wire.site)], read_head(folder, record, model)
    write_peft(folder, stock, head, model=model, base="b", architecture=record.architecture)
    write_wires(folder, [wire for wire in wires if wire not in stock])


@pytest.mark.parametrize(
    ("family", "space"), [("bert", "lora+shortcut"), ("gpt2", "lora[all]+cross"), ("deberta-v2", "lora[q,v]")]
)
def test_a_folder_that_an_older_version_split_still_loads(
    tmp_path: Path, saved: Saved, tiny_model: TinyModel, tiny_batch: Batch, family: str, space: str
) -> None:
    model = tiny_model(family)
    expected = saved(tmp_path / "a", model, space)
    split(tmp_path / "a", model)
    with load_adapter(tmp_path / "a", model):
        torch.testing.assert_close(logits_of(model, tiny_batch), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("family", "space"), [("bert", "lora+shortcut"), ("gpt2", "lora[all]+cross")])
def test_of_a_split_folder_what_peft_was_seen_to_give_is_exported(
    tmp_path: Path,
    saved: Saved,
    tiny_model: TinyModel,
    tiny_batch: Batch,
    family: str,
    space: str,
    layout: str,
) -> None:
    model = tiny_model(family)
    model.save_pretrained(tmp_path / "base")
    saved(tmp_path / "a", model, space)
    split(tmp_path / "a", model)
    base = str(tmp_path / "base")
    export_adapter(tmp_path / "a", tmp_path / "out", layout, base=base, without_shortcuts=True)
    stock = PeftModel.from_pretrained(tiny_model(family), tmp_path / "out")
    merged = merge(tmp_path / "a", model, without_shortcuts=True)
    torch.testing.assert_close(logits_of(stock, tiny_batch), logits_of(merged, tiny_batch), rtol=0, atol=1e-5)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("space", ["lora+shortcut", "lora"])
def test_of_an_older_folder_what_peft_was_not_seen_to_give_is_not_exported(
    tmp_path: Path,
    saved: Saved,
    tiny_model: TinyModel,
    monkeypatch: pytest.MonkeyPatch,
    space: str,
    layout: str,
) -> None:
    """It lies beside the shortcuts, without PEFT's files."""

    def refused(*_: object, **__: object) -> PeftModel:
        raise ValueError("not these")

    tiny_model("bert").save_pretrained(tmp_path / "base")
    with monkeypatch.context() as broken:
        broken.setattr(PeftModel, "from_pretrained", refused)
        saved(tmp_path / "a", tiny_model("bert"), space)
    without_what_is_new(tmp_path / "a")
    base = str(tmp_path / "base")
    with pytest.raises(InputError, match=r"at layers\.0\.q \(one of \d wires\); merge it"):
        export_adapter(tmp_path / "a", tmp_path / "out", layout, base=base, without_shortcuts=True)
    assert not (tmp_path / "out").exists()
