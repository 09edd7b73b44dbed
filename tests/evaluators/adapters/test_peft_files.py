"""What stock peft makes of the adapters that are saved."""

from __future__ import annotations

import json
import re

import pytest
import safetensors
import torch
from peft import LoraConfig, PeftModel
from peft.utils.hotswap import hotswap_adapter_from_state_dict
from safetensors.torch import load_file, save_file

from evaluators.adapters.adapter import load_adapter
from evaluators.adapters.peft_files import read_peft, read_tensors
from evaluators.training.candidate import Recipe
from spaces.allocation import Allocation
from spaces.errors import InputError
from spaces.find_sites import find_sites
from spaces.scaling import SCALING_RULES, Scaling

FAMILIES = ["bert", "roberta", "opt", "opt-post", "gpt2", "llama", "qwen3", "deberta-v2", "bloom", "phi3"]
# Every family under one scaling rule, and every rule where linears are plain, and where they are fused.
FAMILIES_AND_RULES = [
    *((family, "alpha/sqrt(r)") for family in FAMILIES),
    *((family, rule) for family in ("bert", "gpt2") for rule in ("alpha/r", "constant")),
]
FILES = {
    *("adapter_config.json", "adapter_model.safetensors", "head.safetensors", "rankscape.json"),
    "README.md",
}


def logits_of(model, batch):
    with torch.no_grad():
        return model(**batch).logits


def plain_lora(family):
    """Every lora role whose wires PEFT and folding can express."""
    return "lora[v,o,fc1,fc2]" if family == "deberta-v2" else "lora[all]"


@pytest.mark.parametrize(("family", "rule"), FAMILIES_AND_RULES)
def test_stock_peft_loads_lora_wires_and_head(tmp_path, saved, tiny_model, tiny_batch, family, rule):
    recipe = Recipe(scaling=Scaling(rule, reference_rank=3))
    expected = saved(tmp_path / "a", tiny_model(family), plain_lora(family), recipe=recipe)
    assert {path.name for path in (tmp_path / "a").iterdir()} == FILES
    stock = PeftModel.from_pretrained(tiny_model(family), tmp_path / "a")
    torch.testing.assert_close(logits_of(stock, tiny_batch), expected, rtol=0, atol=1e-5)
    folded = stock.merge_and_unload()
    torch.testing.assert_close(logits_of(folded, tiny_batch), expected, rtol=0, atol=1e-5)


def add_as_servers_do(folder, model):
    """Adds an adapter by r and lora_alpha alone, as servers do, with PEFT's copy of the head; by hooks."""
    config = json.loads((folder / "adapter_config.json").read_text())
    tensors = read_tensors(folder / "adapter_model.safetensors")
    factor = config["lora_alpha"] / config["r"]
    for name in [name for name in tensors if name.endswith(".lora_A.weight")]:
        a, b = tensors.pop(name), tensors.pop(name.replace("lora_A", "lora_B"))
        assert len(a) <= config["r"]  # servers make room for r ranks at every module
        module = model.get_submodule(name.removeprefix("base_model.model.").removesuffix(".lora_A.weight"))
        module.register_forward_hook(lambda _, x, y, a=a, b=b: y + factor * (x[0] @ a.T @ b.T))
    for name, tensor in tensors.items():
        model.get_parameter(name.removeprefix("base_model.model.")).data.copy_(tensor)


