"""Row features against autograd through wires, on each row alone and without padding."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from proxies.measure.evidence import Evidence
from proxies.measure.row_features import row_features
from spaces.allocation import Allocation
from spaces.find_sites import find_sites
from spaces.objective import Batch
from spaces.scaling import Scaling
from spaces.search_space import SearchSpace
from spaces.stacked import Stacked
from spaces.wires import Wires, initial_a
from tests.objectives import REGRESSION, TWO_CLASSES

RANK = 3


def first_a(sites) -> dict[str, torch.Tensor]:
    return {site.name: torch.from_numpy(initial_a(site, RANK, seed=5)) for site in sites}


@pytest.mark.parametrize("family", ["bert", "gpt2", "opt-post", "albert"])
def test_correlations_are_those_of_each_rows_own_gradient_of_b(tiny_model, tiny_batch, batches, family):
    model = tiny_model(family)
    sites = find_sites(model, "lora[all]+shortcut")
    features = row_features(model, TWO_CLASSES, sites, batches, first_a(sites))
    ranks = {site.name: RANK for site in sites}
    stacked = Stacked(Wires.shapes(sites, ranks), 1, device="cpu")
    wires = Wires(sites, ranks, stacked)
    wires.load(0, Allocation.of(ranks), Scaling(), seed=5)
    of_rows: dict[str, list[np.ndarray]] = {site.name: [] for site in sites}
    for tokens, mask in zip(tiny_batch["input_ids"], tiny_batch["attention_mask"], strict=True):
        length = int(mask.sum())
        with wires.attach(model):
            alone = model(input_ids=tokens[None, :length], attention_mask=mask[None, :length])
            grads = torch.autograd.grad(alone.logits.sum(), tuple(stacked.leaf.values()))
        for name, grad in zip(stacked.leaf, grads, strict=True):
            if name.endswith(".B"):
                of_rows[name.removesuffix(".B")].append(grad.double().numpy().ravel())
    for name, gradients in of_rows.items():
        np.testing.assert_allclose(features.correlations[name], np.corrcoef(gradients), atol=2e-3)


def test_inputs_are_means_over_the_tokens_that_are_not_padding(tiny_model, tiny_batch, batches):
    model, seen = tiny_model("bert"), []
    sites = find_sites(model, "lora[fc1]")
    features = row_features(model, TWO_CLASSES, sites, batches, first_a(sites))
    module = model.get_submodule(sites[-1].source.module)
    module.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    model(**tiny_batch)
    expected = [x[mask.bool()].mean(0) for x, mask in zip(seen[0], tiny_batch["attention_mask"], strict=True)]
    torch.testing.assert_close(features.inputs[sites[-1].name], torch.stack(expected), rtol=1e-4, atol=1e-5)


def test_only_the_first_rows_count_with_their_labels(tiny_model, batches):
    model = tiny_model("bert")
    sites = find_sites(model, "lora[v]")
    features = row_features(model, TWO_CLASSES, sites, batches, first_a(sites), rows=3)
    whole = row_features(model, TWO_CLASSES, sites, batches, first_a(sites))
    assert features.classes.tolist() == [0, 1, 0]
    name = sites[0].name
    torch.testing.assert_close(features.correlations[name], whole.correlations[name][:3, :3])
    torch.testing.assert_close(features.inputs[name], whole.inputs[name][:3])


def test_a_regression_has_no_classes(tiny_model, batches):
    model = tiny_model("bert", num_labels=1)
    sites = find_sites(model, "lora[v]")
    scored = [Batch(batch.inputs, batch.labels.float()) for batch in batches]
    assert row_features(model, REGRESSION, sites, scored, first_a(sites)).classes is None


def test_a_row_that_moves_nothing_has_no_correlation_even_with_itself(tiny_model, batches):
    model = tiny_model("bert")
    (site,) = (s for s in find_sites(model, "lora[q]") if s.layer == 0)
    single = Batch({name: tensor[:, :1] for name, tensor in batches[0].inputs.items()}, batches[0].labels)
    correlations = row_features(
        model, TWO_CLASSES, [site], [single, batches[1]], first_a([site])
    ).correlations[site.name]
    expected = torch.eye(4, dtype=torch.float64)  # softmax over one token is 1, whatever its query
    expected[:2, :2] = 0
    expected[2:, 2:] = correlations[2:, 2:]
    torch.testing.assert_close(correlations, expected, rtol=0, atol=1e-12)
    torch.testing.assert_close(correlations.diagonal()[2:], torch.ones(2, dtype=torch.float64))


def test_the_gradients_are_those_of_the_initial_rank_whatever_the_grid(tiny_model, batches):
    model = tiny_model("bert")
    sites = find_sites(model, "lora[v]")
    low, high = (
        Evidence(model, TWO_CLASSES, batches, SearchSpace(sites, ranks), seed=5)
        for ranks in ((0, 8), (0, 8, 20))
    )
    for name, correlations in low.row_features.correlations.items():
        torch.testing.assert_close(high.row_features.correlations[name], correlations, rtol=1e-9, atol=1e-9)
