"""A super-network's wires and head as they compute in the model, for what is measured around them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from proxies.measure.evidence import Evidence
from proxies.measure.gated_wires import all_on, gated
from proxies.measure.super_network import SuperNetwork
from spaces.head import Head
from spaces.hooks import attach
from spaces.stacked import Stacked


@contextmanager
def attached(evidence: Evidence, network: SuperNetwork) -> Iterator[None]:
    """Within the block the model computes with the trained wires and head, all sites on."""
    model, modules = evidence.model, evidence.objective.head(evidence.model)
    head = Head(modules, Stacked(Head.shapes(modules), 1, device=model.device))
    head.restore(0, network.head)
    add = gated(network.wires, all_on(network.sites, model.device))
    with attach(model, network.sites, add, renorm=evidence.renorm), head.attach():
        yield
