"""Three batches for a tiny BERT with wires of every kind."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from proxies.dense_gradients import Batch, dense_gradients
from proxies.evidence import Evidence
from spaces.find_sites import find_sites
from spaces.search_space import SearchSpace


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
    return Evidence(model, batches, space, seed=0)


@pytest.fixture
def gradients_by_batch(evidence, batches) -> list[dict[str, np.ndarray]]:
    """Each batch's own G in float64, from a pass of its own."""
    passes = [dense_gradients(evidence.model, evidence.space.sites, [batch]) for batch in batches]
    return [{name: g.double().numpy() for name, g in gradients.items()} for gradients in passes]
