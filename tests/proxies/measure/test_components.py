"""Components of trained wires, and the gradients by their gates."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from proxies.measure.components import Components, singular
from proxies.measure.gated_wires import TrainedWire


def random_wire() -> TrainedWire:
    draw = torch.Generator().manual_seed(0)
    return TrainedWire(torch.randn(3, 7, generator=draw), torch.randn(5, 3, generator=draw), 0.5)


def test_singular_directions_make_the_same_update_and_are_orthogonal():
    wire = random_wire()
    found = singular(wire)
    torch.testing.assert_close(found.b @ found.a, wire.b @ wire.a, rtol=1e-5, atol=1e-6)
    sizes = torch.linalg.svdvals(wire.b @ wire.a)[:3]
    torch.testing.assert_close(found.a @ found.a.T, torch.diag(sizes), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(found.b.T @ found.b, torch.diag(sizes), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("family", ["bert", "gpt2"])
def test_gradients_are_the_slopes_of_each_rows_loss_by_each_gate(warm, family):
    evidence = warm(family=family)
    network, eps = evidence.wide_network, 0.05
    components, ones = network.components, np.ones((1, len(network.sites)))
    rows = [batch.take(slice(row, row + 1)) for batch in network.held for row in range(len(batch))]
    wires = {name: singular(wire) for name, wire in network.wires.items()}
    for column in np.abs(components.gradients).max(0).argsort()[-3:]:
        site = network.sites[components.site[column]].name
        within = int(column - np.argmax(components.site == components.site[column]))
        sides = []
        for change in (1 + eps, 1 - eps):
            gates = torch.ones(len(wires[site].a))
            gates[within] = change
            changed = dataclasses.replace(wires[site], b=wires[site].b * gates)
            gated = {**wires, site: changed}
            sides.append([network.losses(ones, [row], wires=gated)[0] for row in rows])
        slopes = np.subtract(*sides) / (2 * eps)
        np.testing.assert_allclose(components.gradients[:, column], slopes, rtol=3e-2, atol=3e-5)


def test_sizes_are_the_singular_values_of_the_updates(warm):
    network = warm().wide_network
    for number, site in enumerate(network.sites):
        wire = network.wires[site.name]
        expected = wire.factor * torch.linalg.svdvals(wire.b @ wire.a)[: len(wire.a)]
        own = network.components.size[network.components.site == number]
        np.testing.assert_allclose(own, expected.numpy(), rtol=1e-3, atol=1e-6)


def test_worth_by_rank_is_that_of_the_best_components():
    components = Components(np.array([0, 0, 1, 1]), np.ones(4), np.ones((2, 4)))
    found = components.by_rank(np.array([1.0, 3.0, 5.0, -1.0]), (0, 1, 2, 8))
    np.testing.assert_array_equal(found, [[0, 3, 4, 4], [0, 5, 4, 4]])
