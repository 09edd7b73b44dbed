from __future__ import annotations

import pytest
import torch

from evaluators.objectives.frozen_head import of_frozen_head

WIDTH, VOCABULARY = 6, 11


@pytest.fixture
def head() -> torch.Tensor:
    return torch.randn(VOCABULARY, WIDTH, generator=torch.Generator().manual_seed(0))


def places_and_tokens(dtype: torch.dtype = torch.float32) -> tuple[torch.Tensor, torch.Tensor]:
    drawn = torch.Generator().manual_seed(1)
    places = torch.randn(9, WIDTH, generator=drawn).to(dtype).requires_grad_()
    return places, torch.randint(0, VOCABULARY, (9,), generator=drawn)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("cap", [None, 3.0])
def test_losses_hits_and_gradients_are_those_of_cross_entropy_of_the_logits(head, dtype, cap):
    """Also of logits behind a soft cap, and weighted place by place. In 16 bits the loss is still float32."""
    places, tokens = places_and_tokens(dtype)

    def logits(hidden: torch.Tensor) -> torch.Tensor:
        plain = hidden @ head.to(dtype).T
        return plain if cap is None else cap * torch.tanh(plain / cap)

    weights = torch.linspace(0.5, 2, 9)
    losses, hits = of_frozen_head(places, tokens, logits)
    (found,) = torch.autograd.grad((losses * weights).sum(), places)
    answers = logits(places)
    plain = torch.nn.functional.cross_entropy(answers.float(), tokens, reduction="none")
    (expected,) = torch.autograd.grad((plain * weights).sum(), places)
    assert (losses.dtype, found.dtype) == (torch.float32, dtype)
    torch.testing.assert_close(losses, plain)
    apart = 1e-6 if dtype == torch.float32 else 2e-2
    torch.testing.assert_close(found, expected, rtol=apart, atol=apart)
    assert hits.tolist() == (answers.argmax(-1) == tokens).float().tolist()


def test_logits_are_computed_once_for_both_passes_and_without_a_graph_where_nobody_learns(head):
    places, tokens = places_and_tokens()
    asked: list[bool] = []

    def logits(hidden: torch.Tensor) -> torch.Tensor:
        asked.append(hidden.requires_grad)
        return hidden @ head.T

    losses, _ = of_frozen_head(places, tokens, logits)
    losses.sum().backward()
    of_frozen_head(places.detach(), tokens, logits)
    assert asked == [True, False]


def test_nothing_of_the_logits_is_kept_for_the_backward_pass(head):
    places, tokens = places_and_tokens()
    kept: list[int] = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t.numel()) or t, lambda t: t):
        of_frozen_head(places, tokens, lambda hidden: hidden @ head.T)
    assert max(kept[-3:]) == places.numel()


def test_second_derivatives_are_exact(head):
    places, tokens = places_and_tokens()

    def curvature(losses: torch.Tensor) -> torch.Tensor:
        (gradient,) = torch.autograd.grad(losses.sum(), places, create_graph=True)
        return torch.autograd.grad(gradient.pow(3).sum(), places)[0]

    found = curvature(of_frozen_head(places, tokens, lambda hidden: hidden @ head.T)[0])
    plain = torch.nn.functional.cross_entropy(places @ head.T, tokens, reduction="none")
    torch.testing.assert_close(found, curvature(plain))
