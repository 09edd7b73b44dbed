"""Weights come from safetensors files inside a model's folder, and from nowhere else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
import torch
import transformers
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForSequenceClassification, BertConfig, BertModel

from evaluators.base.base_model import ModelSource, load_base_model
from spaces.errors import InputError

INDEX = "model.safetensors.index.json"


class Tripwire:
    """Leaves a file behind where it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return open, (str(self.marker), "w")


@pytest.fixture
def bert(tmp_path: Path) -> Path:
    """A model's folder, its weights in two files behind an index."""
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 12}
    folder = tmp_path / "bert"
    folder.mkdir()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model = BertModel(BertConfig(vocab_size=20, max_position_embeddings=16, **sizes))
    model.config.save_pretrained(folder)
    weights = model.state_dict()
    files = {name: f"model-{1 + i % 2}.safetensors" for i, name in enumerate(weights)}
    for file in set(files.values()):
        part = {name: tensor for name, tensor in weights.items() if files[name] == file}
        save_file(part, folder / file, metadata={"format": "pt"})
    (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": files}))
    return folder


def load(folder: Path) -> transformers.PreTrainedModel:
    return load_base_model(ModelSource(str(folder), 2), device="cpu")


def assert_refused(folder: Path, message: str) -> None:
    with pytest.raises(InputError, match=message) as error:
        load(folder)
    assert "\n" not in str(error.value)


def name_in_index(folder: Path, file: object) -> None:
    index = json.loads((folder / INDEX).read_text())
    index["weight_map"]["embeddings.word_embeddings.weight"] = file
    (folder / INDEX).write_text(json.dumps(index))


def test_an_index_inside_the_folder_is_followed(bert: Path) -> None:
    model, weights = load(bert), {}
    for file in bert.glob("model-*"):
        weights |= load_file(file)
    torch.testing.assert_close(dict(model.base_model.state_dict()), weights, rtol=0, atol=0)


@pytest.mark.parametrize("file", ["pytorch_model.bin", "x.safetensors.bin", "sub/pytorch_model.bin", "x.pt"])
def test_an_index_that_names_pickled_weights_is_refused_before_they_are_opened(bert: Path, file: str) -> None:
    (bert / file).parent.mkdir(exist_ok=True)
    torch.save({"x": Tripwire(bert / "sprung")}, bert / file)
    name_in_index(bert, file)
    assert_refused(
        bert, rf"names '{file}' for '.*'; only \*.safetensors files inside .*: save the model again"
    )
    assert not (bert / "sprung").exists()


@pytest.mark.parametrize(
    "outside", ["../other.safetensors", "sub/../../other.safetensors", "{}/other.safetensors"]
)
def test_an_index_that_leads_out_of_the_folder_is_refused(bert: Path, outside: str) -> None:
    (bert / "model-1.safetensors").rename(bert.parent / "other.safetensors")
    (bert / "sub").mkdir()
    name_in_index(bert, outside.format(bert.parent))
    assert_refused(bert, r"only \*.safetensors files inside the model's folder are read")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", r"index.json: the whole must be an object, not \[\]"),
        ("null", r"index.json: the whole must be an object, not None"),
        ("{}", r"index.json: weight_map must be an object, not None"),
        ('{"weight_map": {}}', r"index.json: metadata must be an object, not None"),
        ('{"weight_map": {"x": 3}, "metadata": {}}', r"weight_map.x must be a string, not 3"),
        ('{"weight_map": {"x": ["a"]}, "metadata": {}}', r"weight_map.x must be a string, not \['a'\]"),
        ("{oops", r"index.json cannot be read \(JSONDecodeError"),
        ("[" * 100_000, r"index.json cannot be read \(RecursionError: .*\)"),
        (
            '{"weight_map": {"x": "gone.safetensors"}, "metadata": {}}',
            r"cannot be loaded .*gone.safetensors",
        ),
        ('{"weight_map": {}, "metadata": {}}', r"cannot be loaded \("),
    ],
)
def test_an_index_that_cannot_be_used_is_one_line(bert: Path, text: str, message: str) -> None:
    (bert / INDEX).write_text(text)
    assert_refused(bert, message)


