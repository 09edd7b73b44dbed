"""What is said of an adapter and PEFT is what PEFT does."""

from __future__ import annotations

import json
import logging
import re
from functools import partial
from itertools import count

import peft
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForSequenceClassification

from evaluators.adapters.adapter import load_adapter, merge
from evaluators.adapters.peft_files import read_tensors
from evaluators.objectives.classification import Classification

PEFT_FILES = {"adapter_config.json", "adapter_model.safetensors"}
REASON = "has no files for PEFT, and needs load_adapter: "
OF_LINEARS = "has linears that PEFT does not give, and needs load_adapter: "


def logits_of(model, batch):
    with torch.no_grad():
        return model(**batch).logits


def says_stock(folder, what="stock_peft"):
    return json.loads((folder / "rankscape.json").read_text())[what]


def ibert():
    """A model of linears that PEFT cannot wrap."""
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 48}
    config = AutoConfig.for_model(
        "ibert", vocab_size=100, max_position_embeddings=64, pad_token_id=1, **sizes
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return AutoModelForSequenceClassification.from_config(config).eval().requires_grad_(False)


def test_a_model_that_peft_cannot_wrap_gets_a_whole_adapter_without_peft_files(
    tmp_path, saved, tiny_batch, caplog
):
    with caplog.at_level(logging.WARNING, "evaluators"):
        expected = saved(tmp_path / "a", ibert(), "lora[all]")
    (line,) = [record.getMessage() for record in caplog.records if REASON in record.getMessage()]
    assert "QuantLinear() weight_bit=8, quant_mode=False) is not supported" in line
    assert "\n" not in line
    assert {path.name for path in (tmp_path / "a").iterdir()}.isdisjoint(PEFT_FILES)
    assert says_stock(tmp_path / "a") is False
    model = ibert()
    with load_adapter(tmp_path / "a", model):
        torch.testing.assert_close(logits_of(model, tiny_batch), expected, rtol=0, atol=1e-5)
    merged = merge(tmp_path / "a", model)
    torch.testing.assert_close(logits_of(merged, tiny_batch), expected, rtol=0, atol=1e-5)


Tensors = dict[str, torch.Tensor]  # of a PEFT adapter's file


def with_b_times(factor: float, tensors: Tensors, _: torch.nn.Module) -> None:
    for name in [name for name in tensors if ".lora_B." in name]:
        tensors[name] *= factor


def with_one_wire_of_zeros(tensors: Tensors, _: torch.nn.Module) -> None:
    """Where projections are fused, the first of them."""
    b = next(tensor for name, tensor in tensors.items() if ".lora_B." in name)
    b[:32] = 0


def without_one_wire(tensors: Tensors, _: torch.nn.Module) -> None:
    module = next(name for name in tensors if ".lora_A." in name).partition(".lora_A.")[0]
    for matrix in "AB":
        del tensors[f"{module}.lora_{matrix}.weight"]


def without_its_head(tensors: Tensors, base: torch.nn.Module) -> None:
    for name, value in base.state_dict().items():
        if f"base_model.model.{name}" in tensors:
            tensors[f"base_model.model.{name}"] = value.clone()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (partial(with_b_times, 0.5), r"PEFT's wire at \S+ is not what was trained"),
        # As wires that move little would be off by.
        (partial(with_b_times, 0.9999), r"PEFT's wire at \S+ is not what was trained"),
        (with_one_wire_of_zeros, r"PEFT's wire at \S+ is not what was trained"),
        (without_one_wire, r"PEFT('s wire at| does not wrap) \S+\.(query|c_attn)"),
        (without_its_head, r"PEFT's (classifier|score)\.\S+ is not what was trained"),
    ],
)
@pytest.mark.parametrize(
    ("family", "space", "dtype"),
    [
        ("bert", "lora", torch.float32),
        ("bert", "lora+shortcut", torch.bfloat16),
        ("gpt2", "lora[all]", torch.bfloat16),
    ],
)
def test_files_of_which_peft_makes_something_else_are_not_kept(
    tmp_path, saved, tiny_model, tiny_batch, caplog, monkeypatch, change, reason, family, space, dtype
):
    """Beside shortcuts and in 16 bits, too: people export them."""
    real = peft.PeftModel.from_pretrained

    def changed(base, folder, **more):
        tensors = load_file(folder / "adapter_model.safetensors")
        change(tensors, base)
        save_file(tensors, folder / "adapter_model.safetensors", metadata={"format": "pt"})
        return real(base, folder, **more)

    monkeypatch.setattr(peft.PeftModel, "from_pretrained", changed)
    with caplog.at_level(logging.WARNING, "evaluators"):
        expected = saved(tmp_path / "a", tiny_model(family).to(dtype), space)
    words = OF_LINEARS if "shortcut" in space else REASON
    assert re.search(re.escape(f"{tmp_path / 'a'} {words}") + reason, caplog.text)
    assert {path.name for path in (tmp_path / "a").iterdir()}.isdisjoint(PEFT_FILES)
    assert "layers.0.q.A" in read_tensors(tmp_path / "a" / "wires.safetensors")
    assert says_stock(tmp_path / "a") is False
    assert says_stock(tmp_path / "a", "linears_stock") is (False if "shortcut" in space else None)
    model = tiny_model(family).to(dtype)
    load_adapter(tmp_path / "a", model)
    torch.testing.assert_close(logits_of(model, tiny_batch), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_wires_that_peft_holds_and_does_not_use_are_found_by_the_logits(
    tmp_path, saved, tiny_model, caplog, monkeypatch, dtype
):
    monkeypatch.setattr(peft.tuners.lora.Linear, "forward", lambda self, x: self.base_layer(x))
    with caplog.at_level(logging.WARNING, "evaluators"):
        saved(tmp_path / "a", tiny_model("bert").to(dtype), "lora[all]")
    assert f"{REASON}PEFT's outputs differ from ours by " in caplog.text
    assert says_stock(tmp_path / "a") is False


@pytest.mark.parametrize(("family", "space"), [("bert", "lora[all]"), ("deberta-v2", "lora[v,o]")])
def test_it_is_said_that_the_peft_files_are_the_whole_adapter(tmp_path, saved, tiny_model, family, space):
    saved(tmp_path / "a", tiny_model(family), space)
    assert {path.name for path in (tmp_path / "a").iterdir()} > PEFT_FILES
    assert says_stock(tmp_path / "a") is True


@pytest.mark.parametrize(
    ("family", "space", "linears"),
    [
        ("bert", "lora+shortcut", True),
        ("llama", "lora+cross", True),
        ("gpt2", "shortcut", None),
        ("deberta-v2", "lora[q,v]", None),
        ("deberta-v2", "lora[q,v]+residual", None),
    ],
)
def test_peft_loads_no_part_of_an_adapter_that_it_cannot_have(
    tmp_path, saved, tiny_model, tiny_batch, family, space, linears
):
    expected = saved(tmp_path / "a", tiny_model(family), space)
    with pytest.raises(ValueError, match=r"Can't find 'adapter_config.json'"):
        peft.PeftModel.from_pretrained(tiny_model(family), tmp_path / "a")
    assert {path.name for path in (tmp_path / "a").iterdir()}.isdisjoint(PEFT_FILES)
    assert says_stock(tmp_path / "a") is False
    assert says_stock(tmp_path / "a", "linears_stock") is linears
    model = tiny_model(family)
    load_adapter(tmp_path / "a", model)
    torch.testing.assert_close(logits_of(model, tiny_batch), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("family", ["bert", "llama", "gpt2"])
def test_rounding_in_the_models_own_precision_is_no_difference(tmp_path, saved, tiny_model, family, dtype):
    saved(tmp_path / "a", tiny_model(family).to(dtype), "lora[all]")
    assert says_stock(tmp_path / "a") is True


@pytest.mark.parametrize("family", ["llama", "qwen2", "gemma"])
def test_rounding_that_grows_with_the_layers_is_no_difference(tmp_path, saved, tiny_model, family):
    """Up to 0.4 of the largest logit."""
    model = tiny_model(family, num_hidden_layers=24).to(torch.bfloat16)
    saved(tmp_path / "a", model, "lora[all]")
    assert says_stock(tmp_path / "a") is True


def test_what_the_objective_does_not_compare_may_jump(tmp_path, saved, tiny_model):
    """As a language model's hits do where two tokens are as likely."""
    looks = count()

    class WithHits(Classification):
        def outputs(self, model, batch):
            logits = super().outputs(model, batch)
            hits = torch.full_like(logits[:, :1], float(next(looks) >= 5))  # not while rounding is measured
            return torch.cat([logits, hits], dim=1)

        def comparable(self, outputs):
            return outputs[:, :-1]

    saved(tmp_path / "a", tiny_model("bert"), "lora[all]", objective=WithHits(("negative", "positive")))
    assert says_stock(tmp_path / "a") is True
    assert next(looks) == 6


def test_a_panic_while_peft_loads_is_its_reason(tmp_path, saved, tiny_model, caplog, monkeypatch):
    class Panic(BaseException):
        """As Rust's, which pyo3 derives from BaseException."""

    def panic(*_, **__):
        raise Panic("at lib.rs:1;\nno more")

    monkeypatch.setattr(peft.PeftModel, "from_pretrained", panic)
    with caplog.at_level(logging.WARNING, "evaluators"):
        saved(tmp_path / "a", tiny_model("bert"), "lora")
    assert f"{REASON}PEFT cannot load it (Panic: at lib.rs:1; no more)." in caplog.text
    assert says_stock(tmp_path / "a") is False


def test_peft_gets_the_base_models_own_tensors_and_leaves_no_trace(tmp_path, saved, tiny_model, monkeypatch):
    model, seen = tiny_model("bert"), []
    model.base_model.requires_grad_(True)  # which PEFT switches off
    real = peft.PeftModel.from_pretrained

    def spy(base, *args, **kwargs):
        seen.append(base)
        assert {id(tensor) for tensor in base.parameters()} == {id(tensor) for tensor in model.parameters()}
        assert {id(tensor) for tensor in base.buffers()} == {id(tensor) for tensor in model.buffers()}
        return real(base, *args, **kwargs)

    monkeypatch.setattr(peft.PeftModel, "from_pretrained", spy)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    modules, trains = list(model.modules()), [p.requires_grad for p in model.parameters()]
    config, generator = model.config.to_dict(), torch.random.get_rng_state()
    saved(tmp_path / "a", model, "lora[all]")
    assert len(seen) == 1
    assert seen[0] is not model
    torch.testing.assert_close(dict(model.state_dict()), before, rtol=0, atol=0)
    assert list(model.modules()) == modules
    assert [p.requires_grad for p in model.parameters()] == trains
    assert model.config.to_dict() == config
    assert torch.equal(torch.random.get_rng_state(), generator)
