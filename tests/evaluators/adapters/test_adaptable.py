from __future__ import annotations

import pytest

from evaluators.adapters.adaptable import adaptable
from evaluators.adapters.peft_sites import peft_sites
from spaces.errors import InputError
from spaces.find_sites import find_sites
from tests.model_types import tiny_model_of


@pytest.mark.parametrize("model_type", ["bert", "gpt2", "llama", "phi3", "qwen3_moe"])
def test_linears_are_adapted_as_they_are(model_type: str) -> None:
    model = tiny_model_of(model_type)
    sites = peft_sites(model, find_sites(model, "lora[all]"))
    assert adaptable(model, sites) == sites


def test_what_peft_takes_for_experts_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    model = tiny_model_of("qwen3_next")
    sites = find_sites(model, "lora[all]")
    found = adaptable(model, sites)
    assert {site.role for site in sites} - {site.role for site in found} == {"gate", "up", "down"}
    assert adaptable(model, found) == found
    assert "left out 6 of 14 sites (layers.0.gate, layers.0.up, layers.0.down and more)" in caplog.text


def test_a_linear_that_peft_does_not_know_is_refused() -> None:
    model = tiny_model_of("ibert")
    with pytest.raises(InputError, match=r"PEFT cannot adapt this model so .*QuantLinear"):
        adaptable(model, find_sites(model, "lora[q]"))
