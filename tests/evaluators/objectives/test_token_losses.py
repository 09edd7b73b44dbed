from __future__ import annotations

import pytest
import torch

from evaluators.objectives.token_losses import CHUNK, at_targets, sum_of_logits
from tests.largest_tensor import LargestTensor

FAMILIES = ["opt", "opt-post", "gpt2", "llama", "gemma2"]


@pytest.fixture
def labels(tiny_batch) -> torch.Tensor:
    """The tokens themselves, but for padding and the first half of the longest row, which is a prompt."""
    labels = tiny_batch["input_ids"].masked_fill(tiny_batch["attention_mask"] == 0, -100)
    labels[0, :5] = -100
    return labels


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("tied", [True, False])
def test_losses_and_gradients_are_those_of_all_logits(tiny_language_model, tiny_batch, labels, family, tied):
    model = tiny_language_model(family, tie_word_embeddings=tied).requires_grad_(True)
    parameters = [p for p in model.parameters() if p.requires_grad]

    found = at_targets(model, tiny_batch, labels)
    gradients = torch.autograd.grad(found.losses.sum(), parameters, materialize_grads=True, allow_unused=True)

    logits = model(**tiny_batch).logits[:, :-1]
    plain = torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels[:, 1:].flatten(), reduction="none")
    losses = plain.view(len(labels), -1).sum(1)
    torch.testing.assert_close(found.losses, losses)
    right = (logits.argmax(-1) == labels[:, 1:]).sum(1)
    torch.testing.assert_close(found.correct, right.float())
    of_all = torch.autograd.grad(losses.sum(), parameters, materialize_grads=True, allow_unused=True)
    for one, other in zip(gradients, of_all, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_every_target_weighs_the_same_as_in_transformers_own_loss(tiny_language_model, tiny_batch, labels):
    model = tiny_language_model("llama")
    found = at_targets(model, tiny_batch, labels)
    assert found.targets.tolist() == [4, 8, 6, 4, 3, 1]
    own = model(**tiny_batch, labels=labels).loss
    torch.testing.assert_close(found.losses.sum() / found.targets.sum(), own)


def test_a_row_without_a_target_has_no_loss(tiny_language_model, tiny_batch, labels):
    labels[3] = -100
    found = at_targets(tiny_language_model("gpt2"), tiny_batch, labels)
    assert (found.losses[3], found.targets[3], found.correct[3]) == (0, 0, 0)
    nothing = at_targets(tiny_language_model("gpt2"), tiny_batch, torch.full_like(labels, -100))
    assert nothing.losses.tolist() == [0] * 6


def test_a_row_counts_alone_however_far_it_is_padded(tiny_language_model, tiny_batch, labels):
    model = tiny_language_model("opt")
    together = at_targets(model, tiny_batch, labels)
    for row, length in enumerate(tiny_batch["attention_mask"].sum(1).tolist()):
        own = {name: tensor[row : row + 1, :length] for name, tensor in tiny_batch.items()}
        alone = at_targets(model, own, labels[row : row + 1, :length])
        torch.testing.assert_close(alone.losses[0], together.losses[row])


def test_second_derivatives_pass_through_the_chunks(tiny_language_model, tiny_batch, labels):
    model = tiny_language_model("llama", tie_word_embeddings=False)
    weight = model.model.norm.weight.requires_grad_(True)

    def curvature(loss: torch.Tensor) -> torch.Tensor:
        (gradient,) = torch.autograd.grad(loss, weight, create_graph=True)
        (second,) = torch.autograd.grad(gradient.square().sum(), weight)
        return second

    found = curvature(at_targets(model, tiny_batch, labels).losses.sum())
    logits = model(**tiny_batch).logits[:, :-1]
    plain = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), labels[:, 1:].flatten(), reduction="sum", ignore_index=-100
    )
    torch.testing.assert_close(found, curvature(plain), rtol=1e-4, atol=1e-4)


def test_the_sum_of_logits_leaves_padding_out(tiny_language_model, tiny_batch):
    model = tiny_language_model("gemma2")
    real = tiny_batch["attention_mask"].bool()
    torch.testing.assert_close(sum_of_logits(model, tiny_batch), model(**tiny_batch).logits[real].sum())
    tokens = {"input_ids": tiny_batch["input_ids"]}
    torch.testing.assert_close(sum_of_logits(model, tokens), model(**tokens).logits.sum())


@pytest.mark.parametrize("computed", ["losses", "sum"])
def test_no_tensor_grows_with_tokens_times_vocabulary(tiny_language_model, computed):
    vocabulary, tokens = 1000, torch.randint(4, 100, (12, 60), generator=torch.Generator().manual_seed(0))
    model = tiny_language_model("llama", vocab_size=vocabulary, tie_word_embeddings=False)
    inputs = {"input_ids": tokens, "attention_mask": torch.ones_like(tokens)}
    weight = model.model.norm.weight.requires_grad_(True)

    with LargestTensor() as seen:
        found = at_targets(model, inputs, tokens).losses.sum() if computed == "losses" else None
        torch.autograd.grad(sum_of_logits(model, inputs) if found is None else found, weight)

    assert seen.elements <= CHUNK * vocabulary < tokens.numel() * vocabulary / 2
