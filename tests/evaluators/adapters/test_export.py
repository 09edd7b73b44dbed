"""Adapters for servers: every format gives the trained logits, by stock PEFT or transformers alone."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from peft import AutoPeftModelForCausalLM, PeftModel
from peft.tuners import lora
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer

from evaluators.adapters.adapter import load_adapter, merge
from evaluators.adapters.export import export_adapter, export_merged
from evaluators.adapters.layouts.registry import LAYOUTS
from evaluators.objectives.classification import Classification
from evaluators.objectives.regression import Regression
from spaces.allocation import Allocation
from spaces.errors import InputError
from tests.conftest import TinyModel
from tests.evaluators.adapters.attached import logits_of
from tests.evaluators.base.saved_model import save_tokenizer
from tests.evaluators.conftest import Saved
from tests.evaluators.objectives.test_causal_lm_adapter import saved as saved_language_model

LANGUAGE_MODELS = [("llama", True), ("gpt2", True), ("opt", False), ("qwen3", False)]  # and whether tied
Batch = dict[str, torch.Tensor]


@pytest.fixture
def trained(tiny_language_model: TinyModel, tiny_batch: Batch, tmp_path: Path) -> Callable[..., torch.Tensor]:
    """Saves a base model, its tokenizer and an adapter of random wires; gives the logits that they make."""

    def save(family: str, space: str = "lora[all]", *, tied: bool = True) -> torch.Tensor:
        model = tiny_language_model(family, tie_word_embeddings=tied)
        model.save_pretrained(tmp_path / "base")
        save_tokenizer(tmp_path / "base")
        return saved_language_model(tmp_path / "adapter", model, space, tiny_batch)

    return save


def export(place: Path, layout: str, *, base: str | None = None, without_shortcuts: bool = False) -> None:
    source, out = place / "adapter", place / "out"
    if layout == "merged":
        export_merged(source, out, base=base, without_shortcuts=without_shortcuts)
    else:
        export_adapter(source, out, layout, base=base, without_shortcuts=without_shortcuts)


def add_as_servers_do(folder: Path, model: torch.nn.Module) -> None:
    """Adds an adapter by r, lora_alpha and the tensors alone, as vLLM does."""
    config = json.loads((folder / "adapter_config.json").read_text())
    assert config["bias"] == "none"
    assert config["modules_to_save"] is None
    factor, tensors = config["lora_alpha"] / config["r"], load_file(folder / "adapter_model.safetensors")
    for name in [name for name in tensors if name.endswith(".lora_A.weight")]:
        a, b = tensors.pop(name), tensors.pop(name.replace("lora_A", "lora_B"))
        assert len(a) <= config["r"]
        module = model.get_submodule(name.removeprefix("base_model.model.").removesuffix(".lora_A.weight"))
        module.register_forward_hook(lambda _, x, y, a=a, b=b: y + factor * (x[0] @ a.T @ b.T))
    assert not tensors


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("family", "tied"), LANGUAGE_MODELS)
def test_a_language_model_s_adapter_gives_the_same_logits_by_peft_and_by_servers(
    trained: Callable[..., torch.Tensor],
    tiny_batch: Batch,
    tmp_path: Path,
    family: str,
    tied: bool,
    layout: str,
) -> None:
    logits = trained(family, tied=tied)
    said = export_adapter(tmp_path / "adapter", tmp_path / "out", layout)
    stock = AutoPeftModelForCausalLM.from_pretrained(tmp_path / "out").eval()
    torch.testing.assert_close(logits_of(stock, tiny_batch), logits, rtol=1e-4, atol=1e-3)
    served = AutoModelForCausalLM.from_pretrained(tmp_path / "base").eval()
    add_as_servers_do(tmp_path / "out", served)
    torch.testing.assert_close(logits_of(served, tiny_batch), logits, rtol=1e-4, atol=1e-3)
    assert said.params == sum(p.numel() for name, p in stock.named_parameters() if ".lora_" in name)


def test_a_padded_adapter_has_one_rank_and_plain_names_everywhere(
    trained: Callable[..., torch.Tensor], tmp_path: Path
) -> None:
    trained("llama", "lora[q,v]")
    said = export_adapter(tmp_path / "adapter", tmp_path / "out", "padded")
    config = json.loads((tmp_path / "out" / "adapter_config.json").read_text())
    assert (config["r"], config["lora_alpha"], config["target_modules"]) == (4, 4, ["q_proj", "v_proj"])
    assert not config["rank_pattern"]
    assert not config["alpha_pattern"]
    tensors = load_file(tmp_path / "out" / "adapter_model.safetensors")
    assert {len(one) for name, one in tensors.items() if "lora_A" in name} == {4}
    assert (said.linears, len(tensors), said.sites) == (6, 12, 5)


def test_a_baked_adapter_keeps_its_ranks_and_multiplies_by_one(
    trained: Callable[..., torch.Tensor], tmp_path: Path
) -> None:
    trained("llama", "lora[q,v]")
    export_adapter(tmp_path / "adapter", tmp_path / "out", "baked")
    config = json.loads((tmp_path / "out" / "adapter_config.json").read_text())
    assert config["r"] == config["lora_alpha"] == 4
    assert config["rank_pattern"] == config["alpha_pattern"]
    assert sorted(config["rank_pattern"].values()) == [1, 2, 3, 3, 4]


@pytest.mark.parametrize(("family", "tied"), LANGUAGE_MODELS)
def test_a_merged_model_needs_transformers_alone(
    trained: Callable[..., torch.Tensor], tiny_batch: Batch, tmp_path: Path, family: str, tied: bool
) -> None:
    logits = trained(family, tied=tied)
    export_merged(tmp_path / "adapter", tmp_path / "out")
    merged = AutoModelForCausalLM.from_pretrained(tmp_path / "out").eval()
    torch.testing.assert_close(logits_of(merged, tiny_batch), logits, rtol=1e-4, atol=1e-3)
    own, base = (json.loads((tmp_path / name / "config.json").read_text()) for name in ("out", "base"))
    assert own == base
    assert len(AutoTokenizer.from_pretrained(tmp_path / "out")) == len(
        AutoTokenizer.from_pretrained(tmp_path / "base")
    )


def test_a_merged_model_may_have_16_bits(
    trained: Callable[..., torch.Tensor], tiny_batch: Batch, tmp_path: Path
) -> None:
    logits = trained("llama")
    export_merged(tmp_path / "adapter", tmp_path / "out", dtype="bfloat16")
    merged = AutoModelForCausalLM.from_pretrained(tmp_path / "out", dtype="auto").eval()
    assert merged.dtype == torch.bfloat16
    assert (logits_of(merged, tiny_batch) - logits).abs().max() < 0.1 * logits.abs().max()


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("family", ["bert", "roberta", "gpt2", "llama"])
def test_a_classifier_comes_with_its_head(
    saved: Saved, tiny_model: TinyModel, tiny_batch: Batch, tmp_path: Path, family: str, layout: str
) -> None:
    tiny_model(family).save_pretrained(tmp_path / "base")
    logits = saved(tmp_path / "adapter", tiny_model(family), "lora[q,v,fc1]" if family != "llama" else "lora")
    export_adapter(tmp_path / "adapter", tmp_path / "out", layout, base=str(tmp_path / "base"))
    stock = PeftModel.from_pretrained(tiny_model(family), tmp_path / "out")
    torch.testing.assert_close(logits_of(stock, tiny_batch), logits, rtol=0, atol=1e-5)


def test_a_merged_classifier_has_its_head_and_its_labels(
    saved: Saved, tiny_model: TinyModel, tiny_batch: Batch, tmp_path: Path
) -> None:
    tiny_model("bert").save_pretrained(tmp_path / "base")
    save_tokenizer(tmp_path / "base")
    logits = saved(tmp_path / "adapter", tiny_model("bert"), "lora[all]")
    export_merged(tmp_path / "adapter", tmp_path / "out", base=str(tmp_path / "base"))
    merged = AutoModelForSequenceClassification.from_pretrained(tmp_path / "out").eval()
    torch.testing.assert_close(logits_of(merged, tiny_batch), logits, rtol=0, atol=1e-5)
    assert merged.config.id2label == {0: "negative", 1: "positive"}


@pytest.mark.parametrize("layout", [*LAYOUTS, "merged"])
def test_shortcuts_are_refused_unless_they_may_be_left_out_which_is_loud(
    trained: Callable[..., torch.Tensor],
    tiny_batch: Batch,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    layout: str,
) -> None:
    whole = trained("llama", "lora+shortcut")
    with pytest.raises(InputError, match=r"has \d+ shortcuts, layers\.\d\.\w+ the first, which no format"):
        export(tmp_path, layout)
    assert not (tmp_path / "out").exists()
    with caplog.at_level(logging.WARNING):
        export(tmp_path, layout, without_shortcuts=True)
    assert "LEFT OUT" in caplog.text
    auto = AutoModelForCausalLM if layout == "merged" else AutoPeftModelForCausalLM
    left = logits_of(auto.from_pretrained(tmp_path / "out").eval(), tiny_batch)
    base = AutoModelForCausalLM.from_pretrained(tmp_path / "base").eval()
    assert (left - whole).abs().max() > 1e-2
    assert (left - logits_of(base, tiny_batch)).abs().max() > 1e-2
    assert "are left out, so this is not the model" in (tmp_path / "out" / "README.md").read_text()


def test_nothing_but_shortcuts_or_nothing_at_all_is_no_export(
    trained: Callable[..., torch.Tensor], saved: Saved, tiny_model: TinyModel, tmp_path: Path
) -> None:
    trained("llama", "shortcut")
    with pytest.raises(InputError, match=r"has \d+ shortcuts and nothing else; use it by load_adapter"):
        export_adapter(tmp_path / "adapter", tmp_path / "out", "peft", without_shortcuts=True)
    saved(tmp_path / "empty", tiny_model("llama"), "lora", allocation=Allocation.of({}))
    with pytest.raises(InputError, match="has no wire"):
        export_adapter(tmp_path / "empty", tmp_path / "out", "peft")


@pytest.mark.parametrize("layout", [*LAYOUTS, "merged"])
@pytest.mark.parametrize("space", ["lora[q,v]", "lora[q,v]+residual"])
def test_linears_that_also_project_positions_are_named_with_what_would_do(
    saved: Saved, tiny_model: TinyModel, tmp_path: Path, space: str, layout: str
) -> None:
    tiny_model("deberta-v2").save_pretrained(tmp_path / "base")
    save_tokenizer(tmp_path / "base")
    saved(tmp_path / "adapter", tiny_model("deberta-v2"), space)
    with pytest.raises(InputError, match="also project") as error:
        export(tmp_path, layout, base=str(tmp_path / "base"), without_shortcuts=True)
    assert "layers.0.q" in str(error.value)
    assert "load_adapter" in str(error.value)
    assert "merge" not in str(error.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("space", ["lora", "lora+shortcut"])
def test_where_peft_was_seen_to_fail_it_is_advised_to_merge_which_works(
    saved: Saved,
    tiny_model: TinyModel,
    tiny_batch: Batch,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    layout: str,
    space: str,
) -> None:
    tiny_model("bert").save_pretrained(tmp_path / "base")
    save_tokenizer(tmp_path / "base")
    with monkeypatch.context() as broken:
        broken.setattr(lora.Linear, "forward", lambda self, x: self.base_layer(x))
        logits = saved(tmp_path / "adapter", tiny_model("bert"), space)
    with pytest.raises(
        InputError,
        match=r"at layers\.0\.q \(one of \d wires\); merge it \(`format=merged`\), or use .* load_adapter",
    ):
        export(tmp_path, layout, base=str(tmp_path / "base"), without_shortcuts=True)
    export(tmp_path, "merged", base=str(tmp_path / "base"), without_shortcuts=True)
    merged = AutoModelForSequenceClassification.from_pretrained(tmp_path / "out").eval()
    if space != "lora":
        ours = merge(tmp_path / "adapter", tiny_model("bert"), without_shortcuts=True)
        logits = logits_of(ours, tiny_batch)
    torch.testing.assert_close(logits_of(merged, tiny_batch), logits, rtol=0, atol=1e-5)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("labels", [1, 2, 5])
def test_a_classifier_without_its_shortcuts_keeps_its_linears_and_its_head(
    saved: Saved, tiny_model: TinyModel, tiny_batch: Batch, tmp_path: Path, layout: str, labels: int
) -> None:
    """Whatever the number of labels in the base's config.json is."""
    tiny_model("bert").save_pretrained(tmp_path / "base")
    objective = Regression() if labels == 1 else Classification(tuple("abcde"[:labels]))
    model = tiny_model("bert", num_labels=labels)
    saved(tmp_path / "adapter", model, "lora[q,v]+residual", objective=objective)
    export(tmp_path, layout, base=str(tmp_path / "base"), without_shortcuts=True)
    merged = merge(tmp_path / "adapter", tiny_model("bert", num_labels=labels), without_shortcuts=True)
    stock = PeftModel.from_pretrained(model, tmp_path / "out")
    torch.testing.assert_close(logits_of(stock, tiny_batch), logits_of(merged, tiny_batch), rtol=0, atol=1e-5)


