from __future__ import annotations

import sys

import pytest
import torch

from evaluators.base.base_model import ModelSource
from evaluators.base.packing import packed_loading
from evaluators.store.ledger import fingerprint
from evaluators.training.candidate import Recipe
from spaces.errors import InputError
from tests.doubling import doubling_task


def test_4_bits_are_qloras_and_8_are_llm_int8s():
    four = packed_loading(4, torch.bfloat16, "cpu")
    assert four["device_map"] == {"": torch.device("cpu")}
    config = four["quantization_config"]
    assert (config.load_in_4bit, config.bnb_4bit_quant_type) == (True, "nf4")
    assert config.bnb_4bit_use_double_quant
    assert config.bnb_4bit_compute_dtype == torch.bfloat16
    eight = packed_loading(8, torch.float32, "cpu")["quantization_config"]
    assert (eight.load_in_8bit, eight.llm_int8_threshold) == (True, 0.0)  # no row heeds another's outliers
    assert packed_loading(None, torch.float32, "cpu") == {}


def test_without_the_package_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "bitsandbytes", None)
    with pytest.raises(InputError, match=r"`load_in_4bit` needs; pip install -e '\.\[quantized\]'"):
        packed_loading(4, torch.float32, "cpu")


def test_what_was_trained_on_another_packing_is_not_taken_for_this_one():
    task, recipe = doubling_task(), Recipe()
    sources = [ModelSource("m", None, architecture="causal_lm", bits=bits) for bits in (None, 4, 8)]
    assert len({fingerprint(source, task, recipe) for source in sources}) == 3
    with pytest.raises(ValueError, match=r"bits=2 must be one of \[4, 8\]"):
        ModelSource("m", 2, bits=2)
