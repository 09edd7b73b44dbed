from __future__ import annotations

import pytest
import torch
from torch.func import functional_call

from evaluators.objectives.own_head import OwnHead, body_of

FAMILIES = ["opt", "opt-post", "gpt2", "llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3_text"]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("tied", [True, False])
def test_the_logits_at_any_places_are_the_models_own(tiny_language_model, tiny_batch, family, tied):
    model = tiny_language_model(family, tie_word_embeddings=tied)
    body = body_of(model, tiny_batch)
    places = tiny_batch["attention_mask"].bool()

    logits = OwnHead(model, body).logits(body["last_hidden_state"][places])

    torch.testing.assert_close(logits, model(**tiny_batch).logits[places])


def test_a_soft_cap_and_a_projection_before_the_head_are_the_models_own(tiny_language_model, tiny_batch):
    for model in (
        tiny_language_model("gemma2", final_logit_softcapping=0.5),
        tiny_language_model("opt-post", word_embed_proj_dim=16),
    ):
        body = body_of(model, tiny_batch)
        logits = OwnHead(model, body).logits(body["last_hidden_state"][0])
        torch.testing.assert_close(logits, model(**tiny_batch).logits[0])


def test_the_model_keeps_its_body(tiny_language_model, tiny_batch):
    model = tiny_language_model("llama")
    before, names = model(**tiny_batch).logits, [name for name, _ in model.named_modules()]
    body = body_of(model, tiny_batch)
    OwnHead(model, body).logits(body["last_hidden_state"][0])
    assert [name for name, _ in model.named_modules()] == names
    torch.testing.assert_close(model(**tiny_batch).logits, before, rtol=0, atol=0)


def test_it_keeps_the_tensors_that_stood_in_for_the_models_when_it_was_built(tiny_language_model, tiny_batch):
    model = tiny_language_model("llama", tie_word_embeddings=False)
    others = {"model.lm_head.weight": torch.randn(model.lm_head.weight.shape)}
    kept = []

    class Holder(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self) -> torch.Tensor:
            body = body_of(self.model, tiny_batch)
            kept.append((OwnHead(self.model, body), body["last_hidden_state"][0]))
            return self.model(**tiny_batch).logits[0]

    within = functional_call(Holder(), others, ())
    head, hidden = kept[0]
    torch.testing.assert_close(head.logits(hidden), within)
    assert not torch.allclose(within, model(**tiny_batch).logits[0])
