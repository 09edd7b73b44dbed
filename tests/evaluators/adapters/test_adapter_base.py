"""A base model that does not load says what the adapter called it, and why; another one does not fit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from evaluators.adapters.adapter_base import adapter_base
from evaluators.adapters.export import export_adapter
from evaluators.adapters.layouts.registry import LAYOUTS
from spaces.errors import InputError
from tests.conftest import TinyModel
from tests.evaluators.adapters.test_adapter_config import RECORD
from tests.evaluators.conftest import Saved


@pytest.fixture(autouse=True)
def _without_a_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


def test_a_name_whose_config_cannot_be_had_keeps_the_reason_for_that() -> None:
    with pytest.raises(InputError) as refused:
        adapter_base(replace(RECORD, base="some/model"), "some/model")
    said = (
        "the adapter's base was 'some/model', which is no folder here and was taken for a name on the hub: "
    )
    assert str(refused.value).startswith(f"{said}the config.json of 'some/model' cannot be loaded (OSError: ")
    assert str(refused.value).endswith("); give the base with `model`.")


@pytest.mark.parametrize("base", ["/nowhere/model", "../model", "~/model", "a/b/model"])
def test_of_a_path_no_hub_is_asked(base: str) -> None:
    with pytest.raises(InputError) as refused:
        adapter_base(replace(RECORD, base=base), base)
    said = f"the adapter's base was {base!r}, which is no folder here; give the base with `model`."
    assert str(refused.value) == said


@pytest.mark.parametrize("own", [True, False])
def test_of_a_folder_it_is_said_what_is_wrong_with_it(tmp_path: Path, own: bool) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "llama", "hidden_size": "wide"}')
    record = replace(RECORD, base=str(tmp_path)) if own else RECORD
    with pytest.raises(InputError, match=r"can(not)? be (built|loaded)") as refused:
        adapter_base(record, str(tmp_path))
    assert "adapter" not in str(refused.value).replace(str(tmp_path), "")


def test_one_that_has_moved_and_is_not_there_either_is_no_base_of_the_adapter() -> None:
    with pytest.raises(InputError) as refused:
        adapter_base(RECORD, "/elsewhere/model")
    assert str(refused.value).startswith("`model='/elsewhere/model'` is not a folder; ")


def test_shapes_of_a_folder_are_without_weights(tiny_model: TinyModel, tmp_path: Path) -> None:
    tiny_model("llama").config.save_pretrained(tmp_path)
    model = adapter_base(RECORD, str(tmp_path))
    assert {parameter.device.type for parameter in model.parameters()} == {"meta"}
    assert type(model) is type(tiny_model("llama"))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    ("other", "said"),
    [
        (
            {"hidden_size": 16},
            r"of shape \(32, 32\) for model\.layers\.0\.self_attn\.q_proj, which has \(32, 16\) in this base",
        ),
        (
            {"num_hidden_layers": 1},
            r"has wires at \['layers\.1\.\w', .*, which this llama model of 1 block has",
        ),
    ],
)
def test_a_base_of_another_shape_is_refused(
    saved: Saved, tiny_model: TinyModel, tmp_path: Path, other: dict[str, int], said: str, layout: str
) -> None:
    saved(tmp_path / "adapter", tiny_model("llama"), "lora")
    tiny_model("llama", **other).config.save_pretrained(tmp_path / "other")
    with pytest.raises(InputError, match=said):
        export_adapter(tmp_path / "adapter", tmp_path / "out", layout, base=str(tmp_path / "other"))
    assert not (tmp_path / "out").exists()
