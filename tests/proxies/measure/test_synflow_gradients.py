"""SynFlow's gradients against autograd through a model whose weights are absolute."""

from __future__ import annotations

import copy

import torch

from proxies.measure.synflow_gradients import of_synflow_gradients
from spaces.find_sites import find_sites
from tests.largest_tensor import LargestTensor
from tests.objectives import TWO_CLASSES


def test_synflow_gradients_are_those_of_absolute_weights_on_ones(tiny_model):
    model = tiny_model("bert")
    sites = find_sites(model, "lora")
    absolute = copy.deepcopy(model)
    for parameter in absolute.parameters():
        parameter.data.abs_()
    site = sites[0]
    weight = absolute.get_submodule(site.target.module).weight.requires_grad_()
    ones = torch.ones(1, 32, 32)
    absolute(inputs_embeds=ones, attention_mask=torch.ones(1, 32, dtype=torch.long)).logits.sum().backward()
    torch.testing.assert_close(
        of_synflow_gradients(lambda _, g: g, model, TWO_CLASSES, sites)[site.name],
        weight.grad,
        rtol=1e-4,
        atol=1e-6,
    )


def test_what_is_made_of_a_gradient_is_all_that_is_kept_of_it_and_the_model_stays_as_it_was(tiny_model):
    model = tiny_model("bert")
    before, sites = copy.deepcopy(model), find_sites(model, "lora+shortcut")
    wholes = of_synflow_gradients(lambda _, g: g, model, TWO_CLASSES, sites)
    sums = of_synflow_gradients(lambda site, g: (site.name, float(g.sum())), model, TWO_CLASSES, sites)
    assert sums == {name: (name, float(g.sum())) for name, g in wholes.items()}
    torch.testing.assert_close(model.state_dict(), before.state_dict(), rtol=0, atol=0)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_no_weight_is_made_absolute_that_is_not_computed_with(tiny_model):
    model = tiny_model("bert", vocab_size=2_000)  # which embeddings of ones do not look up
    with LargestTensor(besides=model.parameters()) as seen:
        of_synflow_gradients(lambda _, g: g.sum(), model, TWO_CLASSES, find_sites(model, "lora"))
    assert seen.elements < 2_000 * 32