@pytest.mark.parametrize(("family", "rule"), FAMILIES_AND_RULES)
def test_a_reader_of_r_and_lora_alpha_alone_gets_the_same_logits(
    tmp_path, saved, tiny_model, tiny_batch, family, rule
):
    recipe, model = Recipe(scaling=Scaling(rule, reference_rank=3)), tiny_model(family)
    expected = saved(tmp_path / "a", model, plain_lora(family), recipe=recipe)
    add_as_servers_do(tmp_path / "a", model)
    torch.testing.assert_close(logits_of(model, tiny_batch), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize(("family", "rule"), FAMILIES_AND_RULES)
def test_hot_swapping_an_adapter_with_itself_changes_no_bit(
    tmp_path, saved, tiny_model, tiny_batch, family, rule
):
    recipe = Recipe(scaling=Scaling(rule, lora_alpha=7.0, reference_rank=3))
    saved(tmp_path / "a", tiny_model(family), plain_lora(family), recipe=recipe)
    stock = PeftModel.from_pretrained(tiny_model(family), tmp_path / "a")
    before = logits_of(stock, tiny_batch)
    # PEFT swaps the LoRA wires only, and refuses adapters with a head of their own
    tensors = load_file(tmp_path / "a" / "adapter_model.safetensors")
    wires = {
        name.replace(".weight", ".default.weight"): tensor
        for name, tensor in tensors.items()
        if "lora" in name
    }
    config = LoraConfig.from_pretrained(tmp_path / "a")
    hotswap_adapter_from_state_dict(stock, wires, "default", config)
    assert torch.equal(logits_of(stock, tiny_batch), before)


@pytest.mark.parametrize("rule", SCALING_RULES)
def test_one_factor_holds_at_every_rank_and_lora_alpha_is_whole(tmp_path, saved, tiny_model, rule):
    recipe = Recipe(scaling=Scaling(rule, lora_alpha=7.0, reference_rank=3))
    allocation = Allocation.of({"layers.0.q": 1, "layers.1.q": 3, "layers.2.q": 7, "layers.2.v": 31})
    saved(tmp_path / "a", tiny_model("bert"), "lora", recipe=recipe, allocation=allocation)
    config = json.loads((tmp_path / "a" / "adapter_config.json").read_text())
    assert (config["r"], type(config["lora_alpha"])) == (31, int)
    stock = PeftModel.from_pretrained(tiny_model("bert"), tmp_path / "a")
    for layer, role, rank in ((0, "query", 1), (1, "query", 3), (2, "query", 7), (2, "value", 31)):
        peft_layer = stock.get_submodule(f"base_model.model.bert.encoder.layer.{layer}.attention.self.{role}")
        assert peft_layer.r["default"] == rank
        assert peft_layer.scaling["default"] == config["lora_alpha"] / config["r"]


def test_lora_alpha_stays_where_the_largest_rank_is_a_power_of_two(tmp_path, saved, tiny_model):
    """And B comes back to the last bit, as all factors are powers of two."""
    model, allocation = tiny_model("bert"), Allocation.of({"layers.0.q": 1, "layers.1.q": 8, "layers.2.q": 4})
    saved(tmp_path / "a", model, "lora", allocation=allocation)
    config = json.loads((tmp_path / "a" / "adapter_config.json").read_text())
    assert (config["r"], config["lora_alpha"]) == (8, 16)
    assert sorted(config["alpha_pattern"].values()) == [2, 8, 16]


@pytest.mark.parametrize("family", ["bert", "gpt2"])
def test_folders_of_older_versions_still_load(tmp_path, saved, tiny_model, tiny_batch, family):
    """They gave every module an alpha of its own, which says what factor is left out of its B."""
    expected = saved(tmp_path / "a", tiny_model(family), "lora[all]")
    config = json.loads((tmp_path / "a" / "adapter_config.json").read_text())
    tensors = load_file(tmp_path / "a" / "adapter_model.safetensors")
    for i, pattern in enumerate(config["alpha_pattern"]):
        config["alpha_pattern"][pattern] *= 3 + i
        (name,) = [name for name in tensors if re.search(pattern[1:] + r"\.lora_B", name)]
        tensors[name] /= 3 + i
    (tmp_path / "a" / "adapter_config.json").write_text(json.dumps(config))
    save_file(tensors, tmp_path / "a" / "adapter_model.safetensors")
    record = json.loads((tmp_path / "a" / "rankscape.json").read_text())
    del record["pad_token_id"]
    (tmp_path / "a" / "rankscape.json").write_text(json.dumps(record))
    model = tiny_model(family)
    load_adapter(tmp_path / "a", model)
    torch.testing.assert_close(logits_of(model, tiny_batch), expected, rtol=0, atol=1e-5)


def test_modules_at_rank_0_are_left_out_and_names_are_whole(tmp_path, saved, tiny_model):
    allocation = Allocation.of({"layers.0.q": 2, "layers.2.v": 4})
    saved(tmp_path / "a", tiny_model("bert"), "lora[all]", allocation=allocation)
    config = json.loads((tmp_path / "a" / "adapter_config.json").read_text())
    names = [f"bert.encoder.layer.{end}" for end in ("0.attention.self.query", "2.attention.self.value")]
    assert config["target_modules"] == names
    assert config["modules_to_save"] == ["classifier"]
    assert config["rank_pattern"] == {
        f"^{re.escape(name)}": rank for name, rank in zip(names, (2, 4), strict=True)
    }
    assert list(config["alpha_pattern"].values()) == [8, 16]
    assert (config["base_model_name_or_path"], config["task_type"]) == ("some/base", "SEQ_CLS")


@pytest.mark.parametrize(
    "ranks",
    [
        {"layers.1.q": 3},
        {"layers.11.q": 5},
        {"layers.1.q": 3, "layers.1.v": 2, "layers.11.q": 5, "layers.11.v": 4},
        {
            f"layers.{i}.{role}": 1 + i % 4 for i in range(12) for role in ("q", "v")
        },  # 24: PEFT shortens long lists
    ],
    ids=["1", "11", "both", "all"],
)
def test_layer_1_is_not_taken_for_layer_11(tmp_path, saved, tiny_model, tiny_batch, ranks):
    model = tiny_model("bert", num_hidden_layers=12)
    allocation = Allocation.of(ranks)
    expected = saved(tmp_path / "a", model, "lora", allocation=allocation)
    with load_adapter(tmp_path / "a", model):
        torch.testing.assert_close(logits_of(model, tiny_batch), expected, rtol=0, atol=1e-5)
    stock = PeftModel.from_pretrained(model, tmp_path / "a")
    torch.testing.assert_close(logits_of(stock, tiny_batch), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("roles", ["q", "k", "v", "q,v", "q,k,v"])
def test_fused_projections_of_different_factors_become_one_peft_adapter(
    tmp_path, saved, tiny_model, tiny_batch, roles
):
    ranks = {"q": 2, "k": 3, "v": 5}
    allocation = Allocation.of(
        {f"layers.{i}.{role}": ranks[role] for i in range(3) for role in roles.split(",")}
    )
    expected = saved(tmp_path / "a", tiny_model("gpt2"), "lora[q,k,v]", allocation=allocation)
    config = json.loads((tmp_path / "a" / "adapter_config.json").read_text())
    assert config["target_modules"] == [f"transformer.h.{i}.attn.c_attn" for i in range(3)]
    assert set(config["rank_pattern"].values()) == {sum(ranks[role] for role in roles.split(","))}
    assert set(config["alpha_pattern"].values()) == {config["lora_alpha"]}
    assert config["fan_in_fan_out"]
    stock = PeftModel.from_pretrained(tiny_model("gpt2"), tmp_path / "a")
    torch.testing.assert_close(logits_of(stock, tiny_batch), expected, rtol=0, atol=1e-5)


def test_other_modules_of_the_same_shape_are_told_apart(tmp_path, saved, tiny_model):
    saved(tmp_path / "a", tiny_model("llama"), "lora[all]")
    with pytest.raises(
        InputError, match=r"adapter_model.safetensors has no .*bert.encoder.* where this model has layers"
    ):
        read_peft(
            tmp_path / "a",
            find_sites(tiny_model("bert"), "lora")[:1],
            tiny_model("bert"),
            ranks={"layers.0.q": 1},
            factors={"layers.0.q": 1.0},
        )


class Panic(BaseException):
    """As Rust's, which pyo3 derives from BaseException."""


@pytest.mark.parametrize("error", [Panic("at lib.rs:1"), RuntimeError("no memory"), MemoryError()])
def test_whatever_safetensors_raises_is_one_line(tmp_path, monkeypatch, error):
    def fails(*_, **__):
        raise error

    monkeypatch.setattr(safetensors.torch, "safe_open", fails)
    said = rf"a\.safetensors cannot be read \({type(error).__name__}.*\); save the adapter again\.$"
    with pytest.raises(InputError, match=said):
        read_tensors(tmp_path / "a.safetensors")
