from __future__ import annotations

import sys

import pytest
import torch
from transformers import BertConfig

from evaluators.base.architectures import ARCHITECTURES
from evaluators.base.base_model import ModelSource, load_base_model
from evaluators.base.packing import packed_loading
from evaluators.store.ledger import fingerprint
from evaluators.training.candidate import Recipe
from spaces.errors import InputError
from spaces.head import head_parameters
from tests.doubling import doubling_task
from tests.evaluators.base.saved_model import SIZES

CLASSIFIER = {"kind": ARCHITECTURES["sequence_classification"], "config": BertConfig(**SIZES)}


def test_4_bits_are_qloras_and_8_are_llm_int8s():
    four = packed_loading(4, torch.bfloat16, "cpu", **CLASSIFIER)
    assert four["device_map"] == {"": torch.device("cpu")}
    config = four["quantization_config"]
    assert (config.load_in_4bit, config.bnb_4bit_quant_type) == (True, "nf4")
    assert config.bnb_4bit_use_double_quant
    assert config.bnb_4bit_compute_dtype == torch.bfloat16
    eight = packed_loading(8, torch.float32, "cpu", **CLASSIFIER)["quantization_config"]
    assert (eight.load_in_8bit, eight.llm_int8_threshold) == (True, 0.0)  # no row heeds another's outliers
    assert packed_loading(None, torch.float32, "cpu", **CLASSIFIER) == {}


def test_without_the_package_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "bitsandbytes", None)
    with pytest.raises(InputError, match=r"`load_in_4bit` needs; pip install -e '\.\[quantized\]'"):
        packed_loading(4, torch.float32, "cpu", **CLASSIFIER)


def test_what_was_trained_on_another_packing_is_not_taken_for_this_one():
    task, recipe = doubling_task(), Recipe()
    sources = [ModelSource("m", None, architecture="causal_lm", bits=bits) for bits in (None, 4, 8)]
    assert len({fingerprint(source, task, recipe) for source in sources}) == 3
    with pytest.raises(ValueError, match=r"bits=2 must be one of \[4, 8\]"):
        ModelSource("m", 2, bits=2)


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize(
    "family", ["bert", "roberta", "deberta-v2", "distilbert", "mpnet", "modernbert", "opt", "llama", "gpt2"]
)
def test_a_classifiers_head_is_left_as_it_is_and_only_its_body_is_packed(tiny_model, tmp_path, family, bits):
    pytest.importorskip("bitsandbytes")
    saved = tiny_model(family)
    saved.save_pretrained(tmp_path)
    model = load_base_model(ModelSource(str(tmp_path), 2, bits=bits), device="cpu")
    head = head_parameters(ARCHITECTURES["sequence_classification"].head(model))
    assert {name: (one.shape, one.dtype) for name, one in head.items()} == {
        name: (saved.get_parameter(name).shape, torch.float32) for name in head
    }
    packed = {name for name, one in model.named_parameters() if not one.is_floating_point()}
    assert packed
    assert all(name.startswith(f"{model.base_model_prefix}.") for name in packed)


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize("family", ["llama", "gpt2", "opt", "phi"])
def test_a_language_models_own_head_is_not_packed_either(tiny_language_model, tmp_path, family, bits):
    pytest.importorskip("bitsandbytes")
    tiny_language_model(family).save_pretrained(tmp_path)
    source = ModelSource(str(tmp_path), None, architecture="causal_lm", bits=bits)
    model = load_base_model(source, device="cpu")
    assert model.get_output_embeddings().weight.dtype == torch.float32
    assert not all(one.is_floating_point() for one in model.parameters())
