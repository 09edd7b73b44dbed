"""Three batches for a tiny BERT with wires of every kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

from proxies.measure.dense_gradients import dense_gradients
from proxies.measure.evidence import Evidence
from proxies.measure.warm_up import WarmUp
from spaces.allocation import Allocation
from spaces.find_sites import find_sites
from spaces.head import Head
from spaces.hooks import Renorm
from spaces.objective import Batch, Objective
from spaces.search_space import SearchSpace
from spaces.stacked import Stacked
from spaces.wires import Wires
from tests.objectives import TWO_CLASSES


@pytest.fixture
def batches(tiny_batch) -> list[Batch]:
    """Two rows each, padded to 9 tokens, of which 18, 12 and 6 are real."""
    return [
        Batch({name: tensor[start : start + 2] for name, tensor in tiny_batch.items()}, torch.arange(2))
        for start in (0, 2, 4)
    ]


@pytest.fixture
def evidence(tiny_model, batches) -> Evidence:
    model = tiny_model("bert")
    space = SearchSpace(find_sites(model, "lora[q,v,fc1]+shortcut"), (0, 1, 2, 8))
    return Evidence(model, TWO_CLASSES, batches, space, seed=0)


@pytest.fixture
def warm(tiny_model, batches) -> Callable[..., Evidence]:
    """A function that gives evidence with a short warm-up, which holds two of the three batches."""

    def build(
        *,
        family: str = "bert",
        renorm: Renorm = "preserve",
        objective: Objective = TWO_CLASSES,
        **model: Any,
    ) -> Evidence:
        tiny = tiny_model(family, **model)
        space = SearchSpace(find_sites(tiny, "lora[q,v,fc1]+shortcut"), (0, 1, 2, 8))
        warm_up = WarmUp(steps=5, rank=3, learning_rate=2e-2, held_batches=2)
        return Evidence(tiny, objective, batches, space, seed=0, renorm=renorm, warm_up=warm_up)

    return build


class GatedByHand(NamedTuple):
    """A super-network's wires and head as candidates carry them, in one slot."""

    stacked: Stacked
    wires: Wires
    head: Head


@pytest.fixture
def by_hand() -> Callable[[Evidence, np.ndarray], GatedByHand]:
    """A function that puts a super-network under one gate setting (sites,) into real wires and a head."""

    def build(evidence: Evidence, gates: np.ndarray) -> GatedByHand:
        network, model = evidence.super_network, evidence.model
        ranks = {s.name: network.rank for s, gate in zip(network.sites, gates, strict=True) if gate}
        stacked = Stacked(
            {**Wires.shapes(network.sites, ranks), **Head.shapes(TWO_CLASSES.head(model))}, 1, device="cpu"
        )
        wires, head = Wires(network.sites, ranks, stacked), Head(TWO_CLASSES.head(model), stacked)
        wires.load(0, Allocation.of(ranks), evidence.scaling, seed=9)
        trained = network.wires.items()
        wires.restore(
            0, {f"{name}.A": w.a for name, w in trained} | {f"{name}.B": w.b for name, w in trained}
        )
        head.restore(0, network.head)
        for site, gate in zip(network.sites, gates, strict=True):
            if gate:
                wires.gates[site.name] *= gate
        return GatedByHand(stacked, wires, head)

    return build


@pytest.fixture
def loss_by_hand(by_hand) -> Callable[[Evidence, np.ndarray], float]:
    """A function that gives the mean loss over the held rows of one gate setting (sites,)."""

    @torch.no_grad()
    def loss(evidence: Evidence, gates: np.ndarray) -> float:
        one, model = by_hand(evidence, gates), evidence.model
        with one.wires.attach(model, renorm=evidence.renorm), one.head.attach():
            logits = torch.cat([model(**batch.inputs).logits for batch in evidence.super_network.held])
        labels = torch.cat([batch.labels for batch in evidence.super_network.held])
        return float(torch.nn.functional.cross_entropy(logits, labels))

    return loss


@pytest.fixture
def gradients_by_batch(evidence, batches) -> list[dict[str, np.ndarray]]:
    """Each batch's own G in float64, from a pass of its own."""
    passes = [
        dense_gradients(evidence.model, TWO_CLASSES, evidence.space.sites, [batch]) for batch in batches
    ]
    return [{name: g.double().numpy() for name, g in gradients.items()} for gradients in passes]


@pytest.fixture
def gradients_by_hand(by_hand) -> Callable[[Evidence], dict[str, torch.Tensor]]:
    """A function that gives dL/dA and dL/dB of every site, by autograd through real wires, all on."""

    def gradients(evidence: Evidence) -> dict[str, torch.Tensor]:
        one, model = by_hand(evidence, np.ones(len(evidence.space.sites))), evidence.model
        with one.wires.attach(model, renorm=evidence.renorm), one.head.attach():
            losses = [
                torch.nn.functional.cross_entropy(model(**batch.inputs).logits, batch.labels)
                for batch in evidence.super_network.held
            ]
            grads = torch.autograd.grad(sum(losses), tuple(one.stacked.leaf.values()))
        return {name: grad[0] for name, grad in zip(one.stacked.leaf, grads, strict=True)}

    return gradients
