from __future__ import annotations

import pytest
import torch
from torch import nn

from spaces.base_weight import base_weight, whole_weight
from spaces.errors import InputError
from spaces.find_sites import find_sites

FUSED = ["gpt2", "modernbert", "phi3", "bloom", "falcon", "falcon/multi-query"]


@pytest.mark.parametrize("family", ["bert", "llama", *FUSED])
def test_w0_is_what_the_linear_computes_at_the_sites_part(tiny_model, tiny_batch, family):
    model, seen = tiny_model(family), {}
    sites = [site for site in find_sites(model, "lora[all]") if site.layer == 1]
    for name in {site.target.module for site in sites}:
        model.get_submodule(name).register_forward_hook(
            lambda _, x, y, name=name: seen.update({name: (x[0], y.clone())})  # Falcon adds to it in place
        )
    model(**tiny_batch)
    for site in sites:
        weight, (x, y) = base_weight(model, site), seen[site.target.module]
        bias = model.get_submodule(site.target.module).bias
        own = rows(y if bias is None else y - bias, site.target.part)
        torch.testing.assert_close(x @ weight.T, own, rtol=1e-4, atol=1e-5)


def rows(features, part):
    """Those of the last dimension that a part means, by what it says of them."""
    if part is None:
        return features
    place = torch.arange(features.shape[-1]) % (part.every or features.shape[-1])
    return features[..., (part.start <= place) & (place < part.stop)]


@pytest.mark.parametrize(("family", "module"), [("gpt2", "attn.c_attn"), ("bloom", "mlp.dense_h_to_4h")])
def test_the_whole_weight_can_be_changed_also_where_it_is_kept_transposed(tiny_model, family, module):
    model, name = tiny_model(family), f"transformer.h.0.{module}"
    whole_weight(model, name)[1] = 7.0
    weight = model.get_submodule(name).weight
    assert bool(((weight[:, 1] if family == "gpt2" else weight[1]) == 7).all())


def test_a_packed_weight_is_refused(tiny_model):
    model = tiny_model("bert")
    site = find_sites(model, "lora[q]")[0]
    packed = model.get_submodule(site.target.module)
    packed.weight = nn.Parameter(torch.zeros(32, 32, dtype=torch.int8), requires_grad=False)
    with pytest.raises(
        InputError, match=r"query is a Linear whose weight is not a plain matrix; load the model"
    ):
        base_weight(model, site)
