from __future__ import annotations

import pytest

from evaluators.adapters.peft_sites import peft_sites
from spaces.errors import UsageError
from spaces.find_sites import find_sites
from tests.conftest import TinyModel


def test_fused_projections_become_one_site_of_the_whole_linear(tiny_model: TinyModel) -> None:
    model = tiny_model("gpt2")
    sites = peft_sites(model, find_sites(model, "lora[q,v,o]"))
    assert [site.name for site in sites[:2]] == ["layers.0.qkv", "layers.0.o"]
    weight = model.get_submodule(sites[0].target.module).weight
    assert (sites[0].d_in, sites[0].d_out) == tuple(weight.shape)
    assert sites[0].target.part is None


def test_gate_and_up_are_one_site_and_so_are_queries_wider_than_keys(tiny_model: TinyModel) -> None:
    model = tiny_model("phi3")
    sites = peft_sites(model, find_sites(model, "lora[all]"))
    shapes = {site.name: (site.d_in, site.d_out) for site in sites[:4]}
    assert shapes == {
        "layers.0.qkv": (32, 64),
        "layers.0.o": (32, 32),
        "layers.0.gate_up": (32, 96),
        "layers.0.down": (48, 32),
    }


def test_other_sites_stay_as_they_are(tiny_model: TinyModel) -> None:
    model = tiny_model("llama")
    sites = find_sites(model, "lora[all]")
    assert peft_sites(model, sites) == sites


def test_shortcuts_are_refused(tiny_model: TinyModel) -> None:
    model = tiny_model("bert")
    with pytest.raises(UsageError, match=r"PEFT has no adapter for layers\.0\.res1"):
        peft_sites(model, find_sites(model, "lora+residual"))
