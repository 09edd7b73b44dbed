"""Absolute weights without a copy of them, against a model that has them."""

from __future__ import annotations

import copy

import pytest
import torch

from proxies.measure.absolute_weights import absolute_weights
from spaces.errors import InputError


@pytest.mark.parametrize("family", ["bert", "gpt2", "llama", "deberta-v2", "opt-post"])
def test_the_model_computes_as_one_whose_weights_are_absolute(tiny_model, tiny_batch, family):
    model = tiny_model(family)
    before = copy.deepcopy(model)
    absolute = copy.deepcopy(model)
    for parameter in absolute.parameters():
        parameter.data.abs_()
    embeddings = torch.rand(*tiny_batch["input_ids"].shape, 32)
    inputs = {"attention_mask": tiny_batch["attention_mask"]}
    found, expected = (embeddings.clone().requires_grad_() for _ in range(2))
    with absolute_weights(model):
        total = model(inputs_embeds=found, **inputs).logits.sum()
        total.backward()
    absolute(inputs_embeds=expected, **inputs).logits.sum().backward()
    torch.testing.assert_close(found.grad, expected.grad, rtol=0, atol=0)
    torch.testing.assert_close(model.state_dict(), before.state_dict(), rtol=0, atol=0)
    with torch.no_grad():
        logits = model(**tiny_batch).logits
        torch.testing.assert_close(logits, before(**tiny_batch).logits, rtol=0, atol=0)
        assert not torch.allclose(logits, absolute(**tiny_batch).logits, rtol=1e-2)


def test_packed_weights_are_refused(tiny_model):
    model = tiny_model("bert")
    packed = torch.nn.Parameter(torch.zeros(4, dtype=torch.uint8), requires_grad=False)
    model.classifier.weight = packed
    with pytest.raises(InputError, match="is packed in 4 or 8 bits"), absolute_weights(model):
        pass
