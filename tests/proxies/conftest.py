"""Gradients of a tiny BERT with wires of every kind."""

from __future__ import annotations

import pytest
import torch

from proxies.dense_gradients import Batch
from proxies.evidence import Evidence
from spaces.find_sites import find_sites
from spaces.search_space import SearchSpace


@pytest.fixture
def evidence(tiny_model, tiny_batch) -> Evidence:
    model = tiny_model("bert")
    space = SearchSpace(find_sites(model, "lora[q,v,fc1]+shortcut"), (0, 1, 2, 8))
    return Evidence(model, [Batch(tiny_batch, torch.arange(6) % 2)], space, seed=0)
