"""A twin computes as its model does, with the same tensors, and is changed alone."""

from __future__ import annotations

import pytest
import torch
from peft import LoraConfig, get_peft_model

from evaluators.base.base_model import ModelSource, load_base_model
from evaluators.base.twin import twin_of
from tests.conftest import KINDS


@pytest.mark.filterwarnings("ignore")  # of what PEFT says of Conv1D and of experts
@pytest.mark.parametrize("family", KINDS)
def test_its_tensors_are_the_models_and_its_modules_are_its_own(tiny_family, tiny_batch, family):
    model = tiny_family(family)
    names, before = [name for name, _ in model.named_modules()], model(**tiny_batch).logits
    twin = twin_of(model)
    own, theirs = dict(model.named_parameters()), dict(twin.named_parameters())
    assert own.keys() == theirs.keys()
    assert all(own[name] is one for name, one in theirs.items())
    assert not set(map(id, model.modules())) & set(map(id, twin.modules()))
    twin.config.num_labels = 7
    assert model.config.num_labels == 2
    torch.testing.assert_close(twin(**tiny_batch).logits, before, rtol=0, atol=0)
    tuned = get_peft_model(twin, LoraConfig(target_modules="all-linear", init_lora_weights=False)).eval()
    assert not torch.equal(tuned(**tiny_batch).logits, before)
    assert [name for name, _ in model.named_modules()] == names
    torch.testing.assert_close(model(**tiny_batch).logits, before, rtol=0, atol=0)


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize("first", ["model", "twin"])
def test_packed_weights_are_shared_whoever_computes_first(
    tiny_language_model, tiny_batch, tmp_path, bits, first
):
    pytest.importorskip("bitsandbytes")
    tiny_language_model("llama").save_pretrained(tmp_path)
    source = ModelSource(str(tmp_path), None, architecture="causal_lm", bits=bits)
    model = load_base_model(source, device="cpu")
    twin = twin_of(model)
    order = (model, twin) if first == "model" else (twin, model)
    one, other = (each(**tiny_batch).logits for each in order)
    torch.testing.assert_close(one, other, rtol=0, atol=0)
