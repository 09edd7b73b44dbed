"""Every proxy of a language model: it scores the sites, or says why it cannot."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from evaluators.objectives.causal_lm import CausalLM
from proxies.measure.dense_gradients import dense_gradients
from proxies.measure.evidence import Evidence
from proxies.measure.synflow_gradients import of_synflow_gradients
from proxies.measure.warm_up import WarmUp
from proxies.registry import PROXIES, find_proxy, score_sites
from spaces.errors import InputError
from spaces.find_sites import find_sites
from spaces.objective import Batch
from spaces.search_space import SearchSpace
from tests.proxies.attached_network import attached

REFUSED = {
    "epe_nas": "this task has no classes; leave it out, or use jacov",
    "snip@init": "is 0 at every site",  # as of any model
    "synflow@init": "is 0 at every site",
}
SPACE = "lora[q,v,up]+shortcut"


@pytest.fixture
def batches(tiny_batch) -> list[Batch]:
    """Two rows each; all but padding and the first token of each row is learned."""
    labels = tiny_batch["input_ids"].masked_fill(tiny_batch["attention_mask"] == 0, -100)
    whole = Batch(tiny_batch, labels)
    return [whole.take(slice(start, start + 2)) for start in (0, 2, 4)]


@pytest.fixture
def evidence(tiny_language_model, batches) -> Evidence:
    model = tiny_language_model("llama")
    space = SearchSpace(find_sites(model, SPACE), (0, 1, 2, 8))
    warm_up = WarmUp(steps=4, rank=2, learning_rate=1e-2)
    return Evidence(model, CausalLM(), batches, space, seed=0, warm_up=warm_up)


@pytest.mark.parametrize("name", [*PROXIES, "ensemble:grad_norm+snip", "root:grad_norm"])
def test_a_proxy_scores_every_site_or_says_why_not(evidence, name):
    before = copy.deepcopy(evidence.model.state_dict())
    if name in REFUSED:
        with pytest.raises(InputError, match=REFUSED[name]):
            score_sites([find_proxy(name)], evidence)
        return
    (scores,) = score_sites([find_proxy(name)], evidence)
    assert np.isfinite(scores.by_rank).all()
    assert len(scores.by_site) == len(evidence.space.sites)
    torch.testing.assert_close(evidence.model.state_dict(), before, rtol=0, atol=0)


@pytest.mark.parametrize("family", ["llama", "gpt2", "opt", "opt-post"])
@pytest.mark.parametrize("tied", [True, False])
def test_dense_gradients_are_those_of_transformers_own_loss(tiny_language_model, batches, family, tied):
    model = tiny_language_model(family, tie_word_embeddings=tied)
    (site, *_) = find_sites(model, "lora[fc2]" if family != "llama" else "lora[down]")
    gradients = dense_gradients(model, CausalLM(), [site], batches)
    weight = model.get_submodule(site.target.module).weight.requires_grad_(True)
    loss = sum(model(**batch.inputs, labels=batch.labels).loss for batch in batches)
    (expected,) = torch.autograd.grad(loss, weight)
    found = gradients[site.name].T if family == "gpt2" else gradients[site.name]  # its Conv1D is transposed
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("tied", [True, False])
def test_synflow_sums_all_logits_of_the_absolute_model(tiny_language_model, tied):
    model = tiny_language_model("llama", tie_word_embeddings=tied)
    (site, *_) = find_sites(model, "lora[v]")
    found = of_synflow_gradients(lambda _, g: g, model, CausalLM(), [site])[site.name]

    absolute = copy.deepcopy(model)
    for parameter in absolute.parameters():
        parameter.data.abs_()
    weight = absolute.get_submodule(site.target.module).weight.requires_grad_(True)
    absolute(inputs_embeds=torch.ones(1, 32, 32)).logits.sum().backward()
    torch.testing.assert_close(found, weight.grad, rtol=1e-4, atol=1e-3)


def test_gate_settings_are_measured_on_all_targets_of_all_rows(evidence, batches):
    network = evidence.super_network
    (all_on,) = network.losses(np.ones((1, len(network.sites))), batches)
    with torch.no_grad(), attached(evidence, network):
        found = [evidence.objective.losses(evidence.model, batch) for batch in batches]
    expected = sum(float(one.sums.sum()) for one in found) / sum(float(one.counts.sum()) for one in found)
    assert all_on == pytest.approx(expected, rel=1e-5)
