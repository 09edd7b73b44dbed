"""SENSITIVITY against the obvious loop: plain tensors, autograd, and one moving average at a time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor

from proxies.measure.evidence import Evidence
from proxies.registry import PROXIES, score_sites
from spaces.hooks import attach
from spaces.scaling import Scaling
from spaces.seeding import named_generator
from spaces.wires import initial_a


class Slow(NamedTuple):
    """Every tensor after the warm-up of ``warm``, with its I_bar, its U_bar and its sum of I."""

    evidence: Evidence
    weights: dict[str, Tensor]
    smoothed: dict[str, Tensor]
    uncertainty: dict[str, Tensor]
    total: dict[str, Tensor]


@pytest.fixture
def slow(warm, batches) -> Slow:
    evidence = warm()
    model, sites = evidence.model, evidence.space.sites
    weights = {f"{s.name}.A": torch.from_numpy(initial_a(s, 3, seed=0)) for s in sites}
    weights |= {f"{s.name}.B": torch.zeros(s.d_out, 3) for s in sites}
    draw = named_generator(0, "head.classifier.weight").standard_normal((2, 32), dtype=np.float32)
    weights["head.classifier.weight"] = torch.from_numpy(draw) * 0.2
    weights["head.classifier.bias"] = torch.zeros(2)
    for weight in weights.values():
        weight.requires_grad_()

    def add(group, sources, target):
        for site, source in zip(group, sources, strict=True):
            a, b = weights[f"{site.name}.A"], weights[f"{site.name}.B"]
            target = target + Scaling().factor(site.kind, 3) * source @ a.T @ b.T
        return target

    def head(_, args, __):
        return args[0] @ weights["head.classifier.weight"].T + weights["head.classifier.bias"]

    handle = model.classifier.register_forward_hook(head)
    optimizer = torch.optim.AdamW(weights.values(), lr=2e-2, weight_decay=0.0)
    smoothed, uncertainty, total = ({n: torch.zeros_like(w) for n, w in weights.items()} for _ in range(3))
    with attach(model, sites, add):
        for _ in range(5):  # the first of the three batches is the only one that is not held
            optimizer.zero_grad()
            logits = model(**batches[0].inputs).logits
            torch.nn.functional.cross_entropy(logits, batches[0].labels).backward()
            for name, weight in weights.items():
                sensitivity = (weight.detach() * weight.grad).abs()
                smoothed[name] = 0.85 * smoothed[name] + 0.15 * sensitivity
                deviation = (sensitivity - smoothed[name]).abs()
                uncertainty[name] = 0.85 * uncertainty[name] + 0.15 * deviation
                total[name] += sensitivity
            torch.nn.utils.clip_grad_norm_(weights.values(), 1.0)
            optimizer.step()
    handle.remove()
    return Slow(evidence, {n: w.detach() for n, w in weights.items()}, smoothed, uncertainty, total)


def of_triplets(slow: Slow, s: dict[str, Tensor]) -> list[float]:
    """Equation 7 without lambda, triplet by triplet."""
    return [
        sum(float(s[f"{site.name}.B"][:, i].mean()) + float(s[f"{site.name}.A"][i].mean()) for i in range(3))
        for site in slow.evidence.space.sites
    ]


def test_the_warm_up_trains_as_plain_autograd_and_adamw_do(slow):
    for name, wire in slow.evidence.super_network.wires.items():
        torch.testing.assert_close(wire.a, slow.weights[f"{name}.A"], rtol=0, atol=1e-4)
        torch.testing.assert_close(wire.b, slow.weights[f"{name}.B"], rtol=0, atol=1e-4)
    head = slow.evidence.super_network.head["head.classifier.weight"]
    torch.testing.assert_close(head, slow.weights["head.classifier.weight"], rtol=0, atol=1e-4)


def test_sensitivity_is_smoothed_importance_times_uncertainty(slow):
    (scores,) = score_sites([PROXIES["sensitivity"]], slow.evidence)
    s = {name: slow.smoothed[name] * slow.uncertainty[name] for name in slow.smoothed}
    np.testing.assert_allclose(scores.by_site, of_triplets(slow, s), rtol=1e-2)


def test_sensitivity_sum_counts_every_step_alike(slow):
    (scores,) = score_sites([PROXIES["sensitivity_sum"]], slow.evidence)
    np.testing.assert_allclose(scores.by_site, of_triplets(slow, slow.total), rtol=1e-2)
