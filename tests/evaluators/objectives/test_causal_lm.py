from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch

from evaluators.objectives.causal_lm import CausalLM
from spaces.errors import InputError, UsageError
from spaces.objective import Batch


@pytest.fixture
def batch(tiny_batch) -> Batch:
    """Every token but padding and the first half of the longest row is a target."""
    labels = tiny_batch["input_ids"].masked_fill(tiny_batch["attention_mask"] == 0, -100)
    labels[0, :5] = -100
    return Batch(tiny_batch, labels)


def test_nothing_trains_beside_the_wires(tiny_language_model):
    assert CausalLM().head(tiny_language_model("llama")) == {}


def test_a_model_that_is_no_decoder_is_refused_when_it_is_checked(tiny_language_model):
    CausalLM().check_model(tiny_language_model("llama"))
    with pytest.raises(InputError, match="choose a decoder"):
        CausalLM().check_model(tiny_language_model("bert"))


def test_a_first_token_is_no_target(tiny_language_model, batch):
    labels = torch.full_like(batch.labels, -100)
    labels[:, 0] = 5
    labels[2, 3] = 5
    assert CausalLM().targets(labels).tolist() == [0, 0, 1, 0, 0, 0]
    losses = CausalLM().losses(tiny_language_model("llama"), Batch(batch.inputs, labels))
    assert losses.counts.tolist() == [0, 0, 1, 0, 0, 0]
    with pytest.raises(InputError, match="no row has a target to be judged by"):
        CausalLM().score(torch.zeros(2, 3), (np.array([5, -100]), np.array([-100])))


def test_what_is_compared_of_rows_is_their_loss_a_target_and_not_how_many_tokens_are_right():
    outputs = torch.tensor([[4.0, 1.0, 1.0], [6.0, 3.0, 0.0], [0.0, 0.0, 0.0]])
    assert CausalLM().comparable(outputs).tolist() == [[4.0], [2.0], [0.0]]


@pytest.mark.parametrize("family", ["llama", "gpt2", "opt"])
def test_the_loss_is_weighted_by_tokens_as_transformers_own(tiny_language_model, batch, family):
    model = tiny_language_model(family)
    own = model(**batch.inputs, labels=batch.labels).loss
    torch.testing.assert_close(CausalLM().losses(model, batch).mean(), own)


def test_the_loss_of_whole_logits_is_that_of_the_chunks(tiny_language_model, batch):
    model = tiny_language_model("gpt2")
    whole = CausalLM().losses_of(model(**batch.inputs).logits, batch.labels)
    in_chunks = CausalLM().losses(model, batch)
    torch.testing.assert_close(whole.sums, in_chunks.sums)
    assert torch.equal(whole.counts, in_chunks.counts)


def test_rows_of_unequal_numbers_of_targets_are_judged_by_their_tokens(tiny_language_model, batch):
    model, objective = tiny_language_model("opt"), CausalLM()
    outputs = objective.outputs(model, batch)
    losses = objective.losses(model, batch)
    score = objective.score(outputs, tuple(np.zeros(9, dtype=np.int64) for _ in range(6)))
    assert score is not None
    assert score.metric == score.loss == pytest.approx(float(losses.sums.sum() / losses.counts.sum()))


def test_a_metric_is_of_the_same_outputs_and_the_loss_stays_the_loss():
    outputs = torch.tensor([[4.0, 1.0, 1.0], [2.0, 3.0, 0.0]])  # losses, targets, right
    labels = (np.array([-100, 5]), np.array([-100, 5, 6, 7]))
    values = {"loss": 1.5, "perplexity": pytest.approx(np.exp(1.5)), "token_accuracy": 0.25}
    for metric, value in values.items():
        score = CausalLM(metric).score(outputs, labels)
        assert (score.metric, score.loss) == (value, 1.5)
        assert dict(score.beside) == {name: other for name, other in values.items() if name != metric}
    assert CausalLM().score(outputs * torch.nan, labels) is None


def test_rows_have_no_class_and_there_is_no_chance_level(batch):
    assert CausalLM().classes(batch) is None
    assert CausalLM().chance((np.array([-100, 5]),)) is None


def test_it_is_a_value_that_can_be_sent_to_a_process():
    assert pickle.loads(pickle.dumps(CausalLM("perplexity"))) == CausalLM("perplexity")
    with pytest.raises(UsageError, match="`metric=accuracy` is not for a language model"):
        CausalLM("accuracy")
