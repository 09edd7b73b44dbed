from __future__ import annotations

import pytest
import torch
from transformers import BertConfig, BertLMHeadModel, BertModel

from evaluators.objectives.causal_lm import CausalLM
from evaluators.objectives.of_model import objective_of
from evaluators.objectives.own_loss import OwnLoss
from spaces.errors import InputError
from spaces.objective import Batch
from tests.conftest import TINY, VOCABULARY, TinyModel


@pytest.mark.parametrize("family", ["opt", "gpt2", "llama"])
def test_a_language_model_s_loss_is_its_own_in_chunks(tiny_language_model: TinyModel, family: str) -> None:
    model = tiny_language_model(family)
    tokens = torch.randint(4, VOCABULARY, (3, 7), generator=torch.Generator().manual_seed(0))
    batch = Batch({"input_ids": tokens}, torch.where(tokens < 50, tokens, -100))
    objective = objective_of(model)
    assert objective == CausalLM()
    torch.testing.assert_close(
        objective.losses(model, batch).mean(), OwnLoss().losses(model, batch).mean(), rtol=1e-6, atol=1e-6
    )


def test_one_that_sees_later_tokens_keeps_its_own_loss() -> None:
    assert (
        objective_of(BertLMHeadModel(BertConfig(vocab_size=VOCABULARY, **TINY["bert"][1])).eval())
        == OwnLoss()
    )


def test_a_classifier_keeps_its_own_loss_whatever_kind_its_labels_are(tiny_model: TinyModel) -> None:
    model = tiny_model("bert", num_labels=3, problem_type="multi_label_classification")
    batch = Batch({"input_ids": torch.full((2, 4), 7)}, torch.rand(2, 3))
    losses = objective_of(model).losses(model, batch)
    assert losses.counts.tolist() == [1, 1]
    assert float(losses.mean()) == pytest.approx(float(model(**batch.inputs, labels=batch.labels).loss))


def test_a_model_without_a_loss_is_refused() -> None:
    model = BertModel(BertConfig(vocab_size=VOCABULARY, **TINY["bert"][1]))
    model.forward = lambda **_: type("Output", (), {"loss": None})()
    batch = Batch({"input_ids": torch.full((2, 4), 7)}, torch.zeros(2))
    with pytest.raises(InputError, match="gives no loss when it is called with labels"):
        objective_of(model).losses(model, batch)
