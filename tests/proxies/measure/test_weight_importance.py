"""AdaLoRA's moving averages against the sums that they are."""

from __future__ import annotations

import torch

from proxies.measure.weight_importance import WeightImportance


def test_smoothing_and_uncertainty_follow_equations_9_and_10():
    generator = torch.Generator().manual_seed(0)
    steps = [torch.randn(2, 1, 6, generator=generator) for _ in range(4)]
    importance = WeightImportance({"a": (2, 2), "b": (2,)}, device=torch.device("cpu"))
    for weights, gradient in steps:
        importance.see(weights, gradient)
    now = [(weights * gradient).abs()[0] for weights, gradient in steps]
    smoothed = [
        sum(0.15 * 0.85 ** (t - k) * now[k] for k in range(t + 1)) for t in range(len(now))
    ]  # unrolled, from 0
    uncertainty = sum(0.15 * 0.85 ** (3 - k) * (now[k] - smoothed[k]).abs() for k in range(4))
    expected = smoothed[-1] * uncertainty
    torch.testing.assert_close(importance.smoothed("a"), expected[:4].view(2, 2))
    torch.testing.assert_close(importance.smoothed("b"), expected[4:])
    torch.testing.assert_close(importance.summed("b"), sum(now)[4:])
