"""AdaLoRA's moving averages against the sums that they are."""

from __future__ import annotations

import torch

from proxies.measure.weight_importance import WeightImportance
from spaces.stacked import Stacked


def drawn(steps: int) -> list[torch.Tensor]:
    """Weights and gradients of two slots, (2, 2, 6) a step."""
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(2, 2, 6, generator=generator) for _ in range(steps)]


def seen(steps, slots=(0, 1)) -> tuple[WeightImportance, list[torch.Tensor]]:
    stacked = Stacked({"a": (2, 2), "b": (2,)}, 2, device="cpu")
    importance, now = WeightImportance(stacked), []
    for weights, gradient in steps:
        stacked.values.copy_(weights)
        now.append(importance.see(gradient, slots))
    return importance, now


def test_smoothing_and_uncertainty_follow_equations_8_to_11():
    steps = drawn(4)
    importance, seen_now = seen(steps)
    now = [(weights * gradient).abs() for weights, gradient in steps]
    smoothed = [
        sum(0.15 * 0.85 ** (t - k) * now[k] for k in range(t + 1)) for t in range(len(now))
    ]  # unrolled, from 0
    uncertainty = sum(0.15 * 0.85 ** (3 - k) * (now[k] - smoothed[k]).abs() for k in range(4))
    expected = smoothed[-1] * uncertainty
    torch.testing.assert_close(seen_now, now)
    for slot in (0, 1):
        torch.testing.assert_close(importance.smoothed(slot)["a"], expected[slot, :4].view(2, 2))
        torch.testing.assert_close(importance.smoothed(slot)["b"], expected[slot, 4:])


def test_a_slot_that_takes_no_step_or_starts_anew_is_alone_in_it():
    steps = drawn(3)
    both, _ = seen(steps)
    first, _ = seen(steps, slots=(0,))
    torch.testing.assert_close(first.smoothed(0), both.smoothed(0), rtol=0, atol=0)
    assert not first.smoothed(1)["a"].any()
    both.reset(1)
    torch.testing.assert_close(both.smoothed(0), first.smoothed(0), rtol=0, atol=0)
    assert not both.smoothed(1)["b"].any()