@pytest.mark.parametrize(
    "file", ["adapter_model.bin", "hidden.safetensors.index.json", "../other.safetensors"]
)
@pytest.mark.parametrize("whole", [True, False], ids=["beside weights", "alone"])
def test_a_config_that_sends_elsewhere_for_its_weights_is_refused(bert: Path, file: str, whole: bool) -> None:
    torch.save({"x": Tripwire(bert / "sprung")}, bert / "adapter_model.bin")
    if not whole:
        (bert / INDEX).write_text('{"weight_map": {}, "metadata": {}}')
    config = json.loads((bert / "config.json").read_text())
    (bert / "config.json").write_text(json.dumps({**config, "transformers_weights": file}))
    assert_refused(bert, rf"sends for its weights to transformers_weights='{file}'; only model.safetensors")
    assert not (bert / "sprung").exists()


def test_a_weight_file_that_is_a_folder_is_no_weight_file(bert: Path) -> None:
    (bert / INDEX).unlink()
    (bert / "model.safetensors").mkdir()
    assert_refused(bert, r"has no weights \(model.safetensors or ")


def test_a_distributed_checkpoint_is_refused(bert: Path) -> None:
    (bert / "model-1.safetensors").rename(bert / "shard-00001-model-00001-of-00001.safetensors")
    assert_refused(bert, "is a distributed checkpoint; save it whole")


def test_links_are_followed_as_a_hubs_cache_is_made_of_them(bert: Path, tmp_path: Path) -> None:
    snapshot = tmp_path / "snapshot"
    snapshot.mkdir()
    for file in bert.iterdir():
        (snapshot / file.name).symlink_to(file)
    torch.testing.assert_close(
        dict(load(snapshot).state_dict()), dict(load(bert).state_dict()), rtol=0, atol=0
    )


def test_a_link_to_pickled_weights_is_read_as_safetensors(bert: Path) -> None:
    torch.save({"x": Tripwire(bert / "sprung")}, bert / "pytorch_model.bin")
    (bert / "model-1.safetensors").unlink()
    (bert / "model-1.safetensors").symlink_to(bert / "pytorch_model.bin")
    assert_refused(bert, r"cannot be loaded \(")
    assert not (bert / "sprung").exists()


def save_old_adapter(folder: Path, base: Path) -> None:
    model = BertModel.from_pretrained(base)
    get_peft_model(model, LoraConfig(target_modules=["query"])).save_pretrained(folder)


def test_an_adapter_beside_the_weights_is_refused(bert: Path) -> None:
    save_old_adapter(bert, bert)
    assert_refused(bert, r"holds a PEFT adapter \(adapter_config.json\).*give the base model alone")


def test_an_adapter_in_place_of_a_model_is_refused(bert: Path, tmp_path: Path) -> None:
    save_old_adapter(tmp_path / "adapter", bert)
    assert_refused(
        tmp_path / "adapter", "is a PEFT adapter and no model; give the folder or name of its base"
    )


def test_an_adapter_of_the_hub_is_refused(
    bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the hub's own cache, with its links."""
    save_old_adapter(bert, bert)
    repository = tmp_path / "cache" / "models--some--model"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text("0" * 40)
    (repository / "snapshots" / ("0" * 40)).parent.mkdir()
    (repository / "snapshots" / ("0" * 40)).symlink_to(bert)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    source = ModelSource("some/model", 2)
    with pytest.raises(InputError, match=r"some/model holds a PEFT adapter"):
        load_base_model(source, device="cpu")
    (bert / "adapter_config.json").unlink()
    assert load_base_model(source, device="cpu").num_parameters() > 0
    name_in_index(bert, "pytorch_model.bin")
    with pytest.raises(InputError, match=r"only \*.safetensors files inside the model's folder are read"):
        load_base_model(source, device="cpu")


def test_whatever_way_an_adapter_came_in_it_is_seen(bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even after the files have been looked at."""
    real = AutoModelForSequenceClassification.from_pretrained

    def late(*args: Any, **kwargs: Any) -> Any:
        save_old_adapter(bert, bert)
        return real(*args, **kwargs)

    monkeypatch.setattr(AutoModelForSequenceClassification, "from_pretrained", late)
    assert_refused(bert, "was loaded with a PEFT adapter in it; give the base model alone")
