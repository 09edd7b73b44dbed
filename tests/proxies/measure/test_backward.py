"""What is seen of a pass against the pass itself."""

from __future__ import annotations

import pytest
import torch

from proxies.measure.backward import differentiable, on_backward, tokens_read
from spaces.errors import InputError
from spaces.find_sites import find_sites
from spaces.own_part import part_of
from spaces.site import Site, Tap

TAP = Tap("m", "in")
SITE = Site("s", 0, "q", "lora", 4, 4, TAP, TAP)


def test_padding_is_zeroed_and_not_counted():
    x = torch.arange(24.0).reshape(6, 4)  # two rows of three tokens, flattened
    mask = torch.tensor([[1, 1, 0], [1, 1, 1]])
    read, count = tokens_read(x, SITE, 2, mask)
    assert read.shape == (2, 3, 4)
    assert not read[0, 2].any()
    assert torch.equal(read[1], x[3:])
    assert count.tolist() == [[2], [3]]


def test_a_pooled_source_has_no_padding():
    x = torch.ones(2, 4)
    read, count = tokens_read(x, SITE, 2, torch.tensor([[0, 1, 1], [1, 1, 1]]))
    assert torch.equal(read[:, 0], x)
    assert count.tolist() == [[1], [1]]


def test_a_source_that_does_not_begin_with_the_rows_is_refused():
    by_tokens = torch.ones(3, 2, 4)  # XLNet's and Longformer's layout
    with pytest.raises(InputError, match=r"shape \(3, 2, 4\) is read, which does not begin with the 2 rows"):
        tokens_read(by_tokens, SITE, 2, torch.ones(2, 3))


@pytest.mark.parametrize("family", ["bert", "gpt2", "bloom"])
def test_each_site_sees_the_gradient_at_its_own_part(tiny_model, tiny_batch, family):
    model, seen = tiny_model(family), {}
    sites = find_sites(model, "lora[q,v]")

    def visit(group, sources, target):
        def see(deltas):
            for site, delta in zip(group, deltas, strict=True):
                seen[site.name] = delta

        on_backward(target, group, see)
        return target

    with differentiable(model, sites, visit, renorm="preserve"):
        model(**tiny_batch).logits.sum().backward()
    for site in sites:
        assert seen[site.name].shape[-1] == site.d_out
        module = model.get_submodule(site.target.module)
        grad_of_bias = seen[site.name].flatten(0, -2).sum(0)
        module.bias.requires_grad_(True)
        model(**tiny_batch).logits.sum().backward()
        expected = part_of(module.bias.grad, site.target)
        torch.testing.assert_close(grad_of_bias, expected, rtol=1e-4, atol=1e-5)
        module.bias.requires_grad_(False)
        module.bias.grad = None
    assert not any(module._forward_hooks for module in model.modules())
