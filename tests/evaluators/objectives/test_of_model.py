from __future__ import annotations

import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification, BertLMHeadModel, BertModel

from evaluators.objectives.causal_lm import CausalLM
from evaluators.objectives.classification import Classification
from evaluators.objectives.of_model import objective_of
from evaluators.objectives.own_loss import OwnLoss
from evaluators.objectives.regression import Regression
from spaces.errors import InputError
from spaces.objective import Batch
from tests.conftest import TINY, VOCABULARY, TinyModel


@pytest.mark.parametrize("family", ["opt", "gpt2", "llama"])
def test_a_language_model_s_loss_is_its_own_in_chunks(tiny_language_model: TinyModel, family: str) -> None:
    model = tiny_language_model(family)
    tokens = torch.randint(4, VOCABULARY, (3, 7), generator=torch.Generator().manual_seed(0))
    batch = Batch({"input_ids": tokens}, torch.where(tokens < 50, tokens, -100))
    objective = objective_of(model, batch.labels)
    assert objective == CausalLM()
    torch.testing.assert_close(
        objective.losses(model, batch).mean(), OwnLoss().losses(model, batch).mean(), rtol=1e-6, atol=1e-6
    )


def test_one_that_sees_later_tokens_keeps_its_own_loss() -> None:
    model = BertLMHeadModel(BertConfig(vocab_size=VOCABULARY, **TINY["bert"][1])).eval()
    assert objective_of(model, torch.zeros(2, 3).long()) == OwnLoss()


@pytest.mark.parametrize(
    ("config", "labels", "kind"),
    [
        ({"num_labels": 3}, torch.tensor([2, 0]), Classification),
        ({"num_labels": 3}, torch.tensor([1, -100]), Classification),
        ({"num_labels": 1}, torch.tensor([0.5, 2.0]), Regression),
        ({"num_labels": 3}, torch.tensor([[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]]), OwnLoss),
        ({"num_labels": 2, "problem_type": "regression"}, torch.rand(2, 2), OwnLoss),
    ],
)
def test_a_classifier_s_loss_is_its_own_whatever_kind_its_labels_are(
    tiny_model: TinyModel, config: dict[str, object], labels: torch.Tensor, kind: type
) -> None:
    model = tiny_model("bert", **config)
    batch = Batch({"input_ids": torch.arange(8).reshape(2, 4) + 9}, labels)
    objective = objective_of(model, labels)
    assert isinstance(objective, kind)
    own = model(**batch.inputs, labels=labels).loss
    assert float(objective.losses(model, batch).mean()) == pytest.approx(float(own))


def test_somebody_s_own_class_may_learn_otherwise(tiny_model: TinyModel) -> None:
    class Weighted(BertForSequenceClassification):
        """With a forward of its own, say."""

    model = Weighted(tiny_model("bert").config)
    assert objective_of(model, torch.tensor([1, 0])) == OwnLoss()


def test_a_model_without_a_loss_is_refused() -> None:
    model = BertModel(BertConfig(vocab_size=VOCABULARY, **TINY["bert"][1]))
    model.forward = lambda **_: type("Output", (), {"loss": None})()
    batch = Batch({"input_ids": torch.full((2, 4), 7)}, torch.zeros(2))
    with pytest.raises(InputError, match="gives no loss when it is called with labels"):
        OwnLoss().losses(model, batch)
