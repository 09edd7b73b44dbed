from __future__ import annotations

import pytest
import torch
from transformers import BertForTokenClassification

from evaluators.objectives.own_loss import OwnLoss
from spaces.errors import InputError
from spaces.objective import Batch
from tests.conftest import TinyModel

BATCH = Batch({"input_ids": torch.arange(12).reshape(3, 4) + 9}, torch.tensor([0, 1, 1]))


def test_the_mean_over_the_rows_is_the_model_s_loss(tiny_model: TinyModel) -> None:
    model = tiny_model("bert")
    losses = OwnLoss().losses(model, BATCH)
    own = model(**BATCH.inputs, labels=BATCH.labels).loss
    assert losses.sums.tolist() == [float(own)] * 3
    torch.testing.assert_close(losses.mean(), own)


def test_rows_without_a_target_weigh_nothing(tiny_model: TinyModel) -> None:
    labels = torch.tensor([[-100, 2], [-100, -100]])
    assert OwnLoss().targets(labels).tolist() == [1, 0]
    for every in (torch.tensor([0, -1]), torch.tensor([[-0.5], [-1.0]])):  # classes, and values
        assert OwnLoss().targets(every).tolist() == [1, 1]

    model = BertForTokenClassification(tiny_model("bert").config).eval().requires_grad_(False)
    batch = Batch({"input_ids": torch.tensor([[5, 6], [7, 8]])}, labels.clamp(max=1))
    losses = OwnLoss().losses(model, batch)
    own = model(**batch.inputs, labels=batch.labels).loss
    assert losses.sums.tolist() == [float(own), 0]
    torch.testing.assert_close(losses.mean(), own)


def test_nothing_is_said_of_single_rows(tiny_model: TinyModel) -> None:
    assert not OwnLoss().rows_apart
    assert OwnLoss().classes(BATCH) is None
    assert OwnLoss().head(tiny_model("bert")) == {}
    with pytest.raises(InputError, match="says nothing of single rows"):
        OwnLoss().outputs(tiny_model("bert"), BATCH)


def test_the_total_is_that_of_the_logits(tiny_model: TinyModel) -> None:
    model = tiny_model("bert")
    torch.testing.assert_close(OwnLoss().total(model, BATCH.inputs), model(**BATCH.inputs).logits.sum())


def test_a_loss_that_is_not_finite_is_refused_with_its_reason(tiny_language_model: TinyModel) -> None:
    model = tiny_language_model("llama")
    labels = torch.tensor([[5, -100, -100, -100]])  # the first token of a row is foretold by nothing
    batch = Batch({"input_ids": torch.tensor([[5, 6, 7, 8]])}, labels)
    with pytest.raises(
        InputError, match=r"loss of this LlamaForCausalLM is nan on a batch of 1 row; .* first"
    ):
        OwnLoss().losses(model, batch)