@pytest.mark.parametrize("taken", ["adapter", "a file"])
def test_nothing_is_written_over(trained: Callable[..., torch.Tensor], tmp_path: Path, taken: str) -> None:
    trained("llama", "lora")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("mine")
    output = tmp_path / ("adapter" if taken == "adapter" else "out")
    before = {path.name: path.read_bytes() for path in output.iterdir()}
    with pytest.raises(InputError, match="which would be lost; choose a new or empty folder"):
        export_adapter(tmp_path / "adapter", output, "padded")
    assert {path.name: path.read_bytes() for path in output.iterdir()} == before


def test_what_peft_generates_is_what_the_attached_adapter_does(
    trained: Callable[..., torch.Tensor], tiny_batch: Batch, tmp_path: Path
) -> None:
    trained("llama")
    ours = AutoModelForCausalLM.from_pretrained(tmp_path / "base").eval()
    stock = AutoPeftModelForCausalLM.from_pretrained(tmp_path / "adapter").eval()
    prompt = {name: tensor[:2] for name, tensor in tiny_batch.items()}
    for how in ({"num_beams": 1}, {"num_beams": 3, "length_penalty": 0.8}):
        with load_adapter(tmp_path / "adapter", ours):
            tokens = ours.generate(**prompt, max_new_tokens=6, do_sample=False, use_cache=True, **how)
        assert torch.equal(stock.generate(**prompt, max_new_tokens=6, do_sample=False, **how), tokens)
