"""``search.allocate`` by proxies that train for a few steps first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import PreTrainedModel

from search.job.allocate import allocate
from tests.conftest import TinyModel
from tests.search.job.labelled_batches import batches_of


@pytest.mark.parametrize("proxy", ["sensitivity", "solo", "supernet"])
def test_a_warm_up_starts_from_the_models_own_head(tiny_model: TinyModel, proxy: str) -> None:
    model = tiny_model("bert")
    with torch.no_grad():
        model.classifier.bias.copy_(torch.tensor([5.0, -5.0]))  # as one that was trained
    (first, *others), heard, attributes = batches_of(model), list[Tensor](), set(vars(model))

    def hear(_: PreTrainedModel, args: object, given: Mapping[str, Tensor], said: Any) -> None:
        if torch.equal(given["input_ids"], first["input_ids"]):
            heard.append(said.logits.detach())

    with model.register_forward_hook(hear, with_kwargs=True):
        allocate(model, [first, *others], budget="r=2", proxy=proxy)
        own = model(**first).logits
    reached, start = heard[:2]  # where a loss reaches, and the warm-up's first step
    torch.testing.assert_close(reached, own)
    torch.testing.assert_close(start, own)
    assert set(vars(model)) == attributes
